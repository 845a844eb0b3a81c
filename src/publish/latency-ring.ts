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
  let sorted: readonly number[] | undefined;
  return {
    record: (latencyMs, healthAuthority) => {
      if (entries.length === LATENCY_RING_SIZE) {
        const most = mostFrequent(entries);
        entries.splice(entries.findIndex((one) => one.healthAuthority === most), 1);
      }
      entries.push({ latencyMs, healthAuthority });
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

function mostFrequent(entries: readonly Entry[]): string | undefined {
  const counts = new Map<string, number>();
  let most: string | undefined;
  for (const { healthAuthority } of entries) {
    const count = (counts.get(healthAuthority) ?? 0) + 1;
    counts.set(healthAuthority, count);
    if (most === undefined || count > (counts.get(most) ?? 0)) most = healthAuthority;
  }
  return most;
}
