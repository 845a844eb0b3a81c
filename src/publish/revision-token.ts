import { Buffer } from "node:buffer";
import { RevisionToken, RevisionTokenData } from "../../proto/gen/revision.js";
import { decodeBase64, encodeBase64, encodeHex } from "../bytes/base64.ts";
import { seal, unseal } from "../keys/crypto.ts";
import { type IntervalSpan, KEY_BYTES } from "../model/exposure.ts";
import type { RevisionKeys } from "./revision-keys.ts";

/** A key that the holder of a token may revise. */
export type RevisableKey = IntervalSpan & {
  /** Lower-case hex of the 16 bytes. */
  readonly hex: string;
};

/** Makes and reads revision tokens. */
export type RevisionTokens = {
  /** Gets the data key, so that making tokens with it can no longer fail for want of the key manager or the database. */
  maker(): Promise<TokenMaker>;
  /** The keys of a token by hex; undefined for anything that we did not make, or whose data key is destroyed. */
  read(token: string): Promise<ReadonlyMap<string, RevisableKey> | undefined>;
};

/** A token for these keys, in base64. Its length depends on how many there are only beyond the least. */
export type TokenMaker = (keys: readonly RevisableKey[]) => Promise<string>;

/** What tokens need. */
export type RevisionTokenDependencies = {
  readonly crypto: Crypto;
  readonly keys: RevisionKeys;
  /** REVISION_TOKEN_AAD. */
  readonly additionalData: Uint8Array;
  /** REVISION_TOKEN_MIN_LENGTH. */
  readonly minEntries: number;
};

/**
 * Layout of an entry. Every one has the same size, also a padding one: a small number is written as a longer
 * varint than it needs, which all protobuf readers take.
 */
const START_BYTES = 5;
const PERIOD_BYTES = 2;
const MESSAGE_BYTES = 2 + KEY_BYTES + 1 + START_BYTES + 1 + PERIOD_BYTES;
const ENTRY_BYTES = 2 + MESSAGE_BYTES;
const TAG_ENTRY = 0x0a;
const TAG_KEY = 0x0a;
const TAG_START = 0x10;
const TAG_PERIOD = 0x18;

/** Revision tokens: `RevisionToken {kid, data = nonce(12) ‖ AES-256-GCM of RevisionTokenData ‖ tag(16)}`. */
export function revisionTokens(deps: RevisionTokenDependencies): RevisionTokens {
  const { crypto, keys: dataKeys, additionalData } = deps;
  const least = Math.max(1, deps.minEntries);
  return {
    maker: async () => {
      const { id, key } = await dataKeys.current();
      return async (keys) => {
        const entries = Math.max(1, Math.ceil(keys.length / least)) * least;
        const data = await seal(crypto, key, tokenData(keys, entries), additionalData);
        return encodeBase64(RevisionToken.encode({ kid: id, data }).finish());
      };
    },
    read: async (token) => {
      const outer = decode(token);
      if (outer === undefined) return undefined;
      const dataKey = await dataKeys.find(outer.kid);
      if (dataKey === undefined) return undefined;
      const data = await unseal(crypto, dataKey.key, outer.data, additionalData);
      return data === undefined ? undefined : revisable(data);
    },
  };
}

function decode(token: string): { kid: string; data: Uint8Array } | undefined {
  const bytes = decodeBase64(token);
  if (bytes === undefined) return undefined;
  try {
    const { kid, data } = RevisionToken.decode(bytes);
    return { kid, data };
  } catch {
    return undefined;
  }
}

/** `RevisionTokenData` of these keys, filled up with all-zero ones. */
function tokenData(keys: readonly RevisableKey[], entries: number): Uint8Array {
  const bytes = Buffer.alloc(entries * ENTRY_BYTES);
  for (let index = 0; index < entries; index++) {
    const key = keys[index];
    const at = index * ENTRY_BYTES;
    bytes[at] = TAG_ENTRY;
    bytes[at + 1] = MESSAGE_BYTES;
    bytes[at + 2] = TAG_KEY;
    bytes[at + 3] = KEY_BYTES;
    if (key !== undefined) bytes.write(key.hex, at + 4, KEY_BYTES, "hex");
    bytes[at + 20] = TAG_START;
    writeVarint(bytes, at + 21, key?.intervalNumber ?? 0, START_BYTES);
    bytes[at + 26] = TAG_PERIOD;
    writeVarint(bytes, at + 27, key?.intervalCount ?? 0, PERIOD_BYTES);
  }
  return bytes;
}

function writeVarint(bytes: Uint8Array, at: number, value: number, width: number): void {
  for (let index = 0; index < width; index++) {
    const last = index === width - 1;
    bytes[at + index] = (Math.floor(value / 128 ** index) & 0x7f) | (last ? 0 : 0x80);
  }
}

function revisable(data: Uint8Array): ReadonlyMap<string, RevisableKey> | undefined {
  try {
    const keys = new Map<string, RevisableKey>();
    for (const entry of RevisionTokenData.decode(data).revisableKeys) {
      const { temporaryExposureKey: key, intervalNumber, intervalCount } = entry;
      if (!key || key.length !== KEY_BYTES || !intervalNumber || !intervalCount) continue;
      const hex = encodeHex(key);
      keys.set(hex, { hex, intervalNumber: intervalNumber, intervalCount: intervalCount });
    }
    return keys;
  } catch {
    return undefined;
  }
}
