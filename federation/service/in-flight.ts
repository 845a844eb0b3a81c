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
