import type {
  CallbackTask,
  GatewayBatches,
  GatewayCallbacks,
} from "../../../src/model/efgs-gateway.ts";
import type { Outcome } from "../../../src/errors.ts";
import { dayAt } from "../../../src/model/interval.ts";

/** What the gateway does by itself. */
export type GatewayJobDependencies = {
  readonly batches: Pick<GatewayBatches, "make" | "forget">;
  readonly callbacks: Pick<GatewayCallbacks, "due" | "done" | "again" | "fail">;
  /** Undefined while another process holds it. */
  readonly hold: (name: string) => Promise<{ release(): Promise<void> } | undefined>;
  /** Calls a subscriber; refused unless it answered 2xx. */
  readonly call: (url: string, signal: AbortSignal) => Promise<Outcome<unknown>>;
  /** Told of uploads that no batch can take. */
  readonly onOversized: (uploads: number) => void;
  readonly maxBatchKeys: number;
  readonly maxAgeDays: number;
  /** Milliseconds since the epoch. */
  readonly clockMs: () => number;
};

/** A key may be uploaded for 15 days after its first one: so long its hash keeps it from coming twice. */
const KEPT_HASH_DAYS = 16;

/** Makes batches of the uploads that wait; one process at a time. */
export async function makeBatches(
  deps: GatewayJobDependencies,
): Promise<Readonly<Record<string, number>>> {
  const lease = await deps.hold("efgs-batches");
  if (lease === undefined) return {};
  try {
    const { batches, keys, oversized } = await deps.batches.make(deps.maxBatchKeys);
    if (oversized > 0) deps.onOversized(oversized);
    const today = dayAt(deps.clockMs() / 1000);
    const forgotten = await deps.batches.forget(today - deps.maxAgeDays, today - KEPT_HASH_DAYS);
    return { batches, keys, forgotten };
  } finally {
    await lease.release();
  }
}

/** How long to wait before a call is made again, and how often that is done. */
const RETRY_SECONDS = 300;
const MAX_RETRIES = 5;
/** Rounds of calls in one run: every round makes one call of each subscription. */
const MAX_ROUNDS = 100;

/**
 * Tells subscribers of new batches, in order, one call a subscription at a time. A subscription that does not answer
 * 2xx after five retries is marked as failed and stays in the list.
 */
export async function callSubscribers(
  deps: GatewayJobDependencies,
  signal: AbortSignal,
): Promise<Readonly<Record<string, number>>> {
  const lease = await deps.hold("efgs-callbacks");
  if (lease === undefined) return {};
  const counts = { called: 0, refused: 0 };
  try {
    for (let round = 0; round < MAX_ROUNDS && !signal.aborted; round++) {
      const due = await deps.callbacks.due();
      if (due.length === 0) break;
      const outcomes = await Promise.all(due.map((task) => callOnce(deps, task, signal)));
      for (const called of outcomes) counts[called ? "called" : "refused"] += 1;
    }
    return counts;
  } finally {
    await lease.release();
  }
}

async function callOnce(
  { callbacks, call }: GatewayJobDependencies,
  task: CallbackTask,
  signal: AbortSignal,
): Promise<boolean> {
  const date = new Date(task.day * 86_400_000).toISOString().slice(0, 10);
  const query = new URLSearchParams({ batchTag: task.tag, date });
  const answer = await call(`${task.url}?${query}`, signal);
  if (answer.ok) await callbacks.done(task.id);
  else if (signal.aborted) return false;
  else if (task.tries < MAX_RETRIES) await callbacks.again(task.id, RETRY_SECONDS);
  else await callbacks.fail(task.country, task.callback, answer.message);
  return answer.ok;
}
