/** Values that are read at most once in a while. */

import { recentMap } from "../bounds/recent.ts";

/** What {@link expiringCache} gives. */
export type ExpiringCache<T> = {
  /** The value, read again when it is older than `cacheMs` or `fresh` is asked for. Absent ones are not kept. */
  get(name: string, fresh: boolean): Promise<T | undefined>;
  /** To be called when the value changed; also keeps what is being read meanwhile from being kept. */
  forget(name: string): void;
};

const MAX_NAMES = 256;

/** A cache of at most 256 names over `read`. `now` is in milliseconds; failures are not kept. */
export function expiringCache<T>(options: {
  readonly read: (name: string) => Promise<T | undefined>;
  readonly now: () => number;
  readonly cacheMs: number;
}): ExpiringCache<T> {
  const { read, now, cacheMs } = options;
  const kept = recentMap<string, T>({
    maxSize: MAX_NAMES,
    expiry: { ttlMs: cacheMs, nowMs: now },
  });
  let changes = 0;

  return {
    async get(name, fresh) {
      const found = fresh ? undefined : kept.get(name);
      if (found !== undefined) return found;
      const asked = now();
      const changesBefore = changes;
      const value = await read(name);
      // What was read while something changed may be out of date already.
      if (changes !== changesBefore) return value;
      if (value === undefined) kept.delete(name);
      else kept.set(name, value, asked);
      return value;
    },
    forget(name) {
      changes += 1;
      kept.delete(name);
    },
  };
}
