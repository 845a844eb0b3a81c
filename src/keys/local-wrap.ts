/** The wrapping of `local:` keys by a master key. */

import { Buffer } from "node:buffer";
import { AppError } from "../errors.ts";
import { seal, unseal } from "./crypto.ts";
import type { KeyPurpose } from "./key-manager.ts";
import { shown } from "./reference.ts";

/** One wrapped version of a key. */
export type LocalKeyRow = {
  /** 1 to 128 of `A-Za-z0-9._-`. */
  readonly name: string;
  /** 1 to 2^31 − 1, ascending with age. */
  readonly version: number;
  readonly purpose: KeyPurpose;
  /** UTC seconds. */
  readonly createdAt: number;
  /** nonce(12) ‖ ciphertext ‖ tag(16), see {@link wrapLocalKey}. */
  readonly wrapped: Uint8Array;
  /** The master key that wraps it; undefined: the first one, MASTER_KEY. */
  readonly master?: string | undefined;
};

/** What the wrapping is bound to. */
type Named = Pick<LocalKeyRow, "name" | "version" | "purpose">;

/** AES-256-GCM under a master key, with purpose, name and version as additional data. */
export async function wrapLocalKey(
  crypto: Crypto,
  master: CryptoKey,
  row: Named,
  raw: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  return await seal(crypto, master, raw, wrapData(row));
}

/** What {@link wrapLocalKey} was given; throws `key_unavailable` for another master key or a changed row. */
export async function unwrapLocalKey(
  crypto: Crypto,
  master: CryptoKey,
  row: LocalKeyRow,
): Promise<Uint8Array<ArrayBuffer>> {
  const raw = await unseal(crypto, master, row.wrapped, wrapData(row));
  if (raw !== undefined) return raw;
  throw new AppError(
    "key_unavailable",
    `${shown(`local:${row.name}`)} version ${row.version} cannot be unwrapped: ` +
      "MASTER_KEY is not the one it was made with, or the row was changed; restore that master key",
  );
}

/** The additional data of a wrapped key: no part can hold the separator, so no two rows share one. */
function wrapData(row: Named): Uint8Array {
  return Buffer.from(["wayfarer local key", row.purpose, row.name, row.version].join("\n"));
}
