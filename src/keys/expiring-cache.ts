/** Values that are read at most once in a while. */

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
  const kept = new Map<string, { readonly until: number; readonly value: T }>();
  let changes = 0;

  return {
    async get(name, fresh) {
      const found = kept.get(name);
      if (!fresh && found !== undefined && now() < found.until) return found.value;
      const until = now() + cacheMs;
      const changesBefore = changes;
      const value = await read(name);
      // What was read while something changed may be out of date already.
      if (changes !== changesBefore) return value;
      kept.delete(name);
      if (value !== undefined) kept.set(name, { until, value });
      for (const oldest of kept.keys()) {
        if (kept.size <= MAX_NAMES) break;
        kept.delete(oldest);
      }
      return value;
    },
    forget(name) {
      changes += 1;
      kept.delete(name);
    },
  };
}
