import { Buffer } from "node:buffer";
import { decodeBase64, encodeBase64Url } from "../bytes/base64.ts";
import type {
  AndroidAttestation,
  AttestedPlatform,
  IosAttestation,
} from "../model/resource/attestation.ts";

/** A payload of at most so many characters is looked at. */
export const MAX_PAYLOAD_CHARACTERS = 24_000;

/** A payload by its form, decoded as far as that. */
export type Payload =
  /** Play Integrity: five parts, and their text in the one base64 that JOSE knows. */
  | { readonly form: "jwe"; readonly parts: readonly Uint8Array[]; readonly text: string }
  /** SafetyNet: three parts. */
  | { readonly form: "jws"; readonly parts: readonly Uint8Array[]; readonly text: string }
  /** A registered key of App Attest: its ID and an assertion. */
  | { readonly form: "assertion"; readonly keyId: Uint8Array; readonly assertion: Uint8Array }
  /** A one-time attestation of App Attest. */
  | { readonly form: "attestation"; readonly object: Uint8Array }
  /** DeviceCheck. `text`: as sent. */
  | { readonly form: "device-token"; readonly token: Uint8Array; readonly text: string };

/** The platform of each form. */
const PLATFORM_OF: Readonly<Record<Payload["form"], AttestedPlatform>> = {
  jwe: "android",
  jws: "android",
  assertion: "ios",
  attestation: "ios",
  "device-token": "ios",
};

/** CBOR's text string `fmt`, with its head. */
const FMT = "\x63fmt";

/** The form of a payload; undefined when it has none of them. */
export function payloadOf(text: string): Payload | undefined {
  if (text.length > MAX_PAYLOAD_CHARACTERS) return undefined;
  const parts = text.split(".", 6).map(decodeBase64);
  if (!allDecoded(parts)) return undefined;
  const [first, second] = parts;
  if (first === undefined) return undefined;
  if (parts.length === 1) {
    return isAttestationObject(first)
      ? { form: "attestation", object: first }
      : { form: "device-token", token: first, text };
  }
  if (parts.length === 2 && second !== undefined) {
    return { form: "assertion", keyId: first, assertion: second };
  }
  const isCompact = !/[+/=]/.test(text);
  const compact = isCompact ? text : parts.map(encodeBase64Url).join(".");
  if (parts.length === 3) return { form: "jws", parts, text: compact };
  return parts.length === 5 ? { form: "jwe", parts, text: compact } : undefined;
}

/** The platform that an app names, in any case, else that of the payload's form. */
export function platformOf(
  named: string | undefined,
  payload: Payload | undefined,
): AttestedPlatform | undefined {
  const name = named?.toLowerCase();
  if (name === "ios" || name === "android") return name;
  return payload === undefined ? undefined : PLATFORM_OF[payload.form];
}

/** Whether a payload has the form of the configured kind. */
export function isOfKind(
  payload: Payload,
  configured: AndroidAttestation | IosAttestation,
): boolean {
  switch (configured.kind) {
    case "playintegrity":
      return payload.form === "jwe";
    case "safetynet":
      return payload.form === "jws";
    case "appattest":
      return payload.form === "attestation" ||
        (payload.form === "assertion" && configured.registration);
    case "devicecheck":
      return payload.form === "device-token";
  }
}

function allDecoded(
  parts: readonly (Uint8Array<ArrayBuffer> | undefined)[],
): parts is readonly Uint8Array<ArrayBuffer>[] {
  return !parts.includes(undefined);
}

/** Whether bytes begin as a CBOR map and hold the name `fmt`: random ones do not. */
function isAttestationObject(bytes: Uint8Array): boolean {
  const head = bytes[0] ?? 0;
  if (head < 0xa0 || head > 0xbf) return false;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(FMT, 0, "latin1");
}
