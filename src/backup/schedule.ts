import type { HeldLease } from "../store/lease-hold.ts";
import type { StoredBackups } from "./stored.ts";

/** What making backups on a schedule needs. */
export type ScheduleDependencies = {
  readonly backups: StoredBackups;
  readonly intervalSeconds: number;
  readonly keep: number;
  /** UTC seconds. */
  readonly now: () => number;
  /** Undefined when another process makes one. */
  readonly hold: () => Promise<HeldLease | undefined>;
  /** The bytes of an encrypted backup of this moment, handed to `store`; answers how many rows it holds. */
  readonly make: (store: (chunks: AsyncIterable<Uint8Array>) => Promise<void>) => Promise<number>;
};

/** What a run did. */
export type ScheduledRun = {
  readonly backups: number;
  readonly rows: number;
  readonly removed: number;
};

const NOTHING: ScheduledRun = { backups: 0, rows: 0, removed: 0 };

/**
 * Makes a backup when the newest one is older than the interval, and removes those beyond `keep`. `always`: makes one
 * now. Two processes never make one at the same time.
 */
export async function runSchedule(
  { backups, intervalSeconds, keep, now, hold, make }: ScheduleDependencies,
  signal: AbortSignal,
  always: boolean = false,
): Promise<ScheduledRun> {
  const isDue = async (): Promise<boolean> => {
    const [newest] = await backups.list();
    return always || newest === undefined || now() - newest.at >= intervalSeconds;
  };
  if (!await isDue()) return NOTHING;
  const lease = await hold();
  if (lease === undefined) return NOTHING;
  const ended = AbortSignal.any([signal, lease.lost]);
  try {
    // Another process may have made one since.
    if (!await isDue()) return NOTHING;
    const rows = await make(async (chunks) => {
      await backups.write(now(), chunks, ended);
    });
    return { backups: 1, rows, removed: await backups.prune(keep) };
  } finally {
    await lease.release();
  }
}
