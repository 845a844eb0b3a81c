/** A load test at a constant rate. */
export type LoadPlan = {
  readonly count: number;
  /** Requests started per second, whether or not earlier ones have ended. */
  readonly perSecond: number;
  /** The most unanswered requests. The next ones wait, and their latency includes the wait. */
  readonly maxInFlight: number;
  readonly signal: AbortSignal;
  /** Milliseconds from any point in time. */
  readonly clockMs: () => number;
  readonly sleepMs: (milliseconds: number) => Promise<void>;
};

/** The result. Latencies are in milliseconds, from the time a request was due to the end of its response. */
export type LoadResult = {
  readonly seconds: number;
  /** How often each outcome occurred. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly latencyMs: {
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
    readonly max: number;
  };
};

/** Requests prepared before they are due, so that preparing them is not measured. */
const PREPARED = 32;

/**
 * Runs the plan until its end or until the signal aborts. A slow server does not slow the plan down, so it shows in the
 * latencies rather than in fewer requests. `send` names the outcome and must not reject. An error from `prepare` ends
 * the run.
 */
export async function runLoad<T>(
  plan: LoadPlan,
  prepare: () => Promise<T>,
  send: (prepared: T) => Promise<string>,
  progress: (begun: number) => void = () => {},
): Promise<LoadResult> {
  const { count, perSecond, maxInFlight, signal, clockMs, sleepMs } = plan;
  const ready: Promise<T>[] = [];
  const prepareMore = (upTo: number): void => {
    for (; made < upTo; made++) {
      const prepared = prepare();
      // A failure is handled where the request is awaited.
      prepared.catch(() => {});
      ready.push(prepared);
    }
  };
  let made = 0;
  prepareMore(Math.min(count, PREPARED));
  await Promise.all(ready);
  const latencies: number[] = [];
  const outcomes = new Map<string, number>();
  const inFlight = new Set<Promise<void>>();
  const started = clockMs();
  for (let begun = 0; begun < count && !signal.aborted; begun++) {
    const dueMs = started + begun * 1000 / perSecond;
    const earlyMs = dueMs - clockMs();
    if (earlyMs > 0) await sleepMs(earlyMs);
    while (inFlight.size >= maxInFlight) await Promise.race(inFlight);
    const next = ready.shift();
    if (next === undefined) break;
    const prepared = await next;
    prepareMore(Math.min(count, begun + 1 + PREPARED));
    const request = send(prepared).then((outcome) => {
      latencies.push(clockMs() - dueMs);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      inFlight.delete(request);
    });
    inFlight.add(request);
    progress(begun + 1);
  }
  await Promise.all(inFlight);
  const seconds = (clockMs() - started) / 1000;
  return { seconds, outcomes: Object.fromEntries(outcomes), latencyMs: percentiles(latencies) };
}

/** Nearest-rank percentiles; 0 if there are no values. */
export function percentiles(values: readonly number[]): LoadResult["latencyMs"] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}
