import { asAppError, type Outcome } from "../errors.ts";
import { parseJwks } from "../keys/jwks.ts";
import type { FetchState, IssuerKeyStore } from "../store/publish/issuer-key.ts";
import type { ResourceCache } from "../store/resource/cache.ts";

/** What refreshing issuers' keys needs. */
export type RefreshDependencies = {
  readonly crypto: Crypto;
  readonly resources: ResourceCache;
  readonly store: IssuerKeyStore;
  /** Fetches a key set, guarded and bounded. */
  readonly fetchKeySet: (uri: string) => Promise<Outcome<{ readonly bytes: Uint8Array }>>;
  /** How old a fetch may get, seconds: {@link REFRESH_SECONDS}; 0 fetches all now. */
  readonly everySeconds: number;
  /** Told of every reading that failed, with a public text. */
  readonly failed: (issuer: string, error: string) => void;
};

/** How often a URL is asked. */
export const REFRESH_SECONDS = 300;
/** The first wait after a failure; each further one in a row doubles it, up to `everySeconds`. */
export const RETRY_SECONDS = 10;
/** How long a revoked key is remembered. */
const PURGE_SECONDS: number = 30 * 86_400;
/** URLs asked at a time. */
const CONCURRENCY = 8;
/** A URL is asked again when somebody else stored an answer of it meanwhile. */
const MAX_ATTEMPTS = 3;

/** What a refresh did. */
export type Refreshed = {
  readonly fetched: number;
  readonly failed: number;
  readonly added: number;
  readonly revoked: number;
  readonly purged: number;
};

type Target = { readonly name: string; readonly uri: string };

/**
 * Brings the keys of issuers with a URL up to date: a new key counts at once, one that vanished is revoked, and
 * purged 30 days later. A URL that fails, or whose set has no key that can sign certificates, revokes nothing; its
 * error is kept to be shown, and it is asked again soon. Keys of issuers that are gone, or no longer have a URL, are
 * revoked.
 */
export async function refreshIssuerKeys(deps: RefreshDependencies): Promise<Refreshed> {
  const { resources, store, everySeconds } = deps;
  const view = await resources.fresh();
  const targets = view.list("Issuer").flatMap(({ name, jwksUri }) =>
    jwksUri === undefined ? [] : [{ name, uri: jwksUri }]
  );
  const revoked = await store.keepOnly(targets.map((target) => target.name));
  const states = new Map((await store.states()).map((state) => [state.issuer, state]));
  const due = targets.filter((target) => isDue(states.get(target.name), target, everySeconds));
  const results: TargetResult[] = [];
  const workers = Array.from({ length: Math.min(CONCURRENCY, due.length) }, async () => {
    for (let target = due.shift(); target !== undefined; target = due.shift()) {
      results.push(await refresh(deps, target));
    }
  });
  await Promise.all(workers);
  const sum = (count: (result: TargetResult) => number) =>
    results.reduce((total, result) => total + count(result), 0);
  return {
    fetched: sum((result) => result.ok ? 1 : 0),
    failed: sum((result) => result.ok ? 0 : 1),
    added: sum((result) => result.added),
    revoked: revoked + sum((result) => result.revoked),
    purged: await store.purge(PURGE_SECONDS),
  };
}

function isDue(state: FetchState | undefined, target: Target, everySeconds: number): boolean {
  if (state === undefined || state.uri !== target.uri) return true;
  const wait = state.failures === 0
    ? everySeconds
    : Math.min(everySeconds, RETRY_SECONDS * 2 ** (state.failures - 1));
  return state.ageSeconds >= wait;
}

type TargetResult = { readonly ok: boolean; readonly added: number; readonly revoked: number };

/** Never throws: a target that fails holds up no other. */
async function refresh(deps: RefreshDependencies, target: Target): Promise<TargetResult> {
  try {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const result = await attemptRefresh(deps, target);
      if (result !== undefined) return result;
    }
    return { ok: true, added: 0, revoked: 0 };
  } catch (error) {
    const { code, message } = asAppError(error);
    return await fail(deps, target, `${code}: ${message}`).catch(() => FAILED);
  }
}

const FAILED: TargetResult = { ok: false, added: 0, revoked: 0 };

/** Brings the keys of one Issuer resource up to date now; nothing happens when it has no URL. A failure is noted. */
export async function refreshIssuer(deps: RefreshDependencies, name: string): Promise<void> {
  const issuer = (await deps.resources.view()).get("Issuer", name);
  if (issuer?.jwksUri === undefined) return;
  await refresh(deps, { name, uri: issuer.jwksUri });
}

async function fail(
  deps: RefreshDependencies,
  { name, uri }: Target,
  error: string,
): Promise<TargetResult> {
  deps.failed(name, error);
  await deps.store.fail(name, uri, error);
  return FAILED;
}

/** Undefined when somebody else fetched the same keys meanwhile, perhaps a newer set. */
async function attemptRefresh(
  deps: RefreshDependencies,
  target: Target,
): Promise<TargetResult | undefined> {
  const { crypto, store, fetchKeySet } = deps;
  const { name, uri } = target;
  const lastAttempt = await store.lastAttempt(name);
  const fetched = await fetchKeySet(uri);
  const parsed = fetched.ok ? await parseJwks(crypto, fetched.value.bytes) : fetched;
  if (!parsed.ok) return await fail(deps, target, parsed.message);
  const keys = parsed.value.keys
    .filter((key) => key.algorithm === "ES256")
    .map(({ kid, publicKeyPem }) => ({ version: kid, publicKeyPem }));
  if (keys.length === 0) return await fail(deps, target, NO_KEY);
  const ignored = parsed.value.keys.length - keys.length + parsed.value.ignored;
  const change = await store.replace(name, uri, { keys, ignored }, lastAttempt);
  return change === undefined ? undefined : { ok: true, ...change };
}

/** A set that came out empty by mistake must not shut every publish out. */
const NO_KEY =
  "the key set at jwksUri has no EC key on P-256 with a kid, so the keys known before stay: publish " +
  "one there, or remove jwksUri from the issuer to revoke them all";
