/** Writes a group of items: all of them, or, with `false`, none, since one of them is refused. */
export type WriteGroup<T> = (items: readonly T[]) => Promise<boolean>;

/** How many groups are being written at a time, and how many items are in one at most. */
export type GroupLimits = { readonly atOnce: number; readonly items: number };

type Waiting<T> = {
  readonly item: T;
  readonly tell: (written: boolean) => void;
  readonly fail: (error: unknown) => void;
};

/**
 * Joins items that come while others are being written: they share one statement and one commit. An item that
 * comes alone is written at once. When a group is refused, each of its items is written by itself, so that only
 * the one at fault is; when writing fails, it fails for the whole group.
 */
export function groupedWrites<T>(
  write: WriteGroup<T>,
  limits: GroupLimits,
): (item: T) => Promise<boolean> {
  const waiting: Waiting<T>[] = [];
  let active = 0;

  const settle = async (group: readonly Waiting<T>[]): Promise<void> => {
    try {
      if (await write(group.map(({ item }) => item))) {
        return group.forEach(({ tell }) => tell(true));
      }
    } catch (error) {
      return group.forEach(({ fail }) => fail(error));
    }
    const [only, ...others] = group;
    if (only !== undefined && others.length === 0) return only.tell(false);
    await Promise.all(group.map((one) => settle([one])));
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
      waiting.push({ item, tell, fail });
      next();
    });
}
