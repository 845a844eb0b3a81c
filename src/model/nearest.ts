/** More than two slips are another word. */
const MOST_EDITS = 2;

/** The first of the names that is at most two edits (insert, delete, replace, swap neighbours) away from a word. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const found = names
    .map((name) => ({ name, edits: editsBetween(word, name) }))
    .filter(({ name, edits }) => edits <= MOST_EDITS && edits < name.length / 2)
    .sort((left, right) => left.edits - right.edits);
  return found[0]?.name;
}

/** Damerau's distance (optimal string alignment); Infinity when the lengths alone are too far apart. */
function editsBetween(left: string, right: string): number {
  if (Math.abs(left.length - right.length) > MOST_EDITS) return Infinity;
  let before: readonly number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const next = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      next.push(Math.min(
        (last[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (before[column - 2] ?? 0) + 1 : Infinity,
      ));
    }
    before = last;
    last = next;
  }
  return last[right.length] ?? Infinity;
}
