/** A map that keeps what was used last. */
export type RecentMap<K, V> = {
  /** The value, which is now the one used last; undefined when it is not there or has expired. */
  get(key: K): V | undefined;
  /** Stores a value. It expires `ttlMs` after `since`, which is now unless told. */
  set(key: K, value: V, since?: number): void;
  /** The value as {@link get} finds it, or else what `create` gives, which is stored. */
  getOrCreate(key: K, create: () => V): V;
  delete(key: K): void;
};

/** How much a {@link RecentMap} keeps, and for how long. */
export type RecentMapOptions = {
  /** Entries at most: one more drops the entry that was used the longest ago. */
  readonly maxSize: number;
  /** Entries expire `ttlMs` milliseconds after they were stored, by the clock `nowMs`. Without it they stay. */
  readonly expiry?: { readonly ttlMs: number; readonly nowMs: () => number };
};

/** An empty map with room for the `maxSize` entries used last. */
export function recentMap<K, V>({ maxSize, expiry }: RecentMapOptions): RecentMap<K, V> {
  type Entry = { readonly value: V; readonly until: number };
  // A Map iterates in the order of insertion, so the first entry is the one used the longest ago.
  const entries = new Map<K, Entry>();
  const find = (key: K): Entry | undefined => {
    const entry = entries.get(key);
    if (entry === undefined) return undefined;
    entries.delete(key);
    if (expiry !== undefined && expiry.nowMs() >= entry.until) return undefined;
    entries.set(key, entry);
    return entry;
  };
  const set = (key: K, value: V, since = expiry?.nowMs() ?? 0): void => {
    entries.delete(key);
    entries.set(key, { value, until: since + (expiry?.ttlMs ?? Infinity) });
    for (const oldest of entries.keys()) {
      if (entries.size <= maxSize) break;
      entries.delete(oldest);
    }
  };
  return {
    get: (key) => find(key)?.value,
    set,
    getOrCreate: (key, create) => {
      const entry = find(key);
      if (entry !== undefined) return entry.value;
      const value = create();
      set(key, value);
      return value;
    },
    delete: (key) => {
      entries.delete(key);
    },
  };
}
