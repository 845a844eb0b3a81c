/** Credentials that expire: kept, shared by all who ask at once, and renewed before they end. */

/** A value and when it ends, in milliseconds since the epoch; without an end when it never does. */
export type Expiring<T> = { readonly value: T; readonly expiresAtMs?: number };

/** The current credentials of one identity. */
export type Credential<T> = {
  /** To be asked for each attempt of a request. */
  get(): Promise<T>;
  /** A service refused `value` as no longer valid. Whether the next {@link get} may give another. */
  refused(value: T): boolean;
};

/** They are renewed this long before they end, or in the last fifth of their life when that is shorter. */
const EARLY_MS = 300_000;
/** After a failure to renew credentials that are still valid, for so long nobody tries again. */
const PAUSE_MS = 10_000;

/**
 * Credentials that `load` gets. `now` is in milliseconds since the epoch. While they are valid, a failure to renew
 * them is not noticed by anybody; after that `get` rejects with it.
 */
export function renewedCredential<T>(
  load: () => Promise<Expiring<T>>,
  now: () => number,
): Credential<T> {
  type Kept = { readonly value: T; readonly endsAt: number; readonly renewAt: number };
  let kept: Kept | undefined;
  let loading: Promise<T> | undefined;
  let pausedUntil = -Infinity;

  const begin = (): Promise<T> => {
    loading ??= load().then(({ value, expiresAtMs = Infinity }) => {
      const life = expiresAtMs - now();
      const early = Math.min(EARLY_MS, life / 5);
      kept = { value, endsAt: expiresAtMs, renewAt: expiresAtMs - early };
      return value;
    }).finally(() => loading = undefined);
    return loading;
  };

  return {
    get: async () => {
      if (kept === undefined || kept.endsAt <= now()) return await begin();
      if (kept.renewAt <= now() && pausedUntil <= now()) {
        begin().catch(() => pausedUntil = now() + PAUSE_MS);
      }
      return kept.value;
    },
    refused: (value) => {
      if (kept?.value === value) kept = undefined;
      return kept === undefined || kept.value !== value;
    },
  };
}
