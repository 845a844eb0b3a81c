/** Runs work when it is its turn. Rejects with the signal's reason when that is aborted before. */
export type Turns = <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

/** At most `count` at a time; the others wait in order. */
export function turns(count: number): Turns {
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
  return async (signal, work) => {
    signal.throwIfAborted();
    if (free > 0) free -= 1;
    else await wait(signal);
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      const [next] = waiting;
      if (next === undefined) free += 1;
      else {
        waiting.delete(next);
        next();
      }
    }
  };
}

/** Counts calls of each name. */
export type InFlight = {
  /** Takes a place and answers how to give it back, once; undefined when all are taken. */
  enter(name: string): (() => void) | undefined;
};

/** At most `max` places a name. */
export function inFlight(max: number): InFlight {
  const taken = new Map<string, number>();
  return {
    enter: (name) => {
      const before = taken.get(name) ?? 0;
      if (before >= max) return undefined;
      taken.set(name, before + 1);
      return () => {
        const left = (taken.get(name) ?? 1) - 1;
        if (left > 0) taken.set(name, left);
        else taken.delete(name);
      };
    },
  };
}
