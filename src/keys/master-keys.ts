/** The master keys of a database: the first one, and those that `wayfarer keys rewrap` made since. */

import { AppError } from "../errors.ts";
import { importAesKey } from "./crypto.ts";
import type { KeyManager, KeyReference } from "./key-manager.ts";

/** A master key other than the first: 32 bytes, wrapped by a key of a key manager. */
export type MasterKeyRow = {
  /** 32 hexadecimal digits. */
  readonly id: string;
  /** The encryption key that wraps it. */
  readonly reference: KeyReference;
  readonly wrapped: Uint8Array;
};

/** Where they are kept. */
export type MasterKeyRows = {
  /** Newest first. */
  list(): Promise<readonly MasterKeyRow[]>;
};

/** A master key in use; without an id, the first one. */
export type Master = { readonly id: string | undefined; readonly key: CryptoKey };

/** What wraps local keys. */
export type MasterKeys = {
  /** The one that wraps what is made now. */
  newest(): Promise<Master>;
  /** The one with an id; without one, the first. Throws `key_unavailable`. */
  find(id: string | undefined): Promise<Master>;
};

/** What {@link masterKeys} needs. */
export type MasterKeyOptions = {
  readonly rows: MasterKeyRows;
  /** The first master key, 32 bytes; undefined when it is no longer there. */
  readonly first: Uint8Array | undefined;
  /** Unwraps the others. */
  readonly keys: Pick<KeyManager, "decrypt">;
  readonly crypto: Crypto;
};

/** A master key is unwrapped once, when it is first needed, and kept. */
export function masterKeys({ rows, first, keys, crypto }: MasterKeyOptions): MasterKeys {
  const opened = new Map<string, Promise<Master>>();
  const firstKey = first === undefined ? undefined : importAesKey(crypto, first);
  firstKey?.catch(() => undefined);

  const findFirst = async (): Promise<Master> => {
    if (firstKey !== undefined) return { id: undefined, key: await firstKey };
    throw new AppError(
      "key_unavailable",
      "a key in the database is still wrapped by the first master key: " +
        'set MASTER_KEY to it again and run "wayfarer keys rewrap"',
    );
  };

  const unwrap = async ({ id, reference, wrapped }: MasterKeyRow): Promise<Master> => {
    const raw = await keys.decrypt(reference, wrapped, masterKeyData(id));
    return { id, key: await importAesKey(crypto, raw) };
  };

  const open = (row: MasterKeyRow): Promise<Master> => {
    const master = opened.get(row.id) ?? unwrap(row).catch((error: unknown) => {
      opened.delete(row.id);
      throw error;
    });
    opened.set(row.id, master);
    return master;
  };

  return {
    newest: async () => {
      const [row] = await rows.list();
      return row === undefined ? await findFirst() : await open(row);
    },
    find: async (id) => {
      if (id === undefined) return await findFirst();
      const kept = opened.get(id);
      if (kept !== undefined) return await kept;
      const row = (await rows.list()).find((candidate) => candidate.id === id);
      if (row !== undefined) return await open(row);
      throw new AppError(
        "key_unavailable",
        "a key in the database is wrapped by a master key that is not there: restore the table master_key",
      );
    },
  };
}

/** The additional data of a wrapped master key. */
export function masterKeyData(id: string): Uint8Array {
  return new TextEncoder().encode(`wayfarer master key ${id}`);
}
