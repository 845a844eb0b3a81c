import { AppError, asAppError } from "../src/errors.ts";
import type { Direction, SyncStatus } from "../src/model/peer-sync.ts";
import { isActive } from "../src/model/resource/members.ts";
import type { Peer } from "../src/model/resource/peer.ts";
import { retryDelayMs } from "./retry.ts";
import {
  type SyncDependencies,
  type SyncOutcome,
  syncPull,
  syncPush,
  type SyncReport,
} from "./sync.ts";

/** A background job, as src/jobs.ts runs it. */
export type FederationJob = {
  readonly name: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly run: (signal: AbortSignal) => Promise<Readonly<Record<string, number>>>;
};

/** A lease that is kept as long as it is held. */
export type HeldLease = { readonly lost: AbortSignal; release(): Promise<void> };

/** What the jobs need. */
export type FederationJobDependencies = SyncDependencies & {
  readonly peers: () => Promise<readonly Peer[]>;
  readonly statuses: () => Promise<{
    /** UTC seconds of the database's clock. */
    readonly now: number;
    readonly statuses: readonly (SyncStatus & {
      readonly peer: string;
      readonly direction: Direction;
    })[];
  }>;
  /** Undefined while somebody else holds it. */
  readonly hold: (name: string) => Promise<HeldLease | undefined>;
  /** Told what was thrown while working with a peer, for the log. */
  readonly onError: (peer: string, direction: Direction, error: unknown) => void;
  readonly intervalMs: number;
};

/** A peer is worked with for so long at a time. */
const PEER_BUDGET_MS = 60_000;
/** While a slow peer is at work, others are looked after that often. */
const TICK_MS = 1000;
const TIMEOUT_MS = 900_000;

/** `pull`: fetches from every peer that is due. */
export function pullJob(deps: FederationJobDependencies): FederationJob {
  return peerJob("pull", syncPull, deps);
}

/** `push`: hands over to every peer that is due. */
export function pushJob(deps: FederationJobDependencies): FederationJob {
  return peerJob("push", syncPush, deps);
}

function peerJob(
  direction: Direction,
  sync: typeof syncPull,
  deps: FederationJobDependencies,
): FederationJob {
  return {
    name: direction,
    intervalMs: deps.intervalMs,
    timeoutMs: TIMEOUT_MS,
    run: async (signal) => {
      const active = new Map<string, Promise<void>>();
      const working = new Set<AbortController>();
      const stop = (): void => working.forEach((one) => one.abort(signal.reason));
      signal.addEventListener("abort", stop, { once: true });
      const total: Record<string, number> = {};
      const add = (counts: Readonly<Record<string, number>>): void => {
        for (const [name, count] of Object.entries(counts)) {
          if (count !== 0) total[name] = (total[name] ?? 0) + count;
        }
      };
      // Peers work side by side: who is due while a slow one works does not wait for it, and who is behind goes on.
      const done = new Set<string>();
      for (;;) {
        const due = signal.aborted ? [] : await dueTasks(direction, deps);
        for (const { peer } of due) {
          if (active.has(peer.name) || done.has(peer.name)) continue;
          const work = runPeer(direction, sync, peer, deps, working).then((run) => {
            if (!run.again) done.add(peer.name);
            add(run.counts);
          }).finally(() => active.delete(peer.name));
          active.set(peer.name, work);
        }
        if (active.size === 0) break;
        await Promise.race([...active.values(), pause(TICK_MS)]);
      }
      signal.removeEventListener("abort", stop);
      return total;
    },
  };
}

type Task = { readonly peer: Peer; readonly before: SyncStatus | undefined };

async function dueTasks(
  direction: Direction,
  deps: FederationJobDependencies,
): Promise<readonly Task[]> {
  const [peers, { now, statuses }] = await Promise.all([deps.peers(), deps.statuses()]);
  return peers.flatMap((peer) => {
    const before = statuses.find((one) => one.peer === peer.name && one.direction === direction);
    const wanted = peer[direction].enabled && peer.protocol !== "import" && isActive(peer, now);
    const due = before === undefined || before.nextTryAt <= now;
    return wanted && due ? [{ peer, before }] : [];
  });
}

type PeerRun = {
  readonly counts: Readonly<Record<string, number>>;
  /** Whether it may go on in the same run of the job, if it is due. */
  readonly again: boolean;
};

/** Works with one peer under its lease, unless another process does or did. Never rejects. */
async function runPeer(
  direction: Direction,
  sync: typeof syncPull,
  peer: Peer,
  deps: FederationJobDependencies,
  working: Set<AbortController>,
): Promise<PeerRun> {
  const ending = new AbortController();
  const end = (): void => ending.abort(new AppError("canceled"));
  const timer = setTimeout(end, PEER_BUDGET_MS);
  working.add(ending);
  let lease: HeldLease | undefined;
  let before: SyncStatus | undefined;
  try {
    lease = await deps.hold(`${direction}:${peer.name}`);
    if (lease === undefined) return { counts: {}, again: false };
    const task = (await dueTasks(direction, deps)).find((one) => one.peer.name === peer.name);
    if (task === undefined) return { counts: {}, again: true };
    before = task.before;
    lease.lost.addEventListener("abort", end, { once: true });
    const report: SyncReport = await sync(task.peer, before, deps, ending.signal);
    return { counts: { keys: report.keys, ...report.counts }, again: true };
  } catch (error) {
    deps.onError(peer.name, direction, error);
    await deps.notes.note(peer.name, direction, thrownOutcome(error, before, deps.random()))
      .catch((again: unknown) => deps.onError(peer.name, direction, again));
    return { counts: { failed: 1 }, again: false };
  } finally {
    clearTimeout(timer);
    working.delete(ending);
    await lease?.release();
  }
}

function thrownOutcome(
  error: unknown,
  before: SyncStatus | undefined,
  random: number,
): SyncOutcome {
  const { code, message } = asAppError(error);
  const delay = retryDelayMs((before?.failures ?? 0) + 1, random);
  return {
    state: "failing",
    nextTryInSeconds: Math.ceil(delay / 1000),
    error: `${code}: ${message}`,
  };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
