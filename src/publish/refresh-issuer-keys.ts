import { asAppError, type Outcome } from "../errors.ts";
import { parseJwks } from "../keys/jwks.ts";
import type { FetchState, IssuerKeyStore } from "../store/publish/issuer-key.ts";
import type { ResourceCache } from "../store/resource/cache.ts";

/** What refreshing issuers' keys needs. */
export type RefreshDeps = {
  readonly crypto: Crypto;
  readonly resources: ResourceCache;
  readonly store: IssuerKeyStore;
  /** Fetches a key set, guarded and bounded. */
  readonly fetchKeySet: (uri: string) => Promise<Outcome<{ readonly bytes: Uint8Array }>>;
  /** How old a fetch may get, seconds: {@link REFRESH_SECONDS}; 0 fetches all now. */
  readonly everySeconds: number;
};

/** How often a URL is asked. */
export const REFRESH_SECONDS = 300;
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
 * purged 30 days later. A URL that fails revokes nothing; its error is kept to be shown. Keys of issuers that are
 * gone, or no longer have a URL, are revoked.
 */
export async function refreshIssuerKeys(deps: RefreshDeps): Promise<Refreshed> {
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
  return state === undefined || state.uri !== target.uri || state.ageSeconds >= everySeconds;
}

type TargetResult = { readonly ok: boolean; readonly added: number; readonly revoked: number };

/** Never throws: a target that fails holds up no other. */
async function refresh(deps: RefreshDeps, target: Target): Promise<TargetResult> {
  try {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const result = await attemptRefresh(deps, target);
      if (result !== undefined) return result;
    }
    return { ok: true, added: 0, revoked: 0 };
  } catch (error) {
    const { code, message } = asAppError(error);
    await deps.store.fail(target.name, target.uri, `${code}: ${message}`).catch(() => undefined);
    return { ok: false, added: 0, revoked: 0 };
  }
}

/** Undefined when somebody else fetched the same keys meanwhile, perhaps a newer set. */
async function attemptRefresh(
  { crypto, store, fetchKeySet }: RefreshDeps,
  { name, uri }: Target,
): Promise<TargetResult | undefined> {
  const lastAttempt = await store.lastAttempt(name);
  const fetched = await fetchKeySet(uri);
  const parsed = fetched.ok ? await parseJwks(crypto, fetched.value.bytes) : fetched;
  if (!parsed.ok) {
    await store.fail(name, uri, parsed.message);
    return { ok: false, added: 0, revoked: 0 };
  }
  const keys = parsed.value.keys
    .filter((key) => key.algorithm === "ES256")
    .map(({ kid, publicKeyPem }) => ({ version: kid, publicKeyPem }));
  const change = await store.replace(name, uri, keys, lastAttempt);
  return change === undefined ? undefined : { ok: true, ...change };
}
