import { describe, expect, it } from "vitest";
import { useDatabase } from "../support/database.ts";
import { insertExposures } from "../support/exposure-rows.ts";
import { type StoredKey, storedKeys } from "./oracle.ts";
import { atRest, type RealServer, realServer, until } from "./real-server.ts";
import { keyBytes } from "./support.ts";

const KEYS = 30;
const CALLS = { enabled: true, interval: "1s", pageSize: 7 };

/** Everybody passes on everything, and takes everything. */
const agreement = (peer: RealServer) => ({
  kind: "Peer",
  name: peer.name,
  serverId: peer.id,
  protocol: "connect",
  send: { regions: ["R0"], onlyTravelers: false, resend: true },
  accept: { regions: ["R0"], onlyTravelers: false, acceptClinical: true },
  pull: CALLS,
  push: CALLS,
});

/** Keys of one server, every third one revised a second later; the database's time decides when. */
async function publish({ database }: RealServer, first: number, at: number): Promise<void> {
  const [row] = await database.bulk<{ now: number }[]>`select wayfarer_now() as now`;
  const now = row?.now ?? 0;
  await insertExposures(
    database,
    Array.from({ length: KEYS }, (_, index) => ({
      key: keyBytes(first + index),
      created_at: now + at,
      interval_number: Math.floor(now / 600) - 300,
      report_type: "likely",
      ...(index % 3 > 0 ? {} : {
        revised_at: now + at + 1,
        revised_report_type: index % 2 > 0 ? "confirmed" : "negative",
        revised_transmission_risk: 7,
      }),
    })),
  );
}

describe("three servers in processes of their own that pass on what they get", () => {
  const databases = [useDatabase(), useDatabase(), useDatabase()] as const;

  it("have each key once, from its home, and let no key go round", async () => {
    const servers = await Promise.all(
      ["a", "b", "c"].map((name, at) => realServer(name, databases[at]?.() ?? databases[0]())),
    );
    await Promise.all(servers.map(async (server, at) => {
      await server.apply(servers.filter((other) => other !== server).map(agreement));
      await publish(server, at * 1000, -30);
    }));
    await Promise.all(servers.map((server) => server.start()));
    // One of them dies while it passes on what others publish.
    const [first, second] = servers;
    await Promise.all([
      ...servers.map((server, at) => publish(server, at * 1000 + KEYS, 2)),
      second?.way.carried(10_000).then(() => second.kill()).then(() => second.start()),
    ]);
    await until("all are caught up", 120_000, () => atRest(servers), servers);

    const stored = new Map<string, ReadonlyMap<string, StoredKey>>();
    for (const { name, database } of servers) stored.set(name, (await storedKeys(database)).keys);
    for (const { name, database } of servers) {
      const keys = stored.get(name) ?? new Map<string, StoredKey>();
      expect([...keys.keys()].sort()).toEqual([...(stored.get("a") ?? new Map()).keys()].sort());
      expect(keys.size).toBe(3 * 2 * KEYS);
      expect([...keys.values()].filter(({ source }) => source === "local")).toHaveLength(2 * KEYS);
      for (const key of keys.values()) {
        const home = servers.find((one) => stored.get(one.name)?.get(key.key)?.source === "local");
        const origin = stored.get(home?.name ?? "")?.get(key.key);
        const { revised_type, revised_risk } = origin ?? key;
        expect(key).toMatchObject({ revised_type, revised_risk, type: "likely", risk: 2 });
        if (home?.name === name) {
          expect(key).toMatchObject({ source_name: null, home_server: null, hops: 0 });
          continue;
        }
        // A hop more than where it came from, which had it before.
        const from = stored.get(key.source_name ?? "")?.get(key.key);
        expect(key).toMatchObject({
          source: "peer",
          home_server: home?.id,
          hops: (from?.hops ?? NaN) + 1,
        });
        expect(key.created_at).toBeGreaterThan(from?.created_at ?? NaN);
      }
      const [verdicts] = await database.bulk<{ stored: number; revised: number }[]>`
        select sum((verdicts->>'stored')::int) as stored, sum((verdicts->>'revised')::int) as revised
        from peer_page where direction in ('pull', 'pushed')`;
      expect(verdicts).toEqual({ stored: 4 * KEYS, revised: 4 * Math.ceil(KEYS / 3) });
    }
    expect(first?.way.broken()).toBe(0);
  }, 180_000);
});
