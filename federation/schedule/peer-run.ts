import { startDeadline } from "../../src/bounds/deadline.ts";
import { AppError, refuse } from "../../src/errors.ts";
import type { Direction, SyncStatus } from "../../src/model/peer-sync.ts";
import { isActive } from "../../src/model/resource/members.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import type { PeerClient, PeerOutcome } from "../client/peer-client.ts";
import { thrownOutcome } from "./outcome.ts";
import { type SyncDependencies, type SyncGateway, syncPull, syncPush } from "./sync.ts";

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
  /** How gateways of the European kind are worked with. */
  readonly gateways: Readonly<Record<Direction, SyncGateway>>;
};

/** A peer to work with, and how it stood before. */
export type Task = { readonly peer: Peer; readonly before: SyncStatus | undefined };

/** `due`: those whose turn has come; `now`: all that are switched on and in force. */
export type When = "due" | "now";

/** What came of working with one peer. */
export type PeerRun = {
  readonly counts: Readonly<Record<string, number>>;
  /** `busy`: another process is at it; `idle`: there was nothing to do; `failed`: something was thrown. */
  readonly kind: "done" | "idle" | "busy" | "failed";
};

const canceled = (): AppError => new AppError("canceled");
const SYNC = { pull: syncPull, push: syncPush } as const satisfies Record<Direction, unknown>;

/** The peers to work with. A push that is well is due as soon as a window has closed, whatever its interval. */
export async function tasksOf(
  direction: Direction,
  deps: FederationJobDependencies,
  when: When,
): Promise<readonly Task[]> {
  const [peers, { now, statuses }] = await Promise.all([deps.peers(), deps.statuses()]);
  const tasks = peers.filter((peer) => isWanted(peer, direction, now)).map((peer): Task => ({
    peer,
    before: statuses.find((one) => one.peer === peer.name && one.direction === direction),
  }));
  if (when === "now") return tasks;
  const waits = ({ peer, before }: Task): boolean =>
    direction === "push" && peer.protocol !== "efgs" && before?.state === "ok";
  const closedThrough = tasks.some(waits) ? await deps.closedThrough() : 0;
  return tasks.filter((task) =>
    task.before === undefined || task.before.nextTryAt <= now ||
    (waits(task) && (task.before.nextWindow ?? 0) < closedThrough)
  );
}

const isWanted = (peer: Peer, direction: Direction, nowSeconds: number): boolean =>
  peer[direction].enabled && peer.protocol !== "import" && isActive(peer, nowSeconds);

/**
 * Works with one peer under its lease until all is done, the signal is aborted, the time is over, the lease is lost
 * or the agreement is another one. Never rejects: what is thrown is noted.
 */
export async function runPeer(
  direction: Direction,
  name: string,
  deps: FederationJobDependencies,
  when: When,
  signal: AbortSignal,
  budgetMs?: number,
): Promise<PeerRun> {
  const deadline = startDeadline(budgetMs, { canceledBy: [signal], late: canceled });
  let lease: HeldLease | undefined;
  let before: SyncStatus | undefined;
  let notes = deps.notes;
  try {
    lease = await deps.hold(`${direction}:${name}`);
    if (lease === undefined) return { counts: {}, kind: "busy" };
    lease.lost.addEventListener("abort", deadline.cancel);
    if (lease.lost.aborted) deadline.cancel();
    notes = notesWhileHeld(deps.notes, lease.lost);
    const task = (await tasksOf(direction, deps, when)).find(({ peer }) => peer.name === name);
    if (task === undefined) return { counts: {}, kind: "idle" };
    before = task.before;
    const checkAgreement = agreementCheck(deps, task.peer, deadline.cancel);
    const openClient = agreedClients(deps, checkAgreement);
    const work = { ...deps, notes, openClient, checkAgreement };
    const sync = task.peer.protocol === "efgs" ? deps.gateways[direction] : SYNC[direction];
    const { keys, counts } = await sync(task.peer, before, work, deadline.signal);
    return { counts: { keys, ...counts }, kind: "done" };
  } catch (error) {
    deps.onError(name, direction, error);
    await notes.note(name, direction, thrownOutcome(error, before, deps.random()))
      .catch((again: unknown) => deps.onError(name, direction, again));
    return { counts: { failed: 1 }, kind: "failed" };
  } finally {
    deadline.end();
    await lease?.release();
  }
}

type Notes = SyncDependencies["notes"];

/** Whoever has lost the lease must not write over what the next holder notes. */
function notesWhileHeld(notes: Notes, lost: AbortSignal): Notes {
  const held = <A extends unknown[]>(write: (...all: A) => Promise<void>) => (...all: A) =>
    lost.aborted ? Promise.resolve() : write(...all);
  return {
    note: held(notes.note),
    noteComparison: held(notes.noteComparison),
    restart: held(notes.restart),
    noteRepair: held(notes.noteRepair),
  };
}

/** Calls `end` when the agreement is not in force any more, or another one by now. */
function agreementCheck(
  { peers, clockMs }: FederationJobDependencies,
  peer: Peer,
  end: () => void,
): () => Promise<void> {
  const text = JSON.stringify(peer);
  return async () => {
    const now = await peers().catch(() => []);
    const same = now.find(({ name }) => name === peer.name);
    const holds = same === peer || (same !== undefined && JSON.stringify(same) === text);
    if (!holds || !isActive(peer, clockMs() / 1000)) end();
  };
}

/** Clients that end the work as soon as the agreement is another one: nothing more goes out, nothing is stored. */
function agreedClients(
  { openClient }: FederationJobDependencies,
  check: () => Promise<void>,
): SyncDependencies["openClient"] {
  type Call<A, T> = (request: A, signal: AbortSignal) => Promise<PeerOutcome<T>>;
  const checked = <A, T>(call: Call<A, T>): Call<A, T> => async (request, signal) => {
    await check();
    if (signal.aborted) return refuse("canceled");
    const answer = await call(request, signal);
    await check();
    return answer;
  };
  return async (one, signal) => {
    const { protocol, client } = await openClient(one, signal);
    const { fetch, push, describe } = client;
    const agreed: PeerClient = {
      fetch: checked(fetch),
      push: checked(push),
      describe: checked(describe),
    };
    return { protocol, client: agreed };
  };
}

/** What came of a direction that was run by hand. */
export type SyncResult = {
  readonly direction: Direction;
  readonly counts: Readonly<Record<string, number>>;
  /** Why it failed; public. */
  readonly error?: string;
};

/** Pulls from and pushes to a peer now, as far as that is switched on and in force, under the rules of the jobs. */
export async function syncNow(
  deps: FederationJobDependencies,
  name: string,
  signal: AbortSignal,
): Promise<readonly SyncResult[]> {
  const results: SyncResult[] = [];
  for (const direction of ["pull", "push"] as const) {
    const { kind, counts } = await runPeer(direction, name, deps, "now", signal);
    if (kind === "idle") continue;
    const error = kind === "busy"
      ? "a server is at it right now"
      : (await tasksOf(direction, deps, "now")).find(({ peer }) => peer.name === name)?.before
        ?.error;
    results.push({ direction, counts, ...(error === undefined ? {} : { error }) });
  }
  return results;
}
