import process from "node:process";
import { describe, expect, it } from "vitest";
import { useDatabase } from "../support/database.ts";
import { temporaryFolder } from "../support/program.ts";
import { randomOf } from "../support/random.ts";
import type { Fate } from "../support/tcp-proxy.ts";
import { difference, type Direction, type Shown, shown } from "./oracle.ts";
import { atRest, type RealServer, realServer, until } from "./real-server.ts";
import { fillWindow, phonesOf, stormIssuer, stormResources } from "./storm-keys.ts";

/**
 * Keys in the one big window; more than half of them cross, in pages of 7, in both ways. With STORM_KEYS=100000 two shared
 * cores need a quarter of an hour, 9 minutes of it computing; 460 lines break meanwhile.
 */
const KEYS = Number(process.env["STORM_KEYS"] ?? 1500);
const SEED = Number(process.env["STORM_SEED"] ?? 1);
const STEPS = 5 + Math.floor(KEYS / 10_000);
/** Keys that come to each server at each step, by the side of those that are published. */
const FRESH = 150;
/** Something happens after at most so many bytes. */
const SPAN = KEYS * 6;
/** Once it is calm. */
const DEADLINE_MS = 120_000 + KEYS * 10;

const CALLS = { enabled: true, interval: "1s", pageSize: 7 };

/** Different in each member, so that each of them decides about some keys. */
function directions(a: RealServer, b: RealServer): { readonly toA: Direction; toB: Direction } {
  return {
    toB: {
      from: a,
      sends: { regions: ["A1", "A2"], excludeRegions: ["X"], onlyTravelers: true },
      takes: {
        regions: ["A1", "A9"],
        onlyTravelers: true,
        acceptClinical: false,
        acceptSelfReport: true,
        assignRegions: {},
      },
    },
    toA: {
      from: b,
      sends: { regions: ["B1", "B2"], excludeRegions: [], onlyTravelers: false },
      takes: {
        regions: ["B1", "B2", "X"],
        onlyTravelers: false,
        acceptClinical: true,
        acceptSelfReport: false,
        assignRegions: { B2: "Q2" },
      },
    },
  };
}

const agreement = (peer: RealServer, sending: Direction, taking: Direction) => ({
  kind: "Peer",
  name: peer.name,
  serverId: peer.id,
  protocol: "connect",
  send: sending.sends,
  accept: taking.takes,
  pull: CALLS,
  push: CALLS,
});

/** Calls in the middle of which lines break, or creep. */
const storm = (random: () => number) => (): Fate => ({
  breaksAfter: 1000 + Math.floor(random() ** 2 * 60_000),
  ...(random() < 0.2
    ? { pieces: { bytes: 1 + Math.floor(random() * 500), ms: random() * 3 } }
    : {}),
});

/** What goes wrong, step by step: not by the clock, but when so many bytes have passed. */
function troubles(a: RealServer, b: RealServer, random: () => number) {
  const kill = async (server: RealServer): Promise<void> => {
    await server.way.carried(Math.floor(random() * SPAN));
    await server.kill();
    await server.start();
  };
  // Two processes work with one peer at once, as if the first had been given up.
  const interfere = async (server: RealServer, peer: RealServer): Promise<void> => {
    await server.way.carried(Math.floor(random() * SPAN));
    await server.endLeases();
    await server.run("peer", "sync", peer.name).catch(() => "one of them gives way");
  };
  return [
    () => kill(a),
    () => interfere(a, b),
    () => kill(b),
    () => interfere(b, a),
    () => Promise.all([kill(a), kill(b)]),
  ];
}

/** What pages told of keys that came must add up to what is there: a key that was taken twice would show. */
async function verdictsOf({ database }: RealServer): Promise<{ stored: number; revised: number }> {
  const [row] = await database.bulk<{ stored: number; revised: number }[]>`
    select coalesce(sum((verdicts->>'stored')::int), 0) as stored,
           coalesce(sum((verdicts->>'revised')::int), 0) as revised
    from peer_page where direction in ('pull', 'pushed')`;
  return row ?? { stored: 0, revised: 0 };
}

/**
 * Keys of all pages with which a place in a feed moved on. Each way must have moved over each key once, or the other way
 * might hide what it left out.
 */
async function passed({ database }: RealServer, way: "pull" | "push"): Promise<Shown> {
  const [row] = await database.bulk<Shown[]>`
    select coalesce(sum(keys), 0) as keys, coalesce(sum(revised), 0) as revised
    from peer_page where direction = ${way}`;
  return row ?? { keys: 0, revised: 0 };
}

describe("two servers in processes of their own, pulling and pushing in pages of 7", () => {
  const databases = [useDatabase(), useDatabase()] as const;

  it("bring each key across once, whatever breaks", async () => {
    const random = randomOf(SEED * 7919);
    const [a, b] = await Promise.all([
      realServer("a", databases[0]()),
      realServer("b", databases[1]()),
    ]);
    const servers = [[a, "A"], [b, "B"]] as const;
    const { toA, toB } = directions(a, b);
    const issuer = await stormIssuer(await temporaryFolder());
    await Promise.all([
      a.apply([...stormResources("A", issuer), agreement(b, toB, toA)]),
      b.apply([...stormResources("B", issuer), agreement(a, toA, toB)]),
      fillWindow(a.database, { letter: "A", count: KEYS, regions: "A", at: -30 }),
      fillWindow(b.database, { letter: "B", count: FRESH, regions: "B", at: -30 }),
      // The same keys at both.
      ...servers.map(([{ database }, regions]) =>
        fillWindow(database, { letter: "both", count: 50, regions, at: -30 })
      ),
    ]);

    servers.forEach(([{ way }]) => way.setWeather(storm(random)));
    await Promise.all([a.start(), b.start()]);
    const phones = servers.map(([server], at) => phonesOf(server, issuer, randomOf(SEED + at + 1)));
    const taken = { published: 0, revised: 0, lost: 0 };
    const wrong = troubles(a, b, random);
    for (let step = 0; step < STEPS; step++) {
      await Promise.all([
        wrong[step % wrong.length]?.(),
        ...phones.map(async (publish) => {
          for (let round = 0; round < 5; round++) taken[await publish()] += 1;
        }),
        ...servers.map(([{ database }, regions]) =>
          fillWindow(database, { letter: `${regions}${step}`, count: FRESH, regions, at: 2 })
        ),
      ]);
    }
    await until(
      "lines broke",
      60_000,
      () => Promise.resolve(a.way.broken() + b.way.broken() > STEPS),
    );
    expect(Math.min(taken.published, taken.revised)).toBeGreaterThan(STEPS);

    servers.forEach(([{ way }]) => way.setWeather(() => ({})));
    // The database may have heard a last word of a process that was dead already: a lease that nobody holds.
    await Promise.all([a.endLeases(), b.endLeases()]);
    await until("both are caught up", DEADLINE_MS, () => atRest([a, b]), [a, b]);
    for (const [from, to, direction] of [[a, b, toB], [b, a, toA]] as const) {
      const found = await difference(from.database, to.database, direction);
      expect(found).toMatchObject({ missing: [], tooMuch: [] });
      expect(found.expected).toBeGreaterThan(FRESH * STEPS / 4);
      expect(found.revised).toBeGreaterThan(FRESH / 20);
      expect(await verdictsOf(to)).toEqual({ stored: found.expected, revised: found.revised });
      expect(await passed(to, "pull")).toEqual(await shown(from.database, direction, "pull"));
      expect(await passed(from, "push")).toEqual(await shown(from.database, direction, "push"));
    }
  }, 120_000 + DEADLINE_MS);
});
