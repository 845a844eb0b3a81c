import { AppError } from "../errors.ts";
import { decodeBase64, encodeBase64 } from "../bytes/base64.ts";
import { constants } from "../store/constants.ts";
import type { Foundation } from "./foundation.ts";

/** A key that every process on a database shares. */
export type DataKey = {
  /** Name of the constant that holds it, wrapped. */
  readonly constant: string;
  /** The key manager's key that wraps it; made when it does not exist. */
  readonly wrappedBy: string;
  /** What it is for: additional data of the wrapping. */
  readonly purpose: string;
  readonly bytes: number;
};

/** The key, the same in every process: wrapped in the database, made at first use. */
export async function dataKey(
  { database, keys, crypto }: Pick<Foundation, "database" | "keys" | "crypto">,
  { constant, wrappedBy, purpose, bytes }: DataKey,
): Promise<Uint8Array<ArrayBuffer>> {
  const additionalData = new TextEncoder().encode(purpose);
  const remembered = constants(database);
  const kept = await remembered.get(constant) ?? await remembered.keep(constant, await wrapNew());
  const wrapped = decodeBase64(kept);
  if (wrapped === undefined) throw new AppError("internal", `the constant ${constant} is damaged`);
  return new Uint8Array(await keys.decrypt(wrappedBy, wrapped, additionalData));

  async function wrapNew(): Promise<string> {
    if (!await keys.exists(wrappedBy)) await keys.create(wrappedBy, "encrypt");
    const fresh = crypto.getRandomValues(new Uint8Array(bytes));
    return encodeBase64(await keys.encrypt(wrappedBy, fresh, additionalData));
  }
}
