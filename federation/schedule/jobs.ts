import type { Direction } from "../../src/model/peer-sync.ts";
import { type FederationJobDependencies, runPeer, tasksOf, type When } from "./peer-run.ts";

/** A background job, as src/jobs.ts runs it. */
export type FederationJob = {
  readonly name: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Works with the peers that are due. */
  readonly run: FederationWork;
  /** Works with every peer that is switched on. */
  readonly runNow: FederationWork;
};

type FederationWork = (
  signal: AbortSignal,
  noteFailure?: (reason: string) => void,
) => Promise<Readonly<Record<string, number>>>;

/** A peer is worked with for so long at a time. */
const PEER_BUDGET_MS = 60_000;
/** While a slow peer is at work, others are looked after that often. */
const TICK_MS = 1000;
const TIMEOUT_MS = 900_000;

/** `pull`: fetches from every peer that is due. */
export function pullJob(deps: FederationJobDependencies): FederationJob {
  return peerJob("pull", deps);
}

/** `push`: hands over to every peer that is due. */
export function pushJob(deps: FederationJobDependencies): FederationJob {
  return peerJob("push", deps);
}

function peerJob(direction: Direction, deps: FederationJobDependencies): FederationJob {
  return {
    name: direction,
    intervalMs: deps.intervalMs,
    timeoutMs: TIMEOUT_MS,
    run: (signal, noteFailure) =>
      workWithPeers(direction, noting(deps, noteFailure), "due", signal),
    runNow: (signal, noteFailure) =>
      workWithPeers(direction, noting(deps, noteFailure), "now", signal),
  };
}

/** The same dependencies; whoever runs the job is told of every peer that could not be worked with. */
function noting(
  deps: FederationJobDependencies,
  noteFailure: (reason: string) => void = () => {},
): FederationJobDependencies {
  return {
    ...deps,
    notes: {
      ...deps.notes,
      note: async (peer, direction, outcome) => {
        const failed = outcome.state === "failing" || outcome.state === "refused";
        if (failed) noteFailure(`${peer}: ${outcome.error ?? outcome.state}`);
        await deps.notes.note(peer, direction, outcome);
      },
    },
  };
}

/** Peers work side by side: who is due while a slow one works does not wait for it, and who is behind goes on. */
async function workWithPeers(
  direction: Direction,
  deps: FederationJobDependencies,
  first: When,
  signal: AbortSignal,
): Promise<Readonly<Record<string, number>>> {
  const total: Record<string, number> = {};
  const active = new Map<string, Promise<void>>();
  // Who failed, or is at another process, is left alone for a tick.
  const resting = new Set<string>();
  let wake = (): void => {};
  const ticker = setInterval(() => {
    resting.clear();
    wake();
  }, TICK_MS);
  const begin = async (name: string, when: When): Promise<void> => {
    const { counts, kind } = await runPeer(direction, name, deps, when, signal, PEER_BUDGET_MS);
    if (kind === "busy" || kind === "failed") resting.add(name);
    for (const [counted, count] of Object.entries(counts)) {
      if (count !== 0) total[counted] = (total[counted] ?? 0) + count;
    }
    active.delete(name);
  };
  try {
    for (let when = first;; when = "due") {
      const tasks = signal.aborted ? [] : await tasksOf(direction, deps, when);
      for (const { peer: { name } } of tasks) {
        if (!active.has(name) && !resting.has(name)) active.set(name, begin(name, when));
      }
      if (active.size === 0) return total;
      await Promise.race([...active.values(), new Promise<void>((next) => wake = next)]);
    }
  } finally {
    clearInterval(ticker);
    await Promise.all(active.values());
  }
}
