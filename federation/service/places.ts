/** Places for work, of which there are only so many. */
export type Places = {
  /**
   * Waits in order for a free place, and answers how to give it back, once. Undefined, at once, when as many wait
   * already as may. Rejects with the signal's reason when that is aborted before.
   */
  enter(signal: AbortSignal): Promise<(() => void) | undefined>;
  /** Whether nobody has a place or waits for one. */
  isEmpty(): boolean;
};

/** At most `count` at a time, and `maxWaiting` in the queue. */
export function places(count: number, maxWaiting: number = Infinity): Places {
  let free = count;
  const waiting = new Set<() => void>();
  const wait = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const go = () => {
        signal.removeEventListener("abort", stop);
        resolve();
      };
      const stop = () => {
        waiting.delete(go);
        reject(signal.reason);
      };
      waiting.add(go);
      signal.addEventListener("abort", stop, { once: true });
    });
  const leave = (): void => {
    const [next] = waiting;
    if (next === undefined) {
      free += 1;
      return;
    }
    waiting.delete(next);
    next();
  };
  return {
    enter: async (signal) => {
      signal.throwIfAborted();
      if (free > 0) free -= 1;
      else if (waiting.size >= maxWaiting) return undefined;
      else await wait(signal);
      let left = false;
      return () => {
        if (left) return;
        left = true;
        leave();
      };
    },
    isEmpty: () => free === count,
  };
}

/** Places of each name. */
export type PlacesOf = {
  /** As {@link Places.enter}, among the places of that name. */
  enter(name: string, signal: AbortSignal): Promise<(() => void) | undefined>;
};

/** For each name at most `count` at a time, and `maxWaiting` in its queue. */
export function placesOf(count: number, maxWaiting?: number): PlacesOf {
  const byName = new Map<string, Places>();
  return {
    enter: async (name, signal) => {
      const own = byName.get(name) ?? places(count, maxWaiting);
      byName.set(name, own);
      const forget = (): void => {
        if (own.isEmpty() && byName.get(name) === own) byName.delete(name);
      };
      try {
        const leave = await own.enter(signal);
        return leave && (() => {
          leave();
          forget();
        });
      } catch (error) {
        forget();
        throw error;
      }
    },
  };
}
