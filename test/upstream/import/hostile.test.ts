import { constants, deflateRawSync } from "node:zlib";
import { unzipSync, zipSync } from "fflate";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ExportSigner } from "../../../src/export-file/build.ts";
import { useDatabase } from "../../support/database.ts";
import { mustRead, newSigner, zipOf } from "../../export-file/sample.ts";
import { type Answer, openUpstream, type UpstreamServer } from "../upstream-server.ts";
import { fileOf, importOf, NOON, openWorld, pastKey, rawFileOf, type World } from "../world.ts";

/** The entries of a file, to tamper with. */
async function entriesOf(zip: Uint8Array): Promise<{ bin: Uint8Array; sig: Uint8Array }> {
  const { bin } = await mustRead(zip);
  const sig = unzipSync(zip)["export.sig"];
  if (sig === undefined) throw new Error("no signature");
  return { bin, sig };
}

/** A zip whose export.bin is 1 MiB deflated and truthfully states that it expands to 1 GiB. */
function bombOf(sig: Uint8Array): Uint8Array {
  const mebibyte = deflateRawSync(new Uint8Array(2 ** 20), { finishFlush: constants.Z_FULL_FLUSH });
  const deflated = Buffer.concat([
    ...Array.from({ length: 1024 }, () => mebibyte),
    Buffer.of(3, 0),
  ]);
  const bomb = Buffer.from(zipSync({ "export.bin": deflated, "export.sig": sig }, { level: 0 }));
  const central = bomb.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
  for (const header of [0, central + 2]) {
    bomb.writeUInt16LE(8, header + 8);
    bomb.writeUInt32LE(2 ** 30, header + 22);
  }
  return bomb;
}

describe("importExports() of invalid files", () => {
  const database = useDatabase();
  let signer: ExportSigner;
  let stranger: ExportSigner;
  let pem: string;
  let server: UpstreamServer;
  let world: World;

  beforeAll(async () => {
    ({ signer, pem } = await newSigner());
    ({ signer: stranger } = await newSigner("v9", "999"));
  });
  beforeEach(async () => {
    server = await openUpstream();
    world = await openWorld(database(), importOf(server, pem));
  });
  afterEach(() => server.close());

  /** Imports `bad` between two valid files and returns its failure, if any. The valid files must be imported. */
  const importBetween = async (
    bad: Uint8Array | Answer | undefined,
  ): Promise<{ code: string; message: string } | undefined> => {
    server.index("1.zip", "2.zip", "3.zip");
    server.set("/files/1.zip", await fileOf([signer], [pastKey(1)]));
    server.set("/files/2.zip", bad);
    server.set("/files/3.zip", await fileOf([signer], [pastKey(3)]));
    await world.run();
    const numbers = (await world.rows()).map((row) => row.number);
    expect(numbers).toContain(1);
    expect(numbers).toContain(3);
    const status = await world.status();
    const [failure] = status?.failures ?? [];
    expect(status).toMatchObject({ done: failure === undefined ? 3 : 2, pending: 0 });
    if (failure === undefined) return undefined;
    expect(numbers).toEqual([1, 3]);
    expect(failure).toMatchObject({ attempts: 1, nextTryAt: NOON + 60 });
    return { code: failure.code, message: failure.message };
  };

  it("accepts a file with two signatures if one is by a known key", async () => {
    expect(await importBetween(await fileOf([stranger, signer], [pastKey(2)]))).toBeUndefined();
    expect((await world.rows()).length).toBe(3);
  });

  it("refuses a signature by an unknown key", async () => {
    expect(await importBetween(await fileOf([stranger], [pastKey(2)]))).toEqual({
      code: "signature_invalid",
      message: "no public key is active for the signature by 999 v9: add it to publicKeys",
    });
  });

  it("refuses a signature by another key with the same name", async () => {
    const { signer: impostor } = await newSigner();
    expect(await importBetween(await fileOf([impostor], [pastKey(2)]))).toEqual({
      code: "signature_invalid",
      message: "the signature by 310 v1 is wrong",
    });
  });

  it("refuses a file whose bytes were changed after it was signed", async () => {
    const { bin, sig } = await entriesOf(await fileOf([signer], [pastKey(2)]));
    const changed = Uint8Array.from(bin);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 2;
    expect(await importBetween(zipOf(changed, sig))).toMatchObject({ code: "signature_invalid" });
  });

  it("refuses a file without any signature", async () => {
    const { bin } = await entriesOf(await fileOf([signer], [pastKey(2)]));
    expect(await importBetween(zipOf(bin))).toEqual({
      code: "signature_invalid",
      message: "the file has no signature",
    });
  });

  it("accepts a file with extra entries, stored or deflated", async () => {
    const { bin, sig } = await entriesOf(await fileOf([signer], [pastKey(2)]));
    const zip = zipSync({
      "README.txt": new Uint8Array(2000),
      "export.sig": [sig, { level: 0 }],
      "export.bin": [bin, { level: 9 }],
    });
    expect(await importBetween(zip)).toBeUndefined();
    expect((await world.rows()).length).toBe(3);
  });

  it("refuses a zip that expands from 1 MiB to 1 GiB", async () => {
    const { sig } = await entriesOf(await fileOf([signer], [pastKey(2)]));
    const bomb = bombOf(sig);
    expect(bomb.length).toBeGreaterThan(2 ** 20);
    expect(bomb.length).toBeLessThan(1.1 * 2 ** 20);
    expect(await importBetween(bomb)).toMatchObject({ code: "limit_exceeded" });
  });

  it("refuses a file that is truncated at any byte", async () => {
    const { bin, sig } = await entriesOf(await fileOf([signer], [pastKey(2)]));
    expect(await importBetween(zipOf(bin.subarray(0, -5), sig))).toMatchObject({
      code: "malformed_file",
    });
    world = await openWorld(database(), importOf(server, pem));
    const zip = await fileOf([signer], [pastKey(2)]);
    expect(await importBetween(zip.subarray(0, -9))).toMatchObject({ code: "malformed_file" });
  });

  it("refuses a file that is not a zip, too large, redirected, missing or interrupted", async () => {
    const table: readonly (readonly [string, Uint8Array | Answer | undefined])[] = [
      ["malformed_file", new TextEncoder().encode("<html>sorry</html>")],
      ["malformed_file", new Uint8Array(0)],
      ["limit_exceeded", new Uint8Array(20 * 2 ** 20 + 1)],
      ["not_found", undefined],
      [
        "fetch_refused",
        (_, response) => response.writeHead(302, { location: "/files/1.zip" }).end(),
      ],
      ["fetch_failed", (_, response) => response.writeHead(500).end()],
      ["connection_failed", (_, response) => {
        response.writeHead(200, { "content-length": 100 }).write("a");
        response.destroy();
      }],
    ];
    for (const [code, answer] of table) {
      world = await openWorld(database(), importOf(server, pem));
      expect(await importBetween(answer)).toMatchObject({ code });
    }
  });

  it("skips invalid keys by reason and stores the valid ones", async () => {
    const now = NOON / 600;
    const keys = [
      pastKey(2),
      pastKey(10, { key: new Uint8Array(53) }),
      pastKey(11, { key: new Uint8Array(15) }),
      pastKey(12, { intervalCount: 0 }),
      pastKey(13, { intervalCount: 145 }),
      pastKey(14, { transmissionRisk: 9 }),
      pastKey(15, { transmissionRisk: -1 }),
      pastKey(16, { reportType: 5 }),
      pastKey(17, { intervalNumber: now + 1 }),
      pastKey(18, { intervalNumber: now - 145 - 15 * 144 }),
      pastKey(19, { intervalNumber: 0 }),
    ];
    const zip = await rawFileOf(signer, keys);
    expect(await importBetween(zip)).toBeUndefined();
    expect((await world.rows()).map((row) => row.number)).toEqual([1, 2, 3]);
    const [file] = await database().sql`
      select skipped, inserted, handled from import_file where url like '%/2.zip'`;
    expect(file).toEqual({
      skipped: {
        key_length: 2,
        rolling_period: 2,
        transmission_risk: 2,
        report_type: 1,
        in_future: 1,
        too_old: 2,
      },
      inserted: 1,
      handled: 11,
    });
  });

  it("drops a DSOS that no phone accepts, and counts it as missing", async () => {
    const keys = [2000, -15, 15, -14, 14].map((daysSinceOnset, index) =>
      pastKey(20 + index, { daysSinceOnset })
    );
    expect(await importBetween(await rawFileOf(signer, keys))).toBeUndefined();
    const onsets = (await world.rows()).filter((row) => row.number >= 20).map((row) => row.onset);
    expect(onsets).toEqual([10, 10, 10, -14, 14]);
    expect(await world.status()).toMatchObject({ onsetsDropped: 3, skipped: 0 });
  });

  it("accepts keys at the limits", async () => {
    const now = NOON / 600;
    const keys = [
      pastKey(30, { intervalNumber: now, intervalCount: 1 }),
      pastKey(31, { intervalNumber: now - 144 - 15 * 144 }),
      pastKey(32, { transmissionRisk: 8 }),
    ];
    expect(await importBetween(await fileOf([signer], keys))).toBeUndefined();
    expect((await world.rows()).map((row) => row.number)).toEqual([1, 3, 30, 31, 32]);
  });
});
