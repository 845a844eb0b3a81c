/** Moving every wrapped key in the database to another master key, while servers go on. */

import { AppError } from "../errors.ts";
import { encodeHex } from "../bytes/base64.ts";
import type { KeyManager, KeyReference } from "./key-manager.ts";
import { type LocalKeyRow, unwrapLocalKey, wrapLocalKey } from "./local-wrap.ts";
import {
  masterKeyData,
  type MasterKeyRow,
  type MasterKeyRows,
  type MasterKeys,
} from "./master-keys.ts";
import { shown } from "./reference.ts";

/** What moves. */
export type RewrapRows = {
  /** Makes a master key the newest: no key is wrapped by another one from then on. */
  addMaster(row: MasterKeyRow): Promise<void>;
  /** The first `limit` keys that this master key does not wrap. */
  wrappedByOthers(master: string, limit: number): Promise<readonly LocalKeyRow[]>;
  /** Puts other wrappings in the place of those that are still there. Answers how many were. */
  replace(rewrapped: readonly RewrappedKey[], master: string): Promise<number>;
};

/** A key as it was, and its new wrapping. */
export type RewrappedKey = { readonly row: LocalKeyRow; readonly wrapped: Uint8Array };

/** What {@link rewrapLocalKeys} needs. */
export type RewrapDependencies = {
  readonly rows: RewrapRows & MasterKeyRows;
  readonly masters: MasterKeys;
  readonly keys: Pick<KeyManager, "exists" | "encrypt">;
  readonly crypto: Crypto;
  /** Told after each step. */
  readonly progress: (moved: number) => void;
};

/** How many keys moved, and which master key wraps them now. */
export type Rewrapped = { readonly moved: number; readonly master: string };

const ID_BYTES = 16;
const KEYS_AT_ONCE = 100;

/**
 * Wraps every local key by a new master key, which the key behind `reference` wraps. It may be stopped at any time:
 * until it is run again, old and new keys work side by side. Run again with the same reference, it goes on with the
 * master key that it made. Throws `usage` for a key that cannot wrap.
 */
export async function rewrapLocalKeys(
  deps: RewrapDependencies,
  reference: KeyReference,
  signal: AbortSignal,
): Promise<Rewrapped> {
  const { rows, masters, crypto } = deps;
  const [newest] = await rows.list();
  const target = newest?.reference === reference ? newest : await makeMaster(deps, reference);
  const { key } = await masters.find(target.id);
  let moved = 0;
  for (;;) {
    const page = await rows.wrappedByOthers(target.id, KEYS_AT_ONCE);
    if (page.length === 0) return { moved, master: target.id };
    signal.throwIfAborted();
    const rewrapped = await Promise.all(page.map(async (row) => {
      const old = await masters.find(row.master);
      const raw = await unwrapLocalKey(crypto, old.key, row);
      const wrapped = await wrapLocalKey(crypto, key, row, raw);
      raw.fill(0);
      return { row, wrapped };
    }));
    // A key that was destroyed, or moved by another process, meanwhile is not there to be replaced.
    moved += await rows.replace(rewrapped, target.id);
    deps.progress(moved);
  }
}

async function makeMaster(
  { rows, keys, crypto }: RewrapDependencies,
  reference: KeyReference,
): Promise<MasterKeyRow> {
  if (reference.startsWith("local:")) {
    throw new AppError(
      "usage",
      `${shown(reference)} is itself wrapped by the master key: name a key of another manager`,
    );
  }
  if (!await keys.exists(reference)) {
    throw new AppError(
      "usage",
      `${
        shown(reference)
      } does not exist: make it first, with "wayfarer keys create --encrypt REFERENCE" ` +
        "or the manager's own tools",
    );
  }
  const id = encodeHex(crypto.getRandomValues(new Uint8Array(ID_BYTES)));
  const raw = crypto.getRandomValues(new Uint8Array(32));
  const wrapped = await keys.encrypt(reference, raw, masterKeyData(id));
  raw.fill(0);
  const row = { id, reference, wrapped };
  await rows.addMaster(row);
  return row;
}
