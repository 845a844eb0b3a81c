import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { wireKey } from "../../../federation/wire.ts";
import { FederationFetchResponse } from "../../../proto/gen/federation.js";
import { wholeAgreement } from "../../../federation/policy/selection.ts";
import { maySend } from "../../federation/may-send.ts";
import type { FeedPosition, FeedStream, Selection } from "../../../src/model/feed.ts";
import { asInterval, asRegion, asWindow } from "../../../src/model/ids.ts";
import { encodeHex } from "../../../src/bytes/base64.ts";
import { federationFeed } from "../../../src/store/federation/feed.ts";
import { keyBytes, NOW, peerOf, regionNames } from "../../federation/support.ts";
import { useDatabase } from "../../support/database.ts";
import { type ExposureRow, insertExposures } from "../../support/exposure-rows.ts";

const HOUR = 3600;
const MUCH = 1e9;
const everything = wholeAgreement(
  peerOf({ send: { regions: regionNames(20), onlyTravelers: false, resend: true } }),
);

type Row = Partial<ExposureRow> & Pick<ExposureRow, "key" | "created_at">;

describe("federationFeed()", () => {
  const database = useDatabase();

  beforeEach(() => database().clear());

  /** Reads a stream to its end, page by page. */
  const readAll = async (
    stream: FeedStream,
    limit: number,
    selection: Selection = everything,
    { scanRows = 50_000, oldest = 0, closedThrough = NOW as number, maxBytes = MUCH } = {},
  ) => {
    const feed = federationFeed(database(), scanRows);
    let after: FeedPosition = { window: asWindow(0) };
    const keys: string[] = [];
    for (let page = 0; page < 20_000; page++) {
      const query = {
        selection,
        after,
        closedThrough: asWindow(closedThrough),
        oldest: asInterval(oldest),
        limit,
        maxBytes,
      };
      const read = await feed.read(stream, query);
      expect(read.keys.length).toBeLessThanOrEqual(limit);
      keys.push(...read.keys.map(({ key }) => encodeHex(key)));
      after = read.next;
      if (read.exhausted) return { keys, after, pages: page + 1 };
    }
    throw new Error("the feed has no end");
  };
  const hexOf = (rows: readonly Row[]) => rows.map(({ key }) => encodeHex(key));

  it("gives the keys of closed windows in order, each once, in pages of any size", async () => {
    const rows = Array.from({ length: 50 }, (_, index): Row => ({
      key: keyBytes(index * 7919 % 50),
      created_at: NOW - HOUR * (1 + Math.floor(index / 10)),
    }));
    await insertExposures(database(), [
      ...rows,
      { key: keyBytes(1000), created_at: NOW },
      { key: keyBytes(1001), created_at: NOW + HOUR },
    ]);
    const inOrder = [...rows].sort((a, b) =>
      a.created_at - b.created_at || (encodeHex(a.key) < encodeHex(b.key) ? -1 : 1)
    );
    for (const limit of [1, 7, 10, 49, 50, 51, 5000]) {
      for (const scanRows of [1, 3, 10, 50_000]) {
        const { keys, after } = await readAll("new", limit, everything, { scanRows });
        expect(keys).toEqual(hexOf(inOrder));
        expect(after).toEqual({ window: NOW });
      }
    }
  });

  it("ends a page where it has enough bytes, and never stands still", async () => {
    const rows = Array.from({ length: 30 }, (_, index): Row => ({
      key: keyBytes(index),
      created_at: NOW - HOUR * (3 - Math.floor(index / 10)),
      regions: index % 3 === 0 ? [asRegion("Z")] : regionNames(20),
      home_server: `https://third.example/${"x".repeat(200)}`,
      revised_at: NOW - HOUR,
    }));
    await insertExposures(database(), rows);
    const allowed = hexOf(rows.filter((_, index) => index % 3 !== 0));
    for (const maxBytes of [1, 1000, 2000, 5000, 1_000_000]) {
      for (const scanRows of [1, 4, 50_000]) {
        for (const stream of ["new", "revised"] as const) {
          const { keys } = await readAll(stream, 12, everything, { scanRows, maxBytes });
          expect(keys).toEqual(allowed);
        }
      }
    }
    const page = await federationFeed(database()).read("new", {
      selection: everything,
      after: { window: asWindow(0) },
      closedThrough: asWindow(NOW),
      oldest: asInterval(0),
      limit: 12,
      maxBytes: 2000,
    });
    expect(page.keys.length).toBe(3);
    expect(page.bytes).toBeLessThanOrEqual(2000);
    const wire = page.keys.map((key) => wireKey(key, everything));
    expect(page.bytes).toBeGreaterThan(
      FederationFetchResponse.encode({ keys: wire }).finish().length,
    );
  });

  it("tells how many rows it looked at", async () => {
    await insertExposures(
      database(),
      Array.from({ length: 30 }, (_, index) => ({
        key: keyBytes(index),
        created_at: NOW - HOUR,
        regions: [asRegion(index % 10 === 9 ? "R0" : "Z")],
      })),
    );
    const scanned = async (limit: number, scanRows: number) => {
      const page = await federationFeed(database(), scanRows).read("new", {
        selection: everything,
        after: { window: asWindow(0) },
        closedThrough: asWindow(NOW),
        oldest: asInterval(0),
        limit,
        maxBytes: MUCH,
      });
      return [page.scanned, page.keys.length, page.exhausted];
    };
    expect(await scanned(2, 1000)).toEqual([30, 2, false]);
    expect(await scanned(3, 1000)).toEqual([30, 3, false]);
    expect(await scanned(1, 1000)).toEqual([30, 1, false]);
    expect(await scanned(10, 1000)).toEqual([30, 3, true]);
    expect(await scanned(10, 30)).toEqual([30, 3, false]);
    expect(await scanned(10, 15)).toEqual([15, 1, false]);
  });

  it("goes on where it ended when a window closes", async () => {
    await insertExposures(database(), [
      { key: keyBytes(2), created_at: NOW - HOUR },
      { key: keyBytes(1), created_at: NOW },
    ]);
    const feed = federationFeed(database());
    const query = { selection: everything, oldest: asInterval(0), limit: 10, maxBytes: MUCH };
    const first = await feed.read("new", {
      ...query,
      after: { window: asWindow(0) },
      closedThrough: asWindow(NOW),
    });
    const second = await feed.read("new", {
      ...query,
      after: first.next,
      closedThrough: asWindow(NOW + HOUR),
    });
    expect([first, second].map((page) => page.keys.map(({ key }) => encodeHex(key)))).toEqual([
      [encodeHex(keyBytes(2))],
      [encodeHex(keyBytes(1))],
    ]);
  });

  it("stays where it is when nothing is closed beyond it", async () => {
    const after = { window: asWindow(NOW), key: keyBytes(5) };
    const page = await federationFeed(database()).read("new", {
      selection: everything,
      after,
      closedThrough: asWindow(NOW - HOUR),
      oldest: asInterval(0),
      limit: 5,
      maxBytes: MUCH,
    });
    expect(page).toEqual({ keys: [], next: after, exhausted: true, scanned: 0, bytes: 0 });
  });

  it("pages through 100,000 keys of one window", async () => {
    await database().bulk.unsafe(`
      insert into exposure (key, interval_number, interval_count, transmission_risk, report_type,
                            regions, traveler, created_at)
      select substr(sha256(int4send(n)), 1, 16), ${NOW / 600 - 150}, 144, 2, 'confirmed',
             case n % 2 when 0 then '{R0}'::text[] else '{Z}' end, true, ${NOW - HOUR}
      from generate_series(1, 100000) as n`);
    const { keys, pages } = await readAll("new", 4999);
    expect(new Set(keys).size).toBe(50_000);
    expect(keys).toEqual([...keys].sort());
    expect(pages).toBe(11);
    const narrow = await readAll("new", 500, everything, { scanRows: 200 });
    expect(narrow.keys).toEqual(keys);
  });

  it("gives revisions in the order in which they happened, and none of an embargoed key", async () => {
    await insertExposures(database(), [
      { key: keyBytes(1), created_at: NOW - 9 * HOUR, revised_at: NOW - HOUR },
      { key: keyBytes(2), created_at: NOW - 9 * HOUR, revised_at: NOW - 2 * HOUR },
      { key: keyBytes(3), created_at: NOW - 9 * HOUR, revised_at: NOW },
      { key: keyBytes(4), created_at: NOW - 9 * HOUR },
      { key: keyBytes(5), created_at: NOW + HOUR, revised_at: NOW - HOUR },
    ]);
    const { keys } = await readAll("revised", 1);
    expect(keys).toEqual([encodeHex(keyBytes(2)), encodeHex(keyBytes(1))]);
  });

  it("shows a revised key first as it was, then as it became", async () => {
    await insertExposures(database(), [{
      key: keyBytes(1),
      created_at: NOW - 9 * HOUR,
      report_type: "likely",
      transmission_risk: 4,
      days_since_onset: 3,
      revised_at: NOW - HOUR,
      revised_report_type: "confirmed",
      revised_transmission_risk: 2,
      home_server: "https://third.example",
      source: "peer",
      source_name: "third",
      hops: 2,
    }]);
    const query = {
      selection: everything,
      after: { window: asWindow(0) },
      closedThrough: asWindow(NOW),
      oldest: asInterval(0),
      limit: 5,
      maxBytes: MUCH,
    };
    const feed = federationFeed(database());
    const common = {
      key: Buffer.from(keyBytes(1)),
      intervalNumber: NOW / 600 - 9 * 6 - 144,
      intervalCount: 144,
      traveler: true,
      regions: ["R0"],
      homeServer: "https://third.example",
      hops: 2,
    };
    expect((await feed.read("new", query)).keys).toEqual([
      {
        ...common,
        window: NOW - 9 * HOUR,
        reportType: "likely",
        transmissionRisk: 4,
        daysSinceOnset: 3,
      },
    ]);
    expect((await feed.read("revised", query)).keys).toEqual([
      { ...common, window: NOW - HOUR, reportType: "confirmed", transmissionRisk: 2 },
    ]);
  });

  it("leaves out keys that are too old", async () => {
    await insertExposures(database(), [
      { key: keyBytes(1), created_at: NOW - HOUR, interval_number: 1000, interval_count: 144 },
      { key: keyBytes(2), created_at: NOW - HOUR, interval_number: 1000, interval_count: 143 },
    ]);
    const { keys } = await readAll("new", 10, everything, { oldest: 1144 });
    expect(keys).toEqual([encodeHex(keyBytes(1))]);
  });

  it("keeps self reports where they do not go, with their revocations, and sends what they became", async () => {
    const self = { created_at: NOW - HOUR, report_type: "user-report" } as const;
    const revised_at = NOW - HOUR;
    await insertExposures(database(), [
      { key: keyBytes(1), created_at: NOW - HOUR, report_type: "likely" },
      { ...self, key: keyBytes(2) },
      { ...self, key: keyBytes(3), revised_at, revised_report_type: "confirmed" },
      { ...self, key: keyBytes(4), revised_at, revised_report_type: "negative" },
      {
        ...self,
        key: keyBytes(5),
        report_type: "likely",
        revised_at,
        revised_report_type: "negative",
      },
    ]);
    const numbers = async (stream: FeedStream, selfReport: boolean) =>
      (await readAll(stream, 10, { ...everything, selfReport })).keys
        .map((hex) => Number.parseInt(hex, 16));
    expect(await numbers("new", true)).toEqual([1, 2, 3, 4, 5]);
    expect(await numbers("revised", true)).toEqual([3, 4, 5]);
    expect(await numbers("new", false)).toEqual([1, 5]);
    expect(await numbers("revised", false)).toEqual([3, 5]);
  });

  it("decides like maySend(), whatever the rows and the agreement", async () => {
    const sources = ["local", "peer", "import", "generated"] as const;
    const regions = fc.subarray([...regionNames(20), asRegion("X")]);
    const row = fc.record({
      regions,
      traveler: fc.boolean(),
      source: fc.constantFrom(...sources),
      sourceName: fc.constantFrom("sla", "other", undefined),
      homeServer: fc.constantFrom("https://keys.sla.example", "https://x.example", undefined),
      hops: fc.integer({ min: 0, max: 5 }),
      reportType: fc.constantFrom(...(["confirmed", "likely", "user-report"] as const)),
    });
    const selection = fc.record({
      regions: fc.subarray(regionNames(20)),
      excludeRegions: fc.subarray([...regionNames(20).slice(18), asRegion("X")]),
      onlyTravelers: fc.boolean(),
      onlyLocal: fc.boolean(),
      selfReport: fc.boolean(),
    });
    const check = fc.asyncProperty(
      fc.array(row, { maxLength: 60 }),
      selection,
      async (rows, chosen) => {
        await database().bulk`delete from exposure`;
        await insertExposures(
          database(),
          rows.map(({ sourceName, homeServer, reportType, ...rest }, index) => ({
            ...rest,
            key: keyBytes(index),
            created_at: NOW - HOUR,
            source_name: sourceName ?? null,
            home_server: homeServer ?? null,
            report_type: reportType,
          })),
        );
        const whole = { ...everything, ...chosen };
        const { keys } = await readAll("new", 7, whole, { scanRows: 20 });
        const wanted = rows.flatMap((one, index) =>
          maySend(one, whole) ? [encodeHex(keyBytes(index))] : []
        );
        expect(keys).toEqual(wanted);
      },
    );
    await fc.assert(check, { numRuns: Number(process.env["FUZZ_RUNS"] ?? 60), seed: 7 });
  });
});
