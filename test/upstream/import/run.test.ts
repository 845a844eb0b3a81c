import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ExportSigner } from "../../../src/export-file/build.ts";
import { useDatabase } from "../../support/database.ts";
import { newSigner } from "../../export-file/sample.ts";
import { openUpstream, type UpstreamServer } from "../upstream-server.ts";
import { DAY, fileOf, HOUR, importOf, NOON, openWorld, pastKey } from "../world.ts";

describe("importExports()", () => {
  const database = useDatabase();
  let signer: ExportSigner;
  let pem: string;
  let server: UpstreamServer;

  beforeAll(async () => {
    ({ signer, pem } = await newSigner());
  });
  beforeEach(async () => {
    server = await openUpstream();
  });
  afterEach(() => server.close());

  it("stores the keys of a file with source, region and window", async () => {
    const world = await openWorld(database(), importOf(server, pem, { traveler: true }));
    server.index("a.zip");
    server.set("/files/a.zip", await fileOf([signer], [pastKey(1), pastKey(2)]));
    expect(await world.run()).toEqual({ files: 1, inserted: 2, revised: 0, failed: 0 });
    const [row] = await database().sql`select * from exposure order by key`;
    expect(row).toMatchObject({
      interval_number: (NOON - 2 * DAY - NOON % DAY) / 600,
      interval_count: 144,
      transmission_risk: 3,
      report_type: "confirmed",
      days_since_onset: 2,
      regions: ["MAG"],
      traveler: true,
      source: "import",
      source_name: "foreign",
      created_at: NOON,
      health_authority: null,
      hops: 0,
    });
    expect(world.events).toEqual([{
      kind: "file-imported",
      name: "foreign",
      file: "a.zip",
      inserted: 2,
      revised: 0,
      duplicates: 0,
      skipped: 0,
    }]);
    expect(await world.status()).toMatchObject({ done: 1, pending: 0, failed: 0, inserted: 2 });
  });

  it("reads each file once, in the order of the index", async () => {
    const world = await openWorld(database(), importOf(server, pem));
    server.index("b.zip", "/sub/a.zip", "b.zip", "");
    server.set("/files/b.zip", await fileOf([signer], [pastKey(1)]));
    server.set("/files/sub/a.zip", await fileOf([signer], [pastKey(2)]));
    await world.run();
    expect(await world.run()).toEqual({ files: 0, inserted: 0, revised: 0, failed: 0 });
    expect(server.asked).toEqual([
      "/index.txt",
      "/files/b.zip",
      "/files/sub/a.zip",
      "/index.txt",
    ]);
  });

  it("holds back a key that is still valid until its end plus one window", async () => {
    const world = await openWorld(database(), importOf(server, pem));
    const today = (NOON - NOON % DAY) / 600;
    server.index("a.zip");
    server.set(
      "/files/a.zip",
      await fileOf([signer], [
        pastKey(1, { intervalNumber: today }),
        pastKey(2, { intervalNumber: today, intervalCount: 73 }),
        pastKey(3, { intervalNumber: today, intervalCount: 72 }),
      ]),
    );
    await world.run();
    expect((await world.rows()).map((row) => row.createdAt)).toEqual([
      NOON - NOON % DAY + DAY + HOUR,
      NOON + HOUR,
      NOON,
    ]);
  });

  it("accepts the usable report types and fills in missing values", async () => {
    const world = await openWorld(database(), importOf(server, pem));
    server.index("a.zip");
    const keys = [0, 1, 2, 3, 4, 5, 9].map((reportType, index) =>
      pastKey(index, { reportType, daysSinceOnset: undefined, transmissionRisk: 0 })
    );
    server.set("/files/a.zip", await fileOf([signer], keys));
    await world.run();
    expect(
      (await world.rows()).map((row) => [row.number, row.reportType, row.risk, row.onset]),
    ).toEqual([
      [0, "confirmed", 2, 10],
      [1, "confirmed", 2, 10],
      [2, "likely", 4, 10],
      [3, "user-report", 5, 10],
    ]);
    expect(await world.status()).toMatchObject({ done: 1, inserted: 4, skipped: 3 });
  });
});
