import { encodeBase64 } from "../bytes/base64.ts";
import { hmacSha256 } from "../keys/crypto.ts";

/** A TEK as an app sends it. */
export type UploadKey = {
  /** Base64, as sent. */
  readonly key: string;
  readonly rollingStartNumber: number;
  readonly rollingPeriod: number;
  /** 0 to 8; 0 lets the server choose. */
  readonly transmissionRisk: number;
};

/**
 * The input of `tekmac`: the keys sorted by their base64, each `key.start.period.risk`, joined by commas. Without
 * risks, each is `key.start.period`; servers accept that only if all risks are 0.
 */
export function tekmacText(keys: readonly UploadKey[], withRisks = true): string {
  return [...keys]
    .sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
    .map(({ key, rollingStartNumber, rollingPeriod, transmissionRisk }) =>
      [key, rollingStartNumber, rollingPeriod, ...withRisks ? [transmissionRisk] : []].join(".")
    )
    .join(",");
}

/** `tekmac`, in base64: HMAC-SHA-256 of {@link tekmacText}. An empty key is refused with `invalid_argument`. */
export async function tekmac(
  crypto: Crypto,
  hmacKey: Uint8Array,
  keys: readonly UploadKey[],
  withRisks = true,
): Promise<string> {
  const text = new TextEncoder().encode(tekmacText(keys, withRisks));
  return encodeBase64(await hmacSha256(crypto, hmacKey, text));
}
