import { deflateRawSync } from "node:zlib";
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { TEKSignatureList, TemporaryExposureKeyExport } from "../../proto/gen/export.js";
import { keyProblems } from "../../src/export-file/file-key.ts";
import { READ_LIMITS } from "../../src/export-file/format.ts";
import { readExportFile } from "../../src/export-file/read.ts";
import vectors from "../vectors/export-protoc.json" with { type: "json" };
import {
  binOf,
  fakeSigner,
  fromHex,
  mustRead,
  sampleFile,
  sampleKeys,
  START,
  zipOf,
} from "./sample.ts";

const vector = (name: string): Uint8Array =>
  fromHex(vectors.vectors.find((candidate) => candidate.name === name)?.hex ?? "");

describe("readExportFile() of valid files", () => {
  test("reads what buildExportFile() builds", async () => {
    const keys = sampleKeys(5000);
    const revisedKeys = sampleKeys(3, 7);
    const file = await mustRead((await sampleFile(keys, revisedKeys, [fakeSigner("v2")])).zip);
    const info = { keyId: "310", keyVersion: "v2", algorithm: "1.2.840.10045.4.3.2" };
    expect(file).toMatchObject({
      start: START,
      end: START + 3600,
      region: "MAG",
      batchNum: 1,
      batchSize: 1,
      keyCount: 5000,
      revisedKeyCount: 3,
      signatureInfos: [info],
      signatures: [{ info, batchNum: 1, batchSize: 1, signature: fromHex("3006020101020102") }],
      entryNames: ["export.bin", "export.sig"],
    });
    const expected = (list: typeof keys): object[] =>
      list.map((key) => ({ ...key, variantOfConcern: 0 }));
    expect([...file.keys()]).toEqual(expected(keys));
    expect([...file.revisedKeys()]).toEqual(expected(revisedKeys));
    expect([...file.keys()].length).toBe(5000);
  });

  test("reads what protoc wrote, stored or deflated, with extra entries, comment and unknown fields", async () => {
    const unknown = fromHex("a806c801" + "b1060102030405060708" + "ba0602aabb" + "c50601020304");
    const message = Buffer.concat([unknown, vector("file"), unknown]);
    const zip = zipSync({
      "readme.txt": new Uint8Array(5),
      "export.sig": [vector("signatures"), { level: 0, comment: "signed" }],
      "export.bin": [binOf(message), { level: 0, extra: { 7: new Uint8Array(3) } }],
    });
    const file = await mustRead(zip);
    expect(file).toMatchObject({ keyCount: 4, revisedKeyCount: 1, region: "MAG" });
    expect(file.signatures.map(({ info }) => info.keyVersion)).toEqual(["v2", "v1"]);
    expect([...file.keys()].map((key) => key.daysSinceOnset)).toEqual([0, -14, 14, undefined]);
    expect([...file.keys()].map((key) => key.intervalCount)).toEqual([144, 1, 143, 144]);
  });

  test("reads entries that have a data descriptor in place of sizes", async () => {
    const { Zip, ZipDeflate } = await import("fflate");
    const chunks: Uint8Array[] = [];
    const zip = new Zip((_error, chunk) => chunks.push(chunk));
    for (
      const [name, data] of [["export.bin", binOf(vector("file"))], [
        "export.sig",
        vector("signatures"),
      ]] as const
    ) {
      const entry = new ZipDeflate(name);
      zip.add(entry);
      entry.push(new Uint8Array(data), true);
    }
    zip.end();
    expect(await mustRead(Buffer.concat(chunks))).toMatchObject({ keyCount: 4 });
  });

  test("accepts a file with odd keys, and names each key's problems", async () => {
    const file = await mustRead(zipOf(binOf(vector("odd keys"))));
    const [odd, empty] = [...file.keys()];
    expect(odd).toEqual({
      key: new Uint8Array(),
      transmissionRisk: -1,
      intervalNumber: -144,
      intervalCount: 0,
      reportType: 4,
      daysSinceOnset: 2000,
      variantOfConcern: 4,
    });
    expect([odd, empty].map((key) => key && keyProblems(key, Infinity))).toEqual([
      ["key_length", "transmission_risk", "rolling_start", "rolling_period", "days_since_onset"],
      ["key_length", "rolling_start"],
    ]);
    const long = TemporaryExposureKeyExport.encode({
      keys: [{ keyData: new Uint8Array(53), rollingStartIntervalNumber: 1, rollingPeriod: 145 }],
    }).finish();
    const reportType77 = fromHex("3a160a10" + "11".repeat(16) + "1801284d");
    const again = await mustRead(zipOf(binOf(Buffer.concat([long, reportType77]))));
    expect([...again.keys()].map((key) => keyProblems(key, Infinity))).toEqual([
      ["key_length", "rolling_period"],
      ["report_type"],
    ]);
  });
});

/** A zip with one byte, or a few, overwritten at a place that `find` names. */
function patched(zip: Uint8Array, at: number, bytes: readonly number[]): Uint8Array {
  const copy = Uint8Array.from(zip);
  copy.set(bytes, at < 0 ? zip.length + at : at);
  return copy;
}

const BIN = binOf(vector("file"));
const GOOD = zipOf(BIN, vector("signatures"));
/** The end of central directory record is the last 22 bytes; the directory starts 2 entries of 46 + 10 before. */
const END = -22;
const DIRECTORY = END - 2 * 56;
const key = (inside: string): string =>
  "3a" + (inside.length / 2).toString(16).padStart(2, "0") + inside;

describe("readExportFile() refuses", () => {
  const file = (hex: string): Uint8Array => zipOf(binOf(fromHex(hex)));
  test.each<[name: string, zip: Uint8Array, message: string]>([
    ["nothing", new Uint8Array(), "zip: no end of central directory record, at byte 0"],
    [
      "text",
      new TextEncoder().encode("<html>not found</html>".repeat(9)),
      "zip: no end of central directory record, at byte 198",
    ],
    [
      "a cut off zip",
      GOOD.subarray(0, -1),
      `zip: no end of central directory record, at byte ${GOOD.length - 1}`,
    ],
    [
      "bytes after the zip",
      Buffer.concat([GOOD, Buffer.from("x")]),
      `zip: no end of central directory record, at byte ${GOOD.length + 1}`,
    ],
    [
      "zip64",
      patched(GOOD, END + 16, [255, 255, 255, 255]),
      `zip: zip64 is not supported, at byte ${GOOD.length - 22}`,
    ],
    [
      "a part of several",
      patched(GOOD, END + 4, [1]),
      `zip: a zip in several parts is not supported, at byte ${GOOD.length - 22}`,
    ],
    [
      "a directory out of bounds",
      patched(GOOD, END + 16, [255]),
      `zip: central directory out of bounds, at byte ${GOOD.length - 22}`,
    ],
    [
      "a count that is too large",
      patched(GOOD, END + 8, [3, 0, 3]),
      `zip: no central directory entry where one should be, at byte ${GOOD.length - 22}`,
    ],
    [
      "a name out of bounds",
      patched(GOOD, DIRECTORY + 28, [255]),
      `zip: central directory entry out of bounds, at byte ${GOOD.length - 134}`,
    ],
    ["encryption", patched(GOOD, DIRECTORY + 8, [1]), "zip: export.bin is encrypted, at byte 0"],
    [
      "bzip2",
      patched(GOOD, DIRECTORY + 10, [12]),
      "zip: export.bin is compressed by unknown method 12, at byte 0",
    ],
    ["no local header", patched(GOOD, 0, [0]), "zip: no local header of export.bin, at byte 0"],
    [
      "two names for one entry",
      patched(GOOD, 30, [69]),
      "zip: the local header of export.bin differs from the central directory, at byte 0",
    ],
    [
      "two methods for one entry",
      patched(GOOD, 8, [0]),
      "zip: the local header of export.bin differs from the central directory, at byte 0",
    ],
    [
      "a wrong CRC",
      patched(GOOD, DIRECTORY + 16, [0, 0, 0, 0]),
      "zip: export.bin has a wrong CRC, at byte 0",
    ],
    [
      "compressed data out of bounds",
      patched(GOOD, DIRECTORY + 22, [99]),
      "zip: export.bin is cut off, at byte 40",
    ],
    [
      "what is not deflate",
      patched(GOOD, 40, [255]),
      "zip: export.bin is not deflated data after 0 expanded bytes, at byte 40",
    ],
    [
      "more than it states",
      patched(GOOD, DIRECTORY + 24, [16, 0]),
      "zip: export.bin expands to more than the 16 bytes that it states, at byte 40",
    ],
    [
      "less than it states",
      patched(GOOD, DIRECTORY + 24, [255, 1]),
      `zip: export.bin expands to ${BIN.length} bytes and states 511, at byte 40`,
    ],
    [
      "stored with two lengths",
      patched(
        zipSync({
          "export.bin": [BIN, { level: 0 }],
          "export.sig": [vector("signatures"), { level: 0 }],
        }),
        DIRECTORY + 24,
        [1],
      ),
      "zip: export.bin is stored with two different lengths, at byte 0",
    ],
    ["no export.bin", zipSync({ "export.sig": new Uint8Array() }), "zip: has no entry export.bin"],
    ["no export.sig", zipSync({ "export.bin": BIN }), "zip: has no entry export.sig"],
    [
      "a wrong header",
      zipOf(Buffer.from("EK Export v2    ")),
      'export.bin: does not start with "EK Export v1", at byte 0',
    ],
    [
      "a cut off header",
      zipOf(Buffer.from("EK Export v1   ")),
      "export.bin: header cut off, at byte 15",
    ],
    [
      "a cut off field",
      zipOf(BIN.subarray(0, -1)),
      `export.bin: field 8 cut off, at byte ${BIN.length - 31}`,
    ],
    ["a cut off fixed64", file("0901020304"), "export.bin: field 1 cut off, at byte 17"],
    ["a cut off varint", file("2080"), "export.bin: varint cut off, at byte 17"],
    [
      "a varint of 11 bytes",
      file("20" + "80".repeat(10) + "01"),
      "export.bin: varint of more than 10 bytes, at byte 17",
    ],
    [
      "a varint of 70 bits",
      file("20" + "ff".repeat(9) + "02"),
      "export.bin: varint of more than 64 bits, at byte 17",
    ],
    ["a length of 4 GiB", file("3affffffff0f"), "export.bin: field 7 cut off, at byte 22"],
    ["a group", file("4b4c"), "export.bin: field 9 has unsupported wire type 3, at byte 17"],
    ["wire type 7", file("4f"), "export.bin: field 9 has unsupported wire type 7, at byte 17"],
    ["field number 0", file("00"), "export.bin: field number 0, at byte 16"],
    ["a varint for a key", file("3801"), "export.bin: field 7 has wire type 0, not 2, at byte 17"],
    [
      "bytes for a number",
      file("2201ff"),
      "export.bin: field 4 has wire type 2, not 0, at byte 17",
    ],
    ["a time beyond 2^53", file("09" + "ff".repeat(8)), "export.bin: number too large, at byte 17"],
    [
      "a region that is not UTF-8",
      file("1a01ff"),
      "export.bin: string that is not UTF-8, at byte 18",
    ],
    [
      "a region of 2 KiB",
      file("1a8010" + "41".repeat(2048)),
      "export.bin: string of more than 1024 bytes, at byte 19",
    ],
    [
      "a key that is cut off inside",
      file(key("0a10ffff")),
      "export.bin: field 1 cut off, at byte 20",
    ],
    [
      "a key with a wrong wire type",
      file(key("12020102")),
      "export.bin: field 2 has wire type 2, not 0, at byte 19",
    ],
    [
      "a key with an endless varint",
      file(key("18" + "ff".repeat(12))),
      "export.bin: varint of more than 10 bytes, at byte 19",
    ],
    [
      "signatures that are none",
      zipOf(BIN, fromHex("08")),
      "export.sig: field 1 has wire type 0, not 2, at byte 1",
    ],
  ])("%s", async (_name, zip, message) => {
    expect(await readExportFile(zip)).toEqual({ ok: false, code: "malformed_file", message });
  });

  test("export.bin twice", async () => {
    const zip = zipSync({ "export.bin": BIN, "export.bim": BIN, "export.sig": new Uint8Array() });
    const twice = Buffer.from(
      Buffer.from(zip).toString("latin1").replaceAll("export.bim", "export.bin"),
      "latin1",
    );
    expect(await readExportFile(twice)).toMatchObject({
      code: "malformed_file",
      message: expect.stringMatching(/^zip: has export\.bin more than once, at byte \d+$/),
    });
  });

  const many = Object.fromEntries(
    Array.from({ length: 17 }, (_, index) => [`f${index}`, new Uint8Array()]),
  );
  const keyless = TemporaryExposureKeyExport.encode({
    keys: Array.from({ length: 11 }, () => ({})),
  });
  const signatures = TEKSignatureList.encode({
    signatures: Array.from({ length: 33 }, () => ({})),
  });
  test.each<[name: string, zip: Uint8Array, limits: object, message: string]>([
    ["a large zip", GOOD, { zipBytes: 100 }, `zip: ${GOOD.length} bytes, at most 100 allowed`],
    ["many entries", zipSync(many), {}, "zip: 17 entries, at most 16 allowed"],
    [
      "a large export.bin",
      GOOD,
      { expandedBytes: 100 },
      `zip: export.bin expands to ${BIN.length} bytes, too many`,
    ],
    [
      "export.bin and export.sig too large together",
      GOOD,
      { expandedBytes: BIN.length + 9 },
      `zip: export.sig expands to ${vector("signatures").length} bytes, too many`,
    ],
    ["many keys", zipOf(binOf(keyless.finish())), { keys: 10 }, "export.bin: more than 10 keys"],
    ["many signatures", zipOf(BIN, signatures.finish()), {}, "more than 32 signatures"],
  ])("%s, by the limit", async (_name, zip, limits, message) => {
    expect(await readExportFile(zip, { ...READ_LIMITS, ...limits })).toEqual({
      ok: false,
      code: "limit_exceeded",
      message,
    });
  });

  test("a zip bomb of 1 GiB, in little memory, with a true or a false size", async () => {
    const block = deflateRawSync(new Uint8Array(64 * 1024 * 1024), { finishFlush: 2 });
    const bomb = Buffer.concat([...Array.from({ length: 16 }, () => block), Buffer.from([3, 0])]);
    expect(bomb.length).toBeGreaterThan(1_000_000);
    const zip = Buffer.from(
      zipSync({ "export.bin": [bomb, { level: 0 }], "export.sig": new Uint8Array() }),
    );
    const directory = zip.lastIndexOf("export.bin") - 46;
    zip.writeUInt16LE(8, 8);
    zip.writeUInt16LE(8, directory + 10);
    zip.writeUInt32LE(2 ** 30, directory + 24);
    expect(await readExportFile(zip)).toMatchObject({
      code: "limit_exceeded",
      message: "zip: export.bin expands to 1073741824 bytes, too many",
    });
    zip.writeUInt32LE(10_000_000, directory + 24);
    const before = process.memoryUsage().rss;
    expect(await readExportFile(zip)).toMatchObject({
      code: "malformed_file",
      message: "zip: export.bin expands to more than the 10000000 bytes that it states, at byte 40",
    });
    // An eighth of the bomb: the process takes some for other reasons meanwhile.
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024);
  });
});
