import { Buffer } from "node:buffer";
import { decodeBase64 } from "../bytes/base64.ts";
import { equalBytes, hmacSha256 } from "../keys/crypto.ts";
import type { RequestKey } from "./request-parser.ts";

/** Which of a key's members a text holds. */
export type MacTextForm = "with-risk" | "without-risk";

/**
 * The text that an app computes `tekmac` over: the keys sorted by their base64 as sent, each
 * `key.start.period.risk`, joined by commas.
 */
export function macText(keys: readonly RequestKey[], form: MacTextForm = "with-risk"): string {
  return [...keys]
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ key, rollingStartNumber, rollingPeriod, transmissionRisk }) =>
      form === "with-risk"
        ? `${key}.${rollingStartNumber}.${rollingPeriod}.${transmissionRisk}`
        : `${key}.${rollingStartNumber}.${rollingPeriod}`
    )
    .join(",");
}

/** The forms that are accepted: without risks only when all of them are 0. */
export function acceptedForms(keys: readonly RequestKey[]): readonly MacTextForm[] {
  return keys.every((key) => key.transmissionRisk === 0)
    ? ["with-risk", "without-risk"]
    : ["with-risk"];
}

/** Why `tekmac` is not the MAC of these keys; undefined when it is. Compared in constant time. */
export async function macFault(
  crypto: Crypto,
  keys: readonly RequestKey[],
  hmacKey: string | undefined,
  tekmac: unknown,
): Promise<string | undefined> {
  if (typeof tekmac !== "string") return "tekmac is missing or no string";
  const claimed = decodeBase64(tekmac);
  if (claimed === undefined) return "tekmac is not base64";
  if (hmacKey === undefined) return "hmacKey is missing";
  const secret = decodeBase64(hmacKey);
  if (secret === undefined || secret.length === 0) {
    return "hmacKey is not base64 of at least a byte";
  }
  if (keys.length === 0) return "temporaryExposureKeys holds no key that tekmac could be of";
  for (const form of acceptedForms(keys)) {
    const computed = await hmacSha256(crypto, secret, Buffer.from(macText(keys, form)));
    if (equalBytes(computed, claimed)) return undefined;
  }
  return "tekmac is not the HMAC of the keys in this request";
}
