import { REFUSALS } from "../../federation/policy/acceptance.ts";
import type { Direction, PageKind, SyncState, SyncStatus } from "../model/peer-sync.ts";
import { isActive } from "../model/resource/members.ts";
import type { Peer } from "../model/resource/peer.ts";
import type { DayCount } from "../store/federation/page.ts";

/** How one direction of a peer stands at a moment. Times in seconds; what is not known is absent. */
export type DirectionFigures = {
  readonly peer: string;
  readonly direction: Direction;
  /** Absent: never tried. */
  readonly state?: SyncState;
  readonly lagSeconds?: number;
  readonly lagKeys?: number;
  readonly sinceSuccess?: number;
  /** Until the next try; negative: overdue. */
  readonly untilNextTry?: number;
  /** In a row. */
  readonly failures?: number;
};

/** A number of keys of today, in UTC. `what`: `new`, `revised`, or a verdict. */
export type KeyFigure = {
  readonly peer: string;
  readonly kind: PageKind;
  readonly what: string;
  readonly count: number;
};

/** Federation in figures. */
export type PeerFigures = {
  readonly directions: readonly DirectionFigures[];
  readonly keys: readonly KeyFigure[];
  readonly verdicts: readonly KeyFigure[];
};

/** Where figures come from. */
export type FiguresDependencies = {
  readonly peers: () => Promise<readonly Peer[]>;
  readonly statuses: () => Promise<{
    readonly now: number;
    readonly statuses:
      readonly (SyncStatus & { readonly peer: string; readonly direction: Direction })[];
  }>;
  readonly perDay: (days: number) => Promise<readonly DayCount[]>;
};

/** The figures of now, of directions that are switched on and agreements that are in force. */
export async function peerFigures(deps: FiguresDependencies): Promise<PeerFigures> {
  const [all, { now, statuses }, today] = await Promise.all([
    deps.peers(),
    deps.statuses(),
    deps.perDay(1),
  ]);
  const peers = all.filter((peer) => isActive(peer, now));
  const counted = today.filter(({ peer }) => peers.some(({ name }) => name === peer));
  const directions = peers.flatMap((peer) =>
    (["pull", "push"] as const).filter((direction) => peer[direction].enabled).map((direction) => ({
      peer: peer.name,
      direction,
      ...standing(
        statuses.find((one) => one.peer === peer.name && one.direction === direction),
        now,
      ),
    }))
  );
  return {
    directions,
    keys: counted.flatMap(({ peer, kind, keys, revised }) => [
      { peer, kind, what: "new", count: keys },
      { peer, kind, what: "revised", count: revised },
    ]),
    verdicts: counted.flatMap(({ peer, kind, verdicts }) =>
      Object.entries(ours(verdicts)).map(([what, count]) => ({ peer, kind, what, count }))
    ),
  };
}

function standing(
  status: SyncStatus | undefined,
  now: number,
): Omit<DirectionFigures, "peer" | "direction"> {
  if (status === undefined) return {};
  const { state, failures, nextTryAt, succeededAt, lagKeys } = status;
  return {
    state,
    failures,
    untilNextTry: nextTryAt - now,
    lagSeconds: lagNow(status, now),
    ...(lagKeys === undefined ? {} : { lagKeys }),
    ...(succeededAt === undefined ? {} : { sinceSuccess: now - succeededAt }),
  };
}

/** A try may be late by so much, in seconds, before what was well counts as behind. */
const PATIENCE_SECONDS = 60;

/**
 * Seconds that a direction is behind now, whatever was true at its last try: 0 only while all that was there had
 * come over and the next try is not overdue. Else it grows, from the window that comes next or the last success,
 * whichever is earlier, so that neither a peer that fails nor one that lies about its windows looks well.
 */
export function lagNow(status: SyncStatus, now: number): number {
  const { state, stateSince, triedAt, succeededAt, nextTryAt, nextWindow, lagSeconds } = status;
  if (state === "ok" && now <= nextTryAt + PATIENCE_SECONDS) return 0;
  const well = state === "behind" ? stateSince : succeededAt ?? stateSince;
  const told = lagSeconds === undefined ? well : triedAt - lagSeconds;
  const window = nextWindow === undefined || nextWindow === 0 ? told : nextWindow;
  return Math.max(0, now - Math.min(well, window));
}

const TAKEN: readonly string[] = ["stored", "revised", "duplicate"];

/** Verdicts under names of ours alone; whatever a peer called its others is `refused`. */
function ours(verdicts: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const known: Record<string, number> = {};
  for (const [name, count] of Object.entries(verdicts)) {
    const label = TAKEN.includes(name) || Object.hasOwn(REFUSALS, name) ? name : "refused";
    known[label] = (known[label] ?? 0) + Number(count);
  }
  return known;
}
