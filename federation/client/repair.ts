import type { DayDigest } from "../../src/model/feed.ts";
import { DAY_SECONDS } from "../../src/model/interval.ts";
import type { PeerCursors } from "../../src/model/peer-sync.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import { mergedDigests } from "../digest.ts";
import type { InboundStore } from "../inbound.ts";
import type { PeerClient } from "./peer-client.ts";
import { placeText, type PullDependencies, pullFrom, type PullResult } from "./pull.ts";

/**
 * Reads again what a peer sent of these UTC days, which differ, and replaces what is known of them. A key goes out
 * after its day has begun, so the feed is read from the first of the days on. The place in the feed stays where it is:
 * `at`. Unless this ends there too, nothing is replaced, since keys would be counted twice: `whole` tells.
 */
export async function repairDays(
  peer: Peer,
  client: PeerClient,
  days: readonly number[],
  at: PeerCursors,
  deps: PullDependencies,
  signal: AbortSignal,
): Promise<{ readonly pulled: PullResult; readonly whole: boolean }> {
  const found: DayDigest[] = [];
  const first = { timestamp: Math.min(...days) * DAY_SECONDS, nextToken: "" };
  const pulled = await pullFrom(peer, client, {
    ...deps,
    places: {
      place: () =>
        Promise.resolve({
          filters: placeText(peer),
          cursors: { keys: first, revised: first },
          version: 0,
        }),
    },
    inbound: withoutPlace(deps.inbound, (digests) => {
      found.push(...digests.filter(({ day }) => days.includes(day)));
    }),
  }, signal);
  const { keys, revised } = pulled.cursors;
  const whole = pulled.caughtUp && keys.timestamp === at.keys.timestamp &&
    revised.timestamp === at.revised.timestamp;
  if (whole) {
    await deps.inbound.transaction((transaction) =>
      transaction.addDigests(peer.name, mergedDigests(found), days)
    );
  }
  return { pulled, whole };
}

/** The same store; the place does not move, and digests go to `take` once they are stored. */
function withoutPlace(
  inbound: InboundStore,
  take: (digests: readonly DayDigest[]) => void,
): InboundStore {
  return {
    transaction: async (work) => {
      // A transaction may be tried more than once.
      let last: readonly DayDigest[] = [];
      const done = await inbound.transaction((transaction) =>
        work({
          ...transaction,
          moveCursor: () => Promise.resolve(),
          addDigests: (_peer, digests) => {
            last = digests;
            return Promise.resolve();
          },
        })
      );
      take(last);
      return done;
    },
  };
}
