import { TimeoutError, within } from "../../bounds/deadline.ts";

/**
 * Writes a group of items: all of them, or, with `written: false`, none. `atFault` are those of them that would be
 * refused by themselves, as far as they are known; if none is, it may be any.
 */
export type WriteGroup<T> = (items: readonly T[]) => Promise<Written<T>>;

/** What became of a group. */
export type Written<T> =
  | { readonly written: true }
  | { readonly written: false; readonly atFault: readonly T[] };

/** Bounds on groups. */
export type GroupLimits = {
  /** How many are being written at a time. */
  readonly atOnce: number;
  /** How many items are in one at most. */
  readonly items: number;
  /** How long an item waits for its turn at most, and a group for the end of its writing, in milliseconds. */
  readonly boundMs: number;
};

type Waiting<T> = {
  readonly item: T;
  readonly tell: (written: boolean) => void;
  readonly fail: (error: unknown) => void;
};

/**
 * Joins items that come while others are being written: they share one statement and one commit. An item that
 * comes alone is written at once. When a group is refused, it is written again without the items at fault; if nobody
 * knows them, each by itself. When writing fails, it fails for the whole group. What takes longer than its bound fails
 * with a `TimeoutError`.
 */
export function groupedWrites<T>(
  write: WriteGroup<T>,
  limits: GroupLimits,
): (item: T) => Promise<boolean> {
  const waiting: Waiting<T>[] = [];
  let active = 0;

  const settle = async (group: readonly Waiting<T>[]): Promise<void> => {
    let result: Written<T>;
    try {
      result = await within(limits.boundMs, () => write(group.map(({ item }) => item)));
    } catch (error) {
      return group.forEach(({ fail }) => fail(error));
    }
    if (result.written) return group.forEach(({ tell }) => tell(true));
    if (group.length === 1) return group.forEach(({ tell }) => tell(false));
    const atFault = new Set(result.atFault);
    if (atFault.size === 0) return void await Promise.all(group.map((one) => settle([one])));
    // First the others: an item may be at fault only because another of the group is not.
    const others = group.filter(({ item }) => !atFault.has(item));
    if (others.length > 0) await settle(others);
    for (const { item, tell } of group) if (atFault.has(item)) tell(false);
  };
  const next = (): void => {
    while (active < limits.atOnce && waiting.length > 0) {
      active += 1;
      settle(waiting.splice(0, limits.items)).finally(() => {
        active -= 1;
        next();
      });
    }
  };
  return (item) =>
    new Promise((tell, fail) => {
      const one = { item, tell, fail };
      waiting.push(one);
      next();
      if (waiting.at(-1) !== one) return;
      setTimeout(() => {
        const place = waiting.indexOf(one);
        if (place < 0) return;
        waiting.splice(place, 1);
        fail(new TimeoutError(limits.boundMs));
      }, limits.boundMs);
    });
}
