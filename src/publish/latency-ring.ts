/** How many real answers are remembered. */
export const LATENCY_RING_SIZE = 100;

/** How long recent real publishes took, to delay answers to chaff and refusals alike. */
export type LatencyRing = {
  /** Milliseconds from the last byte of a publish's body to its answer, and whose publish it was. */
  record(latencyMs: number, healthAuthority: string): void;
  /** Milliseconds like those remembered; a quick database's while there are none. */
  draw(random: () => number): number;
};

type Entry = { readonly latencyMs: number; readonly healthAuthority: string };

/**
 * A ring of the last {@link LATENCY_RING_SIZE} publishes. A new one takes the place of the oldest of the health authority
 * that has most of them, so that nobody can fill it who is not alone.
 */
export function latencyRing(): LatencyRing {
  // Oldest first.
  const entries: Entry[] = [];
  const counts = new Map<string, number>();
  let sorted: readonly number[] | undefined;
  const count = (healthAuthority: string, change: number): void => {
    const left = (counts.get(healthAuthority) ?? 0) + change;
    if (left === 0) counts.delete(healthAuthority);
    else counts.set(healthAuthority, left);
  };
  const makeRoom = (): void => {
    const most = mostFrequent(counts);
    entries.splice(entries.findIndex((one) => one.healthAuthority === most), 1);
    count(most, -1);
  };
  return {
    record: (latencyMs, healthAuthority) => {
      if (entries.length === LATENCY_RING_SIZE) makeRoom();
      entries.push({ latencyMs, healthAuthority });
      count(healthAuthority, 1);
      sorted = undefined;
    },
    draw: (random) => {
      sorted ??= entries.map(({ latencyMs }) => latencyMs).sort((left, right) => left - right);
      // Anywhere between two neighbours: exactly the latency of an answer before would give chaff away.
      const place = random() * (sorted.length - 1);
      const lower = sorted[Math.floor(place)];
      if (lower === undefined) return FIRST_LATENCY_MS * (0.5 + random());
      const upper = sorted[Math.ceil(place)] ?? lower;
      return lower + (place % 1) * (upper - lower);
    },
  };
}

/** Before there was anything real: a quick database's time. */
const FIRST_LATENCY_MS = 20;

function mostFrequent(counts: ReadonlyMap<string, number>): string {
  let most = "";
  for (const [healthAuthority, count] of counts) {
    if (count > (counts.get(most) ?? 0)) most = healthAuthority;
  }
  return most;
}
