import type { DayDigest, Selection } from "../../src/model/feed.ts";
import type { Direction, SyncStatus } from "../../src/model/peer-sync.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import type { OpenClient, PeerClient } from "../client/peer-client.ts";
import { outcomeOf, type SyncOutcome } from "./outcome.ts";
import type { FeedPositions } from "../outbound.ts";
import type { NoRegion } from "../policy/no-region.ts";
import { wholeAgreement } from "../policy/selection.ts";
import { type PullDependencies, pullFrom, type PullResult } from "../client/pull.ts";
import { pushTo, type PushToDependencies } from "../client/push.ts";
import { compareDigests, type Comparison, missingKeys, toldDigests } from "../client/reconcile.ts";
import { repairDays } from "../client/repair.ts";

/** What running one direction with one peer needs. */
export type SyncDependencies = PullDependencies & PushToDependencies & {
  readonly openClient: OpenClient;
  readonly notes: {
    note(peer: string, direction: Direction, outcome: SyncOutcome): Promise<void>;
    noteComparison(peer: string, same: boolean): Promise<void>;
    restart(peer: string): Promise<void>;
    noteRepair(peer: string): Promise<void>;
  };
  /** How many keys of closed windows come after a place in our feed, up to a bound. */
  readonly keysToPush: (
    selection: Selection,
    after: FeedPositions,
    closedThrough: number,
  ) => Promise<number>;
  readonly pulledDigests: (peer: string) => Promise<readonly DayDigest[]>;
  /** In [0, 1). */
  readonly random: () => number;
};

/** Counts of one run. */
export type SyncReport = {
  readonly keys: number;
  readonly counts: Readonly<Record<string, number>>;
};

/** How a gateway of the European kind is worked with in one direction, in place of {@link syncPull} and {@link syncPush}. */
export type SyncGateway = (
  peer: Peer,
  before: SyncStatus | undefined,
  work: Pick<SyncDependencies, "notes"> & {
    /** Ends the work when the agreement is another one by now. */
    readonly checkAgreement: () => Promise<void>;
  },
  signal: AbortSignal,
) => Promise<SyncReport>;

/** Digests are compared that often, in seconds: a window closes every hour. */
const COMPARE_EVERY_SECONDS = 3600;
/** How far the peer's clock may be ahead of ours. */
const MAX_AHEAD_SECONDS = 60;
/** Days that differ are read again that often at most, in seconds, however wrong the digests are. */
const REPAIR_EVERY_SECONDS = 6 * 3600;

/** Pulls from a peer, compares, repairs what is missing, and notes how it went. Never throws for the peer's faults. */
export async function syncPull(
  peer: Peer,
  before: SyncStatus | undefined,
  deps: SyncDependencies,
  signal: AbortSignal,
): Promise<SyncReport> {
  const { client } = await deps.openClient(peer, signal);
  const first = await pullFrom(peer, client, deps, signal);
  const found = first.caughtUp ? await reconcile(peer, client, before, first, deps, signal) : {};
  const last = found.pulled ?? first;
  if (last.failure?.code === "invalid_argument") await deps.notes.restart(peer.name);
  const lagKeys = found.lagKeys ?? await keysLeft(peer, client, before, last, deps, signal);
  const { keys, revised } = last.cursors;
  // A stream that has not begun does not tell.
  const window = Math.min(keys.timestamp, revised.timestamp || keys.timestamp);
  await deps.notes.note(peer.name, "pull", {
    ...outcomeOf(last, peer.pull.interval, before, deps.random()),
    ...lagOf(last.caughtUp, window, deps),
    ...(lagKeys === undefined ? {} : { lagKeys }),
  });
  if (found.givesNone === true) await noteGivesNone(peer, deps);
  if (found.same !== undefined) await deps.notes.noteComparison(peer.name, found.same);
  return found.pulled === undefined
    ? { keys: first.keys, counts: first.counts }
    : { keys: first.keys + last.keys, counts: sum(first.counts, last.counts) };
}

/** Tells the history, for the status, why nothing comes although all is well. */
async function noteGivesNone({ name }: Peer, { inbound }: SyncDependencies): Promise<void> {
  const verdicts: Partial<Record<NoRegion, number>> = { no_region_given: 1 };
  await inbound.transaction((transaction) =>
    transaction.addPage({ peer: name, kind: "pull", keys: 0, revised: 0, verdicts, tookMs: 0 })
  );
}

/** How far the window that comes next lies back; unknown before the first one, and of a peer that is ahead of time. */
function lagOf(
  caughtUp: boolean,
  window: number,
  { clockMs }: SyncDependencies,
): { readonly lagSeconds?: number } {
  const seconds = Math.round(clockMs() / 1000 - window);
  if (seconds < -MAX_AHEAD_SECONDS) return {};
  if (caughtUp) return { lagSeconds: 0 };
  return window === 0 ? {} : { lagSeconds: Math.max(0, seconds) };
}

/** Keys that are still to come, as the peer counts them: asked once, then counted down. */
async function keysLeft(
  peer: Peer,
  client: PeerClient,
  before: SyncStatus | undefined,
  { caughtUp, failure, keys }: PullResult,
  deps: SyncDependencies,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (caughtUp) return before?.lagKeys;
  if (before?.lagKeys !== undefined && before.state !== "ok") {
    return Math.max(0, before.lagKeys - keys);
  }
  const answers = failure === undefined || failure.code === "resource_exhausted";
  if (!answers || signal.aborted) return undefined;
  const told = await toldDigests(peer, client, Math.floor(deps.clockMs() / 1000), signal);
  return told === undefined ? undefined : missingKeys(told, await deps.pulledDigests(peer.name));
}

/** Pushes to a peer and notes how it went. */
export async function syncPush(
  peer: Peer,
  before: SyncStatus | undefined,
  deps: SyncDependencies,
  signal: AbortSignal,
): Promise<SyncReport> {
  const { client } = await deps.openClient(peer, signal);
  const result = await pushTo(peer, client, deps, signal);
  await deps.notes.note(peer.name, "push", {
    ...outcomeOf(result, peer.push.interval, before, deps.random()),
    ...lagOf(result.caughtUp, result.window, deps),
    lagKeys: result.caughtUp
      ? 0
      : await deps.keysToPush(wholeAgreement(peer), result.at, await deps.closedThrough()),
  });
  return { keys: result.keys, counts: result.counts };
}

type Reconciled = {
  /** The second pull, if one was needed. */
  readonly pulled?: PullResult;
  readonly same?: boolean;
  readonly lagKeys?: number;
  readonly givesNone?: boolean;
};

/** Compares, and reads the days that differ again, unless that was done not long ago. */
async function reconcile(
  peer: Peer,
  client: PeerClient,
  before: SyncStatus | undefined,
  pulled: PullResult,
  deps: SyncDependencies,
  signal: AbortSignal,
): Promise<Reconciled> {
  const now = Math.floor(deps.clockMs() / 1000);
  const { cursors } = pulled;
  const compare = async (): Promise<Comparison> =>
    await compareDigests(peer, client, await deps.pulledDigests(peer.name), cursors, now, signal);
  if ((before?.comparedAt ?? -Infinity) + COMPARE_EVERY_SECONDS > now) return {};
  const first = await compare();
  const mayRepair = (before?.repairedAt ?? -Infinity) + REPAIR_EVERY_SECONDS <= now;
  if (first.kind !== "different" || !mayRepair) return told(first);
  await deps.notes.noteRepair(peer.name);
  const repaired = await repairDays(peer, client, first.days, cursors, deps, signal);
  return {
    ...told(first),
    pulled: repaired.pulled,
    ...(repaired.whole ? told(await compare()) : {}),
  };
}

function told(found: Comparison): Omit<Reconciled, "pulled"> {
  if (found.kind === "unknown") return {};
  const { givesNone } = found;
  return found.kind === "same"
    ? { same: true, lagKeys: 0, givesNone }
    : { same: false, lagKeys: found.missing, givesNone };
}

function sum(
  left: Readonly<Record<string, number>>,
  right: Readonly<Record<string, number>>,
): Record<string, number> {
  const both = { ...left };
  for (const [name, count] of Object.entries(right)) both[name] = (both[name] ?? 0) + count;
  return both;
}
