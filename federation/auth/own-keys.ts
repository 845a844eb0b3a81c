import { AppError } from "../../src/errors.ts";
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
  /** FEDERATION_KEY_ID: signs in place of local keys. Whoever changes it to another key keeps the old one for two days. */
  readonly reference?: string;
};

/** Local keys that were made here, and are destroyed here. */
const OWN_PREFIX = "local:federation-";

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
  const made = newest === undefined || isDue(options, newest, now)
    ? await addNewKey(options, newest, now)
    : false;
  if (options.reference !== undefined) await checkUnchanged(options, before);
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

/** A key of our own making is due by its age; one of the operator's when it is named for the first time. */
function isDue({ reference }: OwnKeyOptions, newest: OwnKey, now: number): boolean {
  if (reference !== undefined) return newest.reference !== reference;
  return !newest.reference.startsWith(OWN_PREFIX) || newest.createdAt + KEY_PERIOD_SECONDS <= now;
}

/** Whether it was ours that counts: the first key that anybody signs with must be the first for all. */
async function addNewKey(
  options: OwnKeyOptions,
  newest: OwnKey | undefined,
  now: number,
): Promise<boolean> {
  const key = await newKey(options, now);
  const sameKind = options.reference === undefined && newest?.reference.startsWith(OWN_PREFIX);
  const second = newest === undefined || sameKind ? now - KEY_PERIOD_SECONDS + 1 : now + 1;
  const added = await options.store.addUnlessSince(key, second);
  if (!added) await destroyKey(options.keys, key.reference);
  return added;
}

/** Tokens name the key by a digest of it: another version behind the same reference would make them invalid. */
async function checkUnchanged(
  { keys, reference = "" }: OwnKeyOptions,
  before: readonly OwnKey[],
): Promise<void> {
  const known = before.find((key) => key.reference === reference);
  if (known === undefined || known.publicKeyPem === await keys.publicKeyPem(reference)) return;
  throw new AppError(
    "key_unavailable",
    "FEDERATION_KEY_ID names another key than before: name one version of it, and each new one by a new reference",
  );
}

async function destroyKey(keys: OwnKeyOptions["keys"], reference: string): Promise<void> {
  if (!reference.startsWith(OWN_PREFIX)) return;
  for (const { version } of await keys.versions(reference)) {
    await keys.destroy(reference, version);
  }
}

async function newKey(options: OwnKeyOptions, now: number): Promise<OwnKey> {
  const { keys, crypto } = options;
  const random = crypto.getRandomValues(new Uint8Array(4));
  const reference = options.reference ?? `${OWN_PREFIX}${now}-${encodeHex(random)}`;
  if (options.reference === undefined) await keys.create(reference, "sign");
  const publicKeyPem = await keys.publicKeyPem(reference);
  const digest = await sha256(crypto, new TextEncoder().encode(publicKeyPem));
  return { reference, publicKeyPem, kid: encodeHex(digest.subarray(0, 8)), createdAt: now };
}
