import * as z from "zod";
import { within } from "../../src/bounds/deadline.ts";
import { recentMap } from "../../src/bounds/recent.ts";
import { accept, type Outcome, type Refusal, refuse } from "../../src/errors.ts";
import { type JwksKey, MAX_JWKS_BYTES, parseJwks } from "../../src/keys/jwks.ts";

/** Reads a document of another server: bounded, without redirects, within the rules on addresses. */
export type ReadDocument = (url: string, maxBytes: number) => Promise<Outcome<Uint8Array>>;

/** Public keys of OpenID Connect issuers. */
export type IssuerKeys = {
  /**
   * The keys of an issuer that may have signed under `kid`. `unauthenticated` when it has none such,
   * `unavailable` when its keys cannot be read.
   */
  find(issuer: string, kid: string | undefined): Promise<Outcome<readonly JwksKey[]>>;
};

/** What {@link issuerKeys} needs. */
export type IssuerKeysOptions = {
  readonly readDocument: ReadDocument;
  readonly crypto: Crypto;
  /** Milliseconds since the epoch. */
  readonly clockMs: () => number;
  /** Longest time that reading an issuer's keys may take. Default 5 s. */
  readonly readLimitMs?: number;
  /** How long a call waits for fresh keys when known ones would do. Default 1 s. */
  readonly patienceMs?: number;
};

/** Keys are read again after so long. */
const KEY_CACHE_MS = 300_000;
/** An unknown `kid` makes us read again, but not more often than this. */
const MIN_READ_GAP_MS = 10_000;
/** Keys of an issuer that cannot be read any more hold for so long. */
const MAX_STALE_MS = 86_400_000;
const READ_LIMIT_MS = 5000;
const PATIENCE_MS = 1000;
const MAX_ISSUERS = 1000;
const MAX_DISCOVERY_BYTES = 65_536;

type Known = {
  keys: readonly JwksKey[];
  /** When the keys were read; absent: never. */
  readAt?: number;
  triedAt: number;
  failure?: Refusal;
  reading?: Promise<void>;
};

const discovery = z.object({ issuer: z.string(), jwks_uri: z.string().max(2000) });

/**
 * Keys by OpenID Connect discovery (`/.well-known/openid-configuration`) and JWKS, cached and rotated. An issuer that
 * is slow or hangs keeps nobody out whose key is known.
 */
export function issuerKeys(options: IssuerKeysOptions): IssuerKeys {
  const { clockMs, readLimitMs = READ_LIMIT_MS, patienceMs = PATIENCE_MS } = options;
  const known = recentMap<string, Known>({ maxSize: MAX_ISSUERS });

  const read = async (issuer: string, entry: Known): Promise<void> => {
    const late = () => refuse("fetch_failed", `no answer within ${readLimitMs} ms`);
    const keys = await within(readLimitMs, () => readKeys(options, issuer), late);
    if (keys.ok) Object.assign(entry, { keys: keys.value, readAt: clockMs(), failure: undefined });
    else entry.failure = keys;
  };
  const refresh = async (issuer: string, entry: Known): Promise<void> => {
    if (entry.reading === undefined) {
      if (clockMs() - entry.triedAt < MIN_READ_GAP_MS) return;
      entry.triedAt = clockMs();
      entry.reading = read(issuer, entry).finally(() => delete entry.reading);
    }
    await entry.reading;
  };

  return {
    find: async (issuer, kid) => {
      const entry = known.getOrCreate(issuer, () => ({ keys: [], triedAt: -Infinity }));
      const age = (): number => clockMs() - (entry.readAt ?? -Infinity);
      const usable = (): readonly JwksKey[] =>
        age() > MAX_STALE_MS ? [] : matching(entry.keys, kid);
      if (usable().length === 0) await refresh(issuer, entry);
      else if (age() > KEY_CACHE_MS && entry.reading === undefined) {
        await within(patienceMs, () => refresh(issuer, entry), () => undefined);
      }
      const found = usable();
      if (found.length > 0) return accept(found);
      if (age() > MAX_STALE_MS && entry.failure !== undefined) {
        return refuse("unavailable", `the issuer's keys cannot be read: ${entry.failure.message}`);
      }
      return refuse(
        "unauthenticated",
        "the token is signed by a key that its issuer does not have",
      );
    },
  };
}

/** A token without `kid` may be by any key. */
function matching(keys: readonly JwksKey[], kid: string | undefined): readonly JwksKey[] {
  return kid === undefined ? keys : keys.filter((key) => key.kid === kid);
}

async function readKeys(
  { readDocument, crypto }: IssuerKeysOptions,
  issuer: string,
): Promise<Outcome<readonly JwksKey[]>> {
  const about = `${issuer.replace(/\/+$/, "")}/.well-known/openid-configuration`;
  const document = await readDocument(about, MAX_DISCOVERY_BYTES);
  if (!document.ok) return document;
  const parsed = discovery.safeParse(jsonOf(document.value));
  if (!parsed.success) return refuse("malformed_file", "no valid openid-configuration");
  if (parsed.data.issuer !== issuer) {
    return refuse("malformed_file", "its openid-configuration names another issuer");
  }
  const keys = await readDocument(parsed.data.jwks_uri, MAX_JWKS_BYTES);
  if (!keys.ok) return keys;
  const set = await parseJwks(crypto, keys.value);
  return set.ok ? accept(set.value.keys) : set;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
