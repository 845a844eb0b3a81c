import { beforeEach, describe, expect, it } from "vitest";
import type { InboundTransaction } from "../../federation/inbound.ts";
import { pullJob, pushJob } from "../../federation/schedule/jobs.ts";
import { wholeAgreement } from "../../federation/policy/selection.ts";
import { type Candidate, maySend } from "./may-send.ts";
import { AppError } from "../../src/errors.ts";
import { asRegion, asServerId, type Region } from "../../src/model/ids.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import { useDatabase } from "../support/database.ts";
import { type ExposureRow, insertExposures } from "../support/exposure-rows.ts";
import { randomOf } from "../support/random.ts";
import { NOW, peerOf, regionNames } from "./support.ts";
import { newWorld, type Server, type World } from "./world.ts";

const HOUR = 3600;
const A = asServerId("https://a.example");
const B = asServerId("https://b.example");
const RUNS = Number(process.env["FUZZ_RUNS"] ?? 3);
const signal = new AbortController().signal;

describe("two servers in a storm", () => {
  const databases = [useDatabase(), useDatabase()] as const;

  beforeEach(() => Promise.all(databases.map((database) => database().clear())));

  /** The same server, whose writes and answers fail now and then. */
  const shaken = (server: Server, random: () => number): Server => ({
    ...server,
    inbound: {
      transaction: async <T>(work: (transaction: InboundTransaction) => Promise<T>) => {
        if (random() < 0.1) throw new AppError("database_unavailable");
        const done = await server.inbound.transaction<T>(async (transaction) => {
          const value = await work(transaction);
          if (random() < 0.1) throw new AppError("database_unavailable");
          return value;
        });
        if (random() < 0.1) throw new AppError("database_unavailable");
        return done;
      },
    },
  });
  /** The network between them: calls and answers get lost. */
  const shakeNetwork = (world: World, random: () => number): () => void => {
    const calm = new Map(world.handlers);
    for (const [origin, handler] of calm) {
      world.handlers.set(origin, async (request, connection) => {
        if (random() < 0.1) throw new AppError("fetch_failed", "lost");
        const answer = await handler(request, connection);
        if (random() < 0.1) throw new AppError("fetch_failed", "lost");
        return answer;
      });
    }
    return () => calm.forEach((handler, origin) => world.handlers.set(origin, handler));
  };

  const candidates = async ({ database }: Server) =>
    await database.sql<(Candidate & { hex: string })[]>`
      select encode(key, 'hex') as hex, regions, traveler, source, source_name as "sourceName",
             home_server as "homeServer", hops from exposure order by key`;

  it.each(Array.from({ length: RUNS }, (_, run) => run + 1))(
    "loses and leaks nothing, seed %i",
    async (seed) => {
      const random = randomOf(seed * 7919);
      const pick = <T>(from: readonly T[]): T =>
        from[Math.floor(random() * from.length)] ?? from[0] as T;
      const world = newWorld(NOW + 60);
      const a = await world.server(A, databases[0]());
      const b = await world.server(B, databases[1]());
      const regions: Region[] = [...regionNames(3), asRegion("X")];
      const agreement = (name: string, serverId: typeof A): Peer =>
        peerOf({
          name,
          serverId,
          protocol: "connect",
          send: {
            regions: regionNames(1 + Math.floor(random() * 2)),
            excludeRegions: random() < 0.5 ? [asRegion("X")] : [],
            onlyTravelers: random() < 0.5,
          },
          accept: { regions, onlyTravelers: false, acceptClinical: true, acceptSelfReport: true },
          pull: { enabled: true, interval: "1s", pageSize: 1 + Math.floor(random() * 12) },
          push: {
            enabled: random() < 0.5,
            interval: "1s",
            pageSize: 1 + Math.floor(random() * 12),
          },
        });
      a.agreements.push(agreement("b", B));
      b.agreements.push(agreement("a", A));
      const calm = shakeNetwork(world, random);
      let number = 0;
      const publish = async (server: Server, at: number): Promise<void> => {
        const rows = Array.from({ length: Math.floor(random() * 15) }, () => {
          const key = new Uint8Array(16).map(() => Math.floor(random() * 256));
          key[0] = number++ % 256;
          const revised = random() < 0.2;
          return {
            key,
            created_at: Math.floor(at / HOUR) * HOUR,
            interval_number: Math.floor(at / 600) - 150 - Math.floor(random() * 1000),
            regions: regions.filter(() => random() < 0.4),
            traveler: random() < 0.6,
            report_type: revised ? "likely" : "confirmed",
            source: random() < 0.05 ? "generated" : "local",
            ...(revised
              ? {
                revised_at: (Math.floor(at / HOUR) + Math.floor(random() * 3)) * HOUR,
                revised_report_type: pick(["confirmed", "negative"]),
              }
              : {}),
          } satisfies Partial<ExposureRow> & { key: Uint8Array; created_at: number };
        });
        await insertExposures(server.database, rows);
      };
      let at = NOW + 60;
      for (let step = 0; step < 12; step++) {
        await publish(a, at);
        await publish(b, at);
        at += Math.floor(random() * 2 * HOUR);
        await world.setTime(at);
        const jobs = [pullJob, pushJob].flatMap((
          job,
        ) => [job(shaken(a, random)), job(shaken(b, random))]);
        await Promise.all(jobs.filter(() => random() < 0.8).map((job) => job.run(signal)));
      }
      calm();
      // Calm again: after the longest back-off, everything arrives.
      for (let hour = 1; hour <= 6; hour++) {
        await world.setTime(at + hour * HOUR);
        for (const server of [a, b]) {
          await pullJob(server).run(signal);
          await pushJob(server).run(signal);
        }
      }
      for (
        const [from, to, peer, name] of [[a, b, a.agreements[0], "a"], [
          b,
          a,
          b.agreements[0],
          "b",
        ]] as const
      ) {
        if (peer === undefined) throw new Error("no agreement");
        const selection = wholeAgreement(peer);
        const wanted = (await candidates(from)).filter((key) => maySend(key, selection)).map((
          { hex },
        ) => hex);
        const arrived = (await candidates(to)).filter(({ sourceName }) => sourceName === name);
        expect(arrived.map(({ hex }) => hex)).toEqual(wanted);
        expect(
          arrived.every((key) =>
            key.hops === 1 && key.regions.every((region) => selection.regions.includes(region))
          ),
        ).toBe(true);
        const revisedHere = async ({ database }: Server) =>
          await database.sql`select encode(key, 'hex') as hex, revised_report_type from exposure
          where revised_at is not null and encode(key, 'hex') = any(${wanted}::text[]) order by key`;
        expect(await revisedHere(to)).toEqual(await revisedHere(from));
        const status = (await to.statuses()).statuses.find((one) => one.direction === "pull");
        expect(status).toMatchObject({ state: "ok", lagSeconds: 0, lagKeys: 0 });
        expect(status?.inSyncSince).toBeDefined();
      }
    },
    120_000,
  );
});
