/** A map that keeps the most recently used entries. */
export type RecentMap<K, V> = {
  /** Returns the value and marks it as used; undefined when it is missing or has expired. */
  get(key: K): V | undefined;
  /** Stores a value. It expires `ttlMs` after `since`, which defaults to now. */
  set(key: K, value: V, since?: number): void;
  /** Like {@link get}, but stores and returns the result of `create` if there is no value. */
  getOrCreate(key: K, create: () => V): V;
  delete(key: K): void;
};

/** Bounds of a {@link RecentMap}: its size, and the life of its entries. */
export type RecentMapOptions = {
  /** The most entries. One more drops the least recently used entry. */
  readonly maxSize: number;
  /** Entries expire `ttlMs` milliseconds after they were stored, by the clock `nowMs`. Default: never. */
  readonly expiry?: { readonly ttlMs: number; readonly nowMs: () => number };
};

/** Creates an empty map for the `maxSize` most recently used entries. */
export function recentMap<K, V>({ maxSize, expiry }: RecentMapOptions): RecentMap<K, V> {
  type Entry = { readonly value: V; readonly until: number };
  // A Map iterates in the order of insertion, so the first entry is the least recently used.
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
