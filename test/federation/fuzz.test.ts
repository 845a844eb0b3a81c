import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { PATHS } from "../../federation/messages.ts";
import { asServerId } from "../../src/model/ids.ts";
import type { Handler } from "../../src/runtime/runtime.ts";
import { useDatabase } from "../support/database.ts";
import { insertExposures } from "../support/exposure-rows.ts";
import { type FuzzedCall, fuzzedCalls } from "./fuzz-messages.ts";
import { callIn } from "./service/encodings.ts";
import { newPair } from "./pair.ts";
import { keyBytes, NOW, regionNames } from "./support.ts";
import type { Server, World } from "./world.ts";

const A = asServerId("https://a.example");
const RUNS = Number(process.env["FUZZ_RUNS"] ?? 800);
const SEED = 20_231_114;
const MIB = 1024 * 1024;

/** Everything but success that a broken message may lead to. */
const REFUSALS: Readonly<Record<number, RegExp>> = {
  3: /./,
  4: /./,
  8: /^more than \d+ (bytes|fields|keys)/,
  12: /gzip or identity/,
  // What gRPC asks for a frame that contradicts the headers.
  13:
    /^(a frame has unknown flags|a message is marked as compressed, but grpc-encoding names nothing)$/,
};

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");
const heapBytes = () => {
  collect();
  return process.memoryUsage().heapUsed;
};

describe("messages that nobody meant", () => {
  const databases = [useDatabase(), useDatabase()] as const;
  let world: World;
  let a: Server;
  let b: Server;
  let handler: Handler;

  beforeEach(async () => {
    ({ world, a, b, handler } = await newPair([databases[0](), databases[1]()]));
    await insertExposures(
      a.database,
      Array.from({ length: 20 }, (_, index) => ({
        key: keyBytes(index),
        created_at: NOW - 3600,
        regions: regionNames(1 + index % 2),
      })),
    );
  });

  const ended = async ({ method, encoding, body, headers }: FuzzedCall) => {
    // A token for Push works once, and others would grow old.
    const token = await b.token(A);
    const message = new ReadableStream<Uint8Array>({
      start: (controller) => {
        if (body.length > 0) controller.enqueue(body);
        controller.close();
      },
    });
    return await callIn(handler, { encoding, path: PATHS[method], message, token, headers });
  };

  it(`end with a status and a reason, and store nothing wrong (${RUNS})`, async () => {
    const statuses: Record<string, number> = {};
    let runs = 0;
    let before = 0;
    await fc.assert(
      fc.asyncProperty(fuzzedCalls, async (call) => {
        world.clock.ms += 5;
        const { status, message } = await ended(call);
        expect(a.thrown).toEqual([]);
        if (status !== 0) expect(message).toMatch(REFUSALS[status] ?? /^no such status$/);
        const name = `${call.method} ${call.encoding} ${status}`;
        statuses[name] = (statuses[name] ?? 0) + 1;
        a.recorded.length = 0;
        runs += 1;
        if (runs === Math.floor(RUNS / 4)) before = heapBytes();
      }),
      { numRuns: RUNS, seed: SEED },
    );
    const grown = heapBytes() - before;
    if (RUNS > 10_000) {
      const told = { statuses, heapMiB: before / MIB, grownMiB: grown / MIB };
      process.stdout.write(`${JSON.stringify(told, null, 1)}\n`);
    }
    // Each method got through and was refused in each encoding.
    for (const method of Object.keys(PATHS)) {
      for (const encoding of ["grpc", "grpc-web", "connect", "json"]) {
        for (const status of [0, 3]) {
          expect(statuses, `${method} ${encoding} ${status}`)
            .toHaveProperty([`${method} ${encoding} ${status}`]);
        }
      }
    }
    expect(grown).toBeLessThan(24 * MIB);
    const { sql } = databases[0]();
    const [stored] = await sql<{ peers: number }[]>`
      select count(*) as peers from exposure where source = 'peer'`;
    expect(stored?.peers).toBeGreaterThan(RUNS / 100);
    const now = Math.floor(world.clock.ms / 1000);
    expect(
      await sql`
        select * from exposure where source = 'peer' and not (
          octet_length(key) = 16 and interval_count between 1 and 144
          and interval_number between ${NOW / 600 - 2160} and ${Math.floor(now / 600)}
          and transmission_risk between 0 and 8 and report_type = 'confirmed'
          and coalesce(revised_report_type, 'negative') in ('confirmed', 'negative')
          and coalesce(days_since_onset, 0) between -14 and 14
          and coalesce(revised_days_since_onset, 0) between -14 and 14
          and regions <@ '{R0,R1}' and cardinality(regions) between 1 and 2
          and traveler and hops between 1 and 4 and source_name = 'b'
          and home_server ~ '^https?://[!-~]{1,250}$' and home_server <> ${A}
        )`,
    ).toEqual([]);
    expect((await sql`select from exposure where source <> 'peer'`).length).toBe(20);
  });
}, 3_600_000);
