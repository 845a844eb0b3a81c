import type { PeerStatus } from "../../federation/schedule/status.ts";
import { lagNow } from "../app/peer-figures.ts";
import type { Direction, PageKind, SyncStatus } from "../model/peer-sync.ts";
import { isActive } from "../model/resource/members.ts";
import type { Peer } from "../model/resource/peer.ts";
import { printable, utcDay } from "./printable.ts";

/** How federation with a peer stands, in lines for people. `now`: UTC seconds. */
export function peerStatusLines(
  { name, serverId, protocol, ...status }: PeerStatus,
  agreement: Peer,
  now: number,
): readonly string[] {
  const last = (kind: PageKind): string =>
    at(status.lastPages.find((one) => one.kind === kind)?.at);
  return [
    `${name}  ${serverId}  ${protocol}`,
    ...(["pull", "push"] as const).map((direction) =>
      `  ${direction}: ${stateOf(direction, status[direction], agreement, now)}${
        why(status.nothing[direction])
      }`
    ),
    `  calls us: last fetched ${last("fetched")}, last pushed ${last("pushed")}${
      why(status.nothing.fetched)
    }`,
    ...status.lastPages.map((page) =>
      `  ${at(page.at)} ${page.kind}, ${page.tookMs} ms: ${countsOf(page)}`
    ),
    ...status.days.map((day) => `  ${utcDay(day.day * 86_400)} ${day.kind}: ${countsOf(day)}`),
  ];
}

const why = (nothing: string | undefined): string => nothing === undefined ? "" : `; ${nothing}`;

function stateOf(
  direction: Direction,
  standing: SyncStatus | undefined,
  agreement: Peer,
  now: number,
): string {
  if (!agreement[direction].enabled) return "off";
  if (!isActive(agreement, now)) return "not in force";
  if (standing === undefined) return "not tried yet";
  const { state, succeededAt, nextTryAt, lagKeys, inSyncSince, error } = standing;
  const parts = [
    state,
    `last success ${at(succeededAt)}`,
    `next try ${at(nextTryAt)}`,
    `${lagNow(standing, now)} s behind`,
    ...(lagKeys === undefined ? [] : [`${lagKeys} keys behind`]),
    ...(inSyncSince === undefined || state !== "ok" ? [] : [`in sync since ${at(inSyncSince)}`]),
    ...(error === undefined ? [] : [printable(error)]),
  ];
  return parts.join(", ");
}

type Counted = Pick<PeerStatus["days"][number], "keys" | "revised" | "verdicts">;

function countsOf({ keys, revised, verdicts }: Counted): string {
  const counts = Object.entries(verdicts).map(([what, count]) => `${what} ${count}`);
  return `${keys} keys, ${revised} revised${counts.length === 0 ? "" : `  ${counts.join(", ")}`}`;
}

function at(seconds: number | undefined): string {
  return seconds === undefined ? "never" : new Date(seconds * 1000).toISOString();
}
