import { Buffer } from "node:buffer";
import { AppError } from "../errors.ts";
import { encodeHex } from "../bytes/base64.ts";
import { importAesKey } from "../keys/crypto.ts";
import type { KeyManager, KeyReference } from "../keys/key-manager.ts";
import type { RevisionKeyRow, RevisionKeyStore } from "../store/publish/revision-key.ts";

/** A data key of revision tokens, unwrapped. */
export type DataKey = { readonly id: string; readonly key: CryptoKey };

/** The data keys that tokens are sealed with. */
export type RevisionKeys = {
  /** The newest. The first one is made when there is none. */
  current(): Promise<DataKey>;
  /** The one with this id, which comes from outside; undefined when there is none. */
  find(id: string): Promise<DataKey | undefined>;
};

/** How long data keys live. */
export type RevisionKeySettings = {
  /** NEW_KEY_PERIOD, seconds: a new key is made when the newest is so old. */
  readonly newKeySeconds: number;
  /** DELETE_OLD_KEY_PERIOD, seconds: a key is destroyed when its successor is so old. */
  readonly deleteOldSeconds: number;
  /** REVISION_KEY_CACHE_DURATION, milliseconds. */
  readonly cacheMs: number;
};

/** What holds when the environment says nothing. */
export const DEFAULT_REVISION_KEY_SETTINGS: RevisionKeySettings = {
  newKeySeconds: 168 * 3600,
  deleteOldSeconds: 360 * 3600,
  cacheMs: 60_000,
};

/** What data keys need. */
export type RevisionKeyDependencies = {
  readonly crypto: Crypto;
  readonly store: RevisionKeyStore;
  readonly keyManager: KeyManager;
  /**
   * REVISION_TOKEN_KEY_ID: the key manager's key that wraps new data keys; made when it does not exist. A data key
   * that another one wraps goes on being unwrapped by that.
   */
  readonly wrappingKey: KeyReference;
  readonly settings: RevisionKeySettings;
};

const DATA_KEY_BYTES = 32;
const ID_BYTES = 8;
/** An id that is not in the cache makes us look again, but not more often than this. */
const UNKNOWN_ID_MS = 1_000;

/** Data keys, cached. `nowMs`: milliseconds, of any epoch. */
export function revisionKeys(deps: RevisionKeyDependencies, nowMs: () => number): RevisionKeys {
  const { crypto, store } = deps;
  const unwrapped = new Map<string, Promise<DataKey>>();
  let rows: readonly RevisionKeyRow[] = [];
  let readAt = -Infinity;
  let reading: Promise<void> | undefined;

  const read = async (): Promise<void> => {
    rows = await store.list();
    if (rows.length === 0) {
      await rotateRevisionKeys(deps);
      rows = await store.list();
    }
    for (const id of unwrapped.keys()) {
      if (!rows.some((row) => row.id === id)) unwrapped.delete(id);
    }
    readAt = nowMs();
  };

  const refresh = async (maxAgeMs: number): Promise<void> => {
    if (nowMs() - readAt < maxAgeMs) return;
    reading ??= read().finally(() => reading = undefined);
    await reading;
  };

  const unwrap = async (row: RevisionKeyRow): Promise<DataKey> => {
    const wrappedBy = row.wrappedBy ?? deps.wrappingKey;
    const raw = await deps.keyManager.decrypt(wrappedBy, row.wrapped, wrapping(row.id));
    return { id: row.id, key: await importAesKey(crypto, raw) };
  };

  const open = (row: RevisionKeyRow): Promise<DataKey> => {
    const opened = unwrapped.get(row.id) ?? unwrap(row).catch((error: unknown) => {
      unwrapped.delete(row.id);
      throw error;
    });
    unwrapped.set(row.id, opened);
    return opened;
  };

  return {
    current: async () => {
      await refresh(deps.settings.cacheMs);
      const newest = rows[0];
      if (newest === undefined) throw new AppError("internal", "the first revision key is missing");
      return open(newest);
    },
    find: async (id) => {
      await refresh(deps.settings.cacheMs);
      if (!rows.some((row) => row.id === id)) await refresh(UNKNOWN_ID_MS);
      const row = rows.find((candidate) => candidate.id === id);
      return row === undefined ? undefined : open(row);
    },
  };
}

/** What a rotation did. */
export type RevisionKeyRotation = { readonly created: number; readonly destroyed: number };

/**
 * Adds a data key when the newest is NEW_KEY_PERIOD old, or there is none; destroys those whose successor has
 * been effective for DELETE_OLD_KEY_PERIOD. Safe in several processes at once.
 */
export async function rotateRevisionKeys(
  deps: RevisionKeyDependencies,
): Promise<RevisionKeyRotation> {
  const { crypto, store, keyManager, wrappingKey } = deps;
  const { newKeySeconds, deleteOldSeconds } = deps.settings;
  let created = 0;
  if (await store.isDue(newKeySeconds)) {
    if (!await keyManager.exists(wrappingKey)) await keyManager.create(wrappingKey, "encrypt");
    const id = encodeHex(crypto.getRandomValues(new Uint8Array(ID_BYTES)));
    const raw = crypto.getRandomValues(new Uint8Array(DATA_KEY_BYTES));
    const wrapped = await keyManager.encrypt(wrappingKey, raw, wrapping(id));
    raw.fill(0);
    const row = { id, wrapped, wrappedBy: wrappingKey };
    if (await store.addUnlessYounger(row, newKeySeconds)) created = 1;
  }
  return { created, destroyed: await store.deleteSucceeded(deleteOldSeconds) };
}

/** Additional data of a wrapped data key: what it is for, and its id. */
function wrapping(id: string): Uint8Array {
  return Buffer.from(`wayfarer revision token data key ${id}`);
}
