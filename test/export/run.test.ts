import { beforeEach, describe, expect, it } from "vitest";
import { verifyExportFile } from "../../src/export-file/verify.ts";
import { useDatabase } from "../support/database.ts";
import { config, DAY_ONE, hexKey, HOUR, openWorld, type World } from "./world.ts";

const NOON = DAY_ONE + 12 * HOUR;

describe("runExport()", () => {
  const database = useDatabase();
  let world: World;

  beforeEach(async () => {
    world = await openWorld(database());
    world.put(config({ name: "mag" }));
  });

  it("exports the most recent complete window of a new config, sorted and signed", async () => {
    await world.insert([
      { id: "before", createdAt: NOON - 5 * HOUR },
      { id: "a", createdAt: NOON - 4 * HOUR },
      { id: "b", createdAt: NOON - HOUR, revisedAt: NOON - HOUR },
      { id: "after", createdAt: NOON },
    ]);
    await database().setClock(NOON + 2 * HOUR);
    expect(await world.run()).toEqual({ windows: 1, files: 1, keys: 3, failed: 0 });
    const name = `mag/${NOON - 4 * HOUR}-${NOON}-00001.zip`;
    expect(await world.index("mag")).toEqual([name]);
    const [download] = await world.download("mag");
    const file = download?.file;
    expect(file).toMatchObject({ start: NOON - 4 * HOUR, end: NOON, region: "MAG" });
    expect(world.primaries(await world.download("mag")))
      .toEqual([hexKey("a"), hexKey("b")].sort());
    expect([...file?.keys() ?? []][0]).toMatchObject({
      transmissionRisk: 4,
      reportType: 2,
      intervalNumber: 2_832_000,
      intervalCount: 144,
      daysSinceOnset: 3,
    });
    expect([...file?.revisedKeys() ?? []]).toMatchObject([
      { transmissionRisk: 2, reportType: 1, daysSinceOnset: -1 },
    ]);
    const verdicts = file && await verifyExportFile(file, [
      { keyId: "310", keyVersion: "v1", publicKey: await world.keys.publicKeyPem("local:signer") },
    ], crypto.subtle);
    expect(verdicts?.map((one) => one.verdict)).toEqual(["valid"]);
    expect(await world.blob.head("exports", name)).toMatchObject({
      contentType: "application/zip",
      cacheControl: "public, max-age=86400",
    });
    expect(await world.blob.head("exports", "mag/index.txt")).toMatchObject({
      contentType: "text/plain",
      cacheControl: "no-cache, max-age=0",
    });
  });

  it("waits for MIN_WINDOW_AGE, and exports nothing twice", async () => {
    await database().setClock(NOON - 2 * HOUR);
    await world.run();
    await world.insert([{ id: "a", createdAt: NOON - 4 * HOUR }]);
    await database().setClock(NOON + 2 * HOUR - 1);
    expect(await world.run()).toEqual({ windows: 0, files: 0, keys: 0, failed: 0 });
    await database().setClock(NOON + 2 * HOUR);
    expect(await world.run()).toEqual({ windows: 1, files: 1, keys: 1, failed: 0 });
    expect(await world.run()).toEqual({ windows: 0, files: 0, keys: 0, failed: 0 });
  });

  it("writes no file for an empty window", async () => {
    await database().setClock(NOON + 2 * HOUR);
    expect(await world.run()).toEqual({ windows: 1, files: 0, keys: 0, failed: 0 });
    expect(await world.index("mag")).toEqual([]);
  });

  it("splits a window with more keys than a file holds, revised keys last", async () => {
    world = await openWorld(database(), { maxRecords: 2 });
    world.put(config({ name: "mag" }));
    const ids = ["a", "b", "c"];
    await world.insert(ids.map((id) => ({ id, createdAt: NOON - HOUR, revisedAt: NOON - HOUR })));
    await database().setClock(NOON + 2 * HOUR);
    expect(await world.run()).toEqual({ windows: 1, files: 3, keys: 6, failed: 0 });
    const files = await world.download("mag");
    expect(files.map(({ name }) => name.slice(-10))).toEqual([
      "-00001.zip",
      "-00002.zip",
      "-00003.zip",
    ]);
    expect(files.map(({ file }) => file.end)).toEqual([NOON + 1, NOON + 2, NOON + 3]);
    expect(files.map(({ file }) => [file.keyCount, file.revisedKeyCount]))
      .toEqual([[2, 0], [1, 1], [0, 2]]);
    expect(world.primaries(files)).toEqual(ids.map(hexKey).sort());
  });
});
