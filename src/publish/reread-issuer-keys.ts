import { within } from "../bounds/deadline.ts";
import { recentMap } from "../bounds/recent.ts";

/** Reads the keys of these Issuer resources again. False: nothing was read, so the keys are as they were. */
export type RereadIssuerKeys = (issuers: readonly string[]) => Promise<boolean>;

/** What {@link rereadIssuerKeys} needs. */
export type RereadIssuerKeysDependencies = {
  /** Reads the key set of one Issuer resource now. Its failures are noted elsewhere. */
  readonly refresh: (issuer: string) => Promise<unknown>;
  /** Milliseconds, of any epoch; never backwards. */
  readonly nowMs: () => number;
  /** Publishes that may wait at a time; more are answered at once. */
  readonly maxWaiting: number;
  /** How long a publish waits at most, milliseconds. */
  readonly patienceMs: number;
};

/** Anybody can send an unknown `kid`: an issuer is asked for that reason once in this time, milliseconds. */
export const REREAD_GAP_MS = 30_000;
/** Default of `patienceMs`. */
export const REREAD_PATIENCE_MS = 3_000;
const MAX_ISSUERS = 1000;

/**
 * Reads key sets again for a `kid` that is not known: after a rotation the new key counts at the first token that it
 * signed. Each issuer is read at most once in {@link REREAD_GAP_MS} by this process. All who come meanwhile wait for
 * the same reading, within the bounds of `deps`, so that an issuer that hangs holds up nobody else.
 */
export function rereadIssuerKeys(deps: RereadIssuerKeysDependencies): RereadIssuerKeys {
  const startedAt = recentMap<string, number>({ maxSize: MAX_ISSUERS });
  const reading = new Map<string, Promise<unknown>>();
  let waiting = 0;

  const begin = (issuer: string): Promise<unknown> | undefined => {
    const running = reading.get(issuer);
    if (running !== undefined) return running;
    const last = startedAt.get(issuer);
    if (last !== undefined && deps.nowMs() - last < REREAD_GAP_MS) return undefined;
    const done = deps.refresh(issuer).catch(() => undefined).finally(() => reading.delete(issuer));
    reading.set(issuer, done);
    startedAt.set(issuer, deps.nowMs());
    return done;
  };

  return async (issuers) => {
    const begun = issuers.map(begin).filter((done) => done !== undefined);
    if (begun.length === 0 || waiting >= deps.maxWaiting) return false;
    waiting++;
    try {
      return await within(
        deps.patienceMs,
        () => Promise.all(begun).then(() => true),
        () => false,
      );
    } finally {
      waiting--;
    }
  };
}
