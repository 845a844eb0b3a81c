import { setTimeout as delay } from "node:timers/promises";
import { pushJob } from "../../federation/schedule/jobs.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import type { Database } from "../../src/store/database.ts";
import { federationPeers } from "../../src/store/federation/peer.ts";
import { leases } from "../../src/store/lease.ts";
import { holdLease } from "../../src/store/lease-hold.ts";
import type { WindowSettings } from "../../src/store/exposure/closed-window-watermark.ts";
import { currentWindowSql } from "../../src/store/exposure/window-sql.ts";
import type { BenchServer } from "./federation-server.ts";

/** How often the server looks for closed windows; src/app/federation.ts. */
const LOOK_MS = 1000;
const POLL_MS = 10;

/**
 * Milliseconds from the moment a window closes (its end and the grace) to the moment at which a key of it is in the
 * receiver's database, for so many windows, with the job that a server runs. `peer` is the sender's agreement.
 */
export async function windowLags(
  sender: Database,
  receiver: Database,
  { deps }: BenchServer,
  peer: Peer,
  { windowSeconds, graceSeconds }: WindowSettings,
  windows: number,
): Promise<readonly number[]> {
  const stop = new AbortController();
  const push = pushJob({
    ...deps,
    peers: () => Promise.resolve([peer]),
    statuses: federationPeers(sender).statuses,
    hold: (name) => holdLease(leases(sender), name, "bench", 60),
    onError: (_peer, _direction, error) => {
      throw error;
    },
    intervalMs: LOOK_MS,
    gateways: { pull: notHere, push: notHere },
  });
  const working = (async () => {
    for (; !stop.signal.aborted; await delay(LOOK_MS)) await push.run(stop.signal);
  })();
  // A key a window, whose first bytes tell the window.
  const publishing = (async () => {
    for (; !stop.signal.aborted; await delay(windowSeconds * 250)) {
      await sender.bulk.unsafe(`
        insert into exposure (key, interval_number, interval_count, transmission_risk, report_type,
                              regions, traveler, created_at)
        select int8send(at) || int8send(0), wayfarer_now() / 600 - 300, 144, 2, 'confirmed', '{MAG}', true, at
        from (select ${currentWindowSql(windowSeconds)} as at) as current on conflict do nothing`);
    }
  })();
  const lags = new Map<number, number>();
  // The first window may have begun before we did.
  for (; lags.size < windows + 1; await delay(POLL_MS)) {
    const rows = await receiver.bulk<{ at: number }[]>`
      select ('x' || encode(substr(key, 1, 8), 'hex'))::bit(64)::bigint as at
      from exposure where source = 'peer'`;
    for (const { at } of rows) {
      if (!lags.has(at)) lags.set(at, Date.now() - (at + windowSeconds + graceSeconds) * 1000);
    }
  }
  stop.abort();
  await Promise.all([working, publishing]);
  return [...lags.values()].slice(1).sort((left, right) => left - right);
}

function notHere(): Promise<never> {
  throw new TypeError("there is no gateway in this bench");
}
