import type { KeyManager } from "../../src/keys/key-manager.ts";
import type { PublishedKey } from "../../src/keys/jwks.ts";
import { encodeHex } from "../../src/bytes/base64.ts";
import { sha256 } from "../../src/keys/crypto.ts";

/** A key that signs our tokens. */
export type OwnKey = PublishedKey & {
  /** Where the key manager has it. */
  readonly reference: string;
  /** UTC seconds. */
  readonly createdAt: number;
};

/** Which keys there are. */
export type OwnKeyStore = {
  /** Oldest first. */
  list(): Promise<readonly OwnKey[]>;
  /** Adds it, unless one was made at or after a second. Answers whether it did. */
  addUnlessSince(key: OwnKey, second: number): Promise<boolean>;
  remove(reference: string): Promise<void>;
};

/** What our keys need. */
export type OwnKeyOptions = {
  readonly store: OwnKeyStore;
  readonly keys: Pick<KeyManager, "create" | "publicKeyPem" | "versions" | "destroy">;
  readonly crypto: Crypto;
  /** Milliseconds since the epoch. */
  readonly clockMs: () => number;
};

/** A new key is made when the newest is this old. */
const KEY_PERIOD_SECONDS: number = 30 * 86_400;
/** Others may keep our key set for so long: a key is published that long before it signs, and after. */
const PUBLISHED_AROUND_SECONDS = 86_400;

/**
 * The key that signs now: the newest that everybody can know by now. The very first one signs at once, since nobody
 * can have a key set without it.
 */
export function signingKeyOf(keys: readonly OwnKey[], nowSeconds: number): OwnKey | undefined {
  const known = keys.filter(({ createdAt }) => createdAt + PUBLISHED_AROUND_SECONDS <= nowSeconds);
  return known.at(-1) ?? keys[0];
}

/**
 * Makes a key when there is none or the newest is old enough, and destroys those whose successor has signed for so
 * long that no token of theirs can be valid. Answers how many it made and destroyed.
 */
export async function rotateOwnKeys(
  options: OwnKeyOptions,
): Promise<{ readonly made: number; readonly destroyed: number }> {
  const { store, keys, clockMs } = options;
  const now = Math.floor(clockMs() / 1000);
  const before = await store.list();
  const newest = before.at(-1);
  const due = newest === undefined || newest.createdAt + KEY_PERIOD_SECONDS <= now;
  const made = due && await addNewKey(options, now);
  const over = before.filter((_, index) => {
    const successor = before[index + 1];
    return successor !== undefined && successor.createdAt + 2 * PUBLISHED_AROUND_SECONDS <= now;
  });
  for (const { reference } of over) {
    await store.remove(reference);
    await destroyKey(keys, reference);
  }
  return { made: made ? 1 : 0, destroyed: over.length };
}

/** Whether it was ours that counts: the first key that anybody signs with must be the first for all. */
async function addNewKey(options: OwnKeyOptions, now: number): Promise<boolean> {
  const key = await newKey(options, now);
  const added = await options.store.addUnlessSince(key, now - KEY_PERIOD_SECONDS + 1);
  if (!added) await destroyKey(options.keys, key.reference);
  return added;
}

async function destroyKey(keys: OwnKeyOptions["keys"], reference: string): Promise<void> {
  for (const { version } of await keys.versions(reference)) {
    await keys.destroy(reference, version);
  }
}

async function newKey({ keys, crypto }: OwnKeyOptions, now: number): Promise<OwnKey> {
  const random = crypto.getRandomValues(new Uint8Array(4));
  const reference = `local:federation-${now}-${encodeHex(random)}`;
  await keys.create(reference, "sign");
  const publicKeyPem = await keys.publicKeyPem(reference);
  const digest = await sha256(crypto, new TextEncoder().encode(publicKeyPem));
  return { reference, publicKeyPem, kid: encodeHex(digest.subarray(0, 8)), createdAt: now };
}
