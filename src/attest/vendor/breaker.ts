/** Whether a vendor is asked: not while it has just failed too often. */
export type Breaker = {
  /** Whether a call may be made now. One that may must be followed by {@link Breaker.ended}. */
  mayCall(): boolean;
  ended(available: boolean): void;
  readonly isOpen: boolean;
};

const IN_A_ROW = 5;
const REMEMBERED = 20;
const OPEN_MS = 30_000;

/**
 * Opens after {@link IN_A_ROW} failures in a row, or when half of the last {@link REMEMBERED} calls failed; then no call
 * is made for {@link OPEN_MS}, and one probe decides whether it closes. `nowMs` only goes forward.
 */
export function breaker(nowMs: () => number): Breaker {
  let recent: boolean[] = [];
  let openUntil: number | undefined;
  let probing = false;
  return {
    get isOpen() {
      return openUntil !== undefined;
    },
    mayCall: () => {
      if (openUntil === undefined) return true;
      if (probing || nowMs() < openUntil) return false;
      probing = true;
      return true;
    },
    ended: (available) => {
      if (openUntil !== undefined) {
        // Calls that were under way when it opened tell nothing new.
        if (!probing) return;
        probing = false;
        openUntil = available ? undefined : nowMs() + OPEN_MS;
        recent = [];
        return;
      }
      recent = [...recent.slice(1 - REMEMBERED), available];
      const failures = recent.filter((one) => !one).length;
      const row = recent.slice(-IN_A_ROW);
      const inARow = row.length === IN_A_ROW && !row.includes(true);
      if (inARow || failures * 2 >= REMEMBERED) openUntil = nowMs() + OPEN_MS;
    },
  };
}
