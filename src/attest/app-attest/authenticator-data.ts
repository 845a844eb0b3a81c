import { encodeHex } from "../../bytes/base64.ts";
import { bytesAt, type CborMap, decodeFirstMap, decodeMap } from "./cbor.ts";

/** Authenticator data (Web Authentication, 6.1), as App Attest fills it. */
export type AuthenticatorData = {
  /** SHA-256 of `teamId.bundleId`. */
  readonly appIdHash: Uint8Array;
  /** Whether a new key is told. */
  readonly hasCredential: boolean;
  readonly counter: number;
  /** Where a new key is told. */
  readonly credential?: { readonly aaguid: Uint8Array; readonly id: Uint8Array };
  /** `apple_validation_category_01`; older phones do not tell it. */
  readonly category?: number;
};

const MAX_BYTES = 1024;
const FLAGS_AT = 32;
const COUNTER_AT = 33;
/** rpIdHash(32) ‖ flags(1) ‖ counter(4). */
const HEAD_BYTES = 37;
const AAGUID_BYTES = 16;
const CREDENTIAL_FLAG = 0x40;
const CATEGORY = "apple_validation_category_01";
const CATEGORY_BYTES = 4;

/** Where an app was made to run, by the `aaguid` of its key. */
const ENVIRONMENTS: Readonly<Record<string, "production" | "development">> = {
  [hexOf("appattest\0\0\0\0\0\0\0")]: "production",
  [hexOf("appattestdevelop")]: "development",
};

/** The environment of a key; undefined for one that is not of App Attest. */
export function environmentOf(aaguid: Uint8Array): "production" | "development" | undefined {
  return ENVIRONMENTS[encodeHex(aaguid)];
}

/**
 * Takes authenticator data apart; undefined when it is malformed. With `credential`, a key with its ID must follow the
 * head. Apple appends its extensions with the flag 0x80 clear, so that they are read with it or without.
 */
export function parseAuthenticatorData(
  bytes: Uint8Array,
  what: "credential" | "assertion",
): AuthenticatorData | undefined {
  if (bytes.length < HEAD_BYTES || bytes.length > MAX_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const head = {
    appIdHash: bytes.subarray(0, FLAGS_AT),
    hasCredential: (view.getUint8(FLAGS_AT) & CREDENTIAL_FLAG) !== 0,
    counter: view.getUint32(COUNTER_AT),
  };
  if (what === "assertion") return withExtensions(head, bytes.subarray(HEAD_BYTES));
  const idAt = HEAD_BYTES + AAGUID_BYTES + 2;
  if (bytes.length < idAt) return undefined;
  const idEnd = idAt + view.getUint16(idAt - 2);
  const key = decodeFirstMap(bytes.subarray(idEnd));
  if (key === undefined) return undefined;
  const credential = {
    aaguid: bytes.subarray(HEAD_BYTES, HEAD_BYTES + AAGUID_BYTES),
    id: bytes.subarray(idAt, idEnd),
  };
  return withExtensions({ ...head, credential }, key.rest);
}

function withExtensions(data: AuthenticatorData, rest: Uint8Array): AuthenticatorData | undefined {
  if (rest.length === 0) return data;
  const extensions = decodeMap(rest);
  if (extensions === undefined) return undefined;
  if (!extensions.has(CATEGORY)) return data;
  const category = categoryIn(extensions);
  return category === undefined ? undefined : { ...data, category };
}

function categoryIn(extensions: CborMap): number | undefined {
  const bytes = bytesAt(extensions, CATEGORY);
  if (bytes?.length !== CATEGORY_BYTES) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset, CATEGORY_BYTES).getUint32(0, true);
}

function hexOf(text: string): string {
  return encodeHex(new TextEncoder().encode(text));
}
