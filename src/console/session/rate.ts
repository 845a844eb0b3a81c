/** How many sign-ins may be tried: so many at once, and one more every few seconds. `clockMs` only goes forward. */
export function attemptLimit(
  clockMs: () => number,
  atOnce: number = 20,
  everyMs: number = 3000,
): () => boolean {
  let left = atOnce;
  let filledAt = clockMs();
  return () => {
    const gained = Math.floor((clockMs() - filledAt) / everyMs);
    left = Math.min(atOnce, left + gained);
    filledAt += gained * everyMs;
    if (left === 0) return false;
    left--;
    return true;
  };
}
