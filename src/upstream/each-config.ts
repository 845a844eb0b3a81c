import { startDeadline } from "../bounds/deadline.ts";
import type { Leases } from "../store/lease.ts";
import { holdLease, type Ticker } from "../store/lease-hold.ts";
import type { IndexReader } from "../store/upstream/index-state.ts";
import type { UpstreamSettings } from "./settings.ts";

/** The dependencies of sharing configs among workers. */
export type ConfigSharing = {
  readonly leases: Leases;
  readonly settings: Pick<UpstreamSettings, "workerTimeoutSeconds" | "maxRuntimeMs">;
  /** Names the process, whose runs may take back the leases of the previous run. */
  readonly holder: string;
  /** Renews leases. Default: the process's own timers. */
  readonly ticker?: Ticker;
};

/** Configs that a process works on at once, so that one slow server does not hold up the others. */
const AT_ONCE = 2;

/**
 * Calls `work` for every config that no other worker has, each under its lease and within MAX_RUNTIME. `work` must not
 * throw for a problem of its config. If it throws, the error is thrown once the other configs are done.
 */
export async function eachConfig<C extends { readonly name: string }>(
  sharing: ConfigSharing,
  reader: IndexReader["reader"],
  configs: readonly C[],
  signal: AbortSignal,
  work: (config: C, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { leases, settings, holder, ticker } = sharing;
  const waiting = [...configs];
  const failures: unknown[] = [];
  const one = async (config: C): Promise<void> => {
    const name = `${reader}:${config.name}`;
    const lease = await holdLease(leases, name, holder, settings.workerTimeoutSeconds, ticker);
    if (lease === undefined) return;
    const deadline = startDeadline(settings.maxRuntimeMs, { canceledBy: [signal, lease.lost] });
    try {
      await work(config, deadline.signal);
    } finally {
      deadline.end();
      await lease.release();
    }
  };
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (signal.aborted) return;
      await one(next).catch((error) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  if (failures.length > 0) throw failures[0];
}
