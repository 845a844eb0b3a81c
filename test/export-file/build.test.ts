import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { TEKSignatureList, TemporaryExposureKeyExport } from "../../proto/gen/export.js";
import { buildExportFile } from "../../src/export-file/build.ts";
import { FILE_HEADER } from "../../src/export-file/format.ts";
import vectors from "../vectors/export-protoc.json" with { type: "json" };
import {
  batches,
  binOf,
  fakeSigner,
  fromHex,
  HEADER,
  keyNumber,
  newSigner,
  sampleFile,
  sampleKeys,
  START,
  toHex,
} from "./sample.ts";

const vector = (name: string): Uint8Array =>
  fromHex(vectors.vectors.find((candidate) => candidate.name === name)?.hex ?? "");

/** Key bytes of the vectors: one byte, then 1…15. */
const vectorKey = (first: number): Uint8Array =>
  Uint8Array.from({ length: 16 }, (_, index) => index === 0 ? first : index);

describe("buildExportFile()", () => {
  test("writes the bytes that protoc writes", async () => {
    const start = START / 600;
    const built = await buildExportFile({
      header: HEADER,
      signers: [fakeSigner("v2"), fakeSigner("v1")],
      keys: batches(
        [
          {
            key: vectorKey(0),
            transmissionRisk: 2,
            intervalNumber: start,
            intervalCount: 144,
            reportType: 1,
            daysSinceOnset: 0,
          },
          {
            key: vectorKey(16),
            transmissionRisk: 0,
            intervalNumber: start - 144,
            intervalCount: 1,
            reportType: 2,
            daysSinceOnset: -14,
          },
        ],
        [],
        [
          {
            key: vectorKey(127),
            transmissionRisk: 8,
            intervalNumber: start - 288,
            intervalCount: 143,
            reportType: 3,
            daysSinceOnset: 14,
          },
          {
            key: new Uint8Array(16).fill(255),
            transmissionRisk: 5,
            intervalNumber: 2 ** 31 - 1,
            intervalCount: 144,
            reportType: 1,
            daysSinceOnset: 15,
          },
        ],
      ),
      revisedKeys: batches([
        {
          key: vectorKey(129),
          transmissionRisk: 6,
          intervalNumber: start,
          intervalCount: 100,
          reportType: 5,
          daysSinceOnset: -1,
        },
      ]),
    });
    expect(toHex(built.bin)).toBe(toHex(binOf(vector("file"))));
    expect(toHex(built.sig)).toBe(toHex(vector("signatures")));
    expect(built).toMatchObject({ keyCount: 4, revisedKeyCount: 1 });
  });

  test("writes the bytes that protobufjs writes", async () => {
    const keys = sampleKeys(10_000);
    const revisedKeys = sampleKeys(5, 3);
    const built = await sampleFile(keys, revisedKeys);
    const wire = (list: typeof keys): object[] =>
      list.map((row) => ({
        keyData: row.key,
        transmissionRiskLevel: row.transmissionRisk,
        rollingStartIntervalNumber: row.intervalNumber,
        ...row.intervalCount !== 144 && { rollingPeriod: row.intervalCount },
        reportType: row.reportType,
        ...row.daysSinceOnset !== undefined && { daysSinceOnsetOfSymptoms: row.daysSinceOnset },
      }));
    const message = TemporaryExposureKeyExport.encode({
      startTimestamp: HEADER.start,
      endTimestamp: HEADER.end,
      region: HEADER.region,
      batchNum: 1,
      batchSize: 1,
      signatureInfos: [{
        verificationKeyVersion: "v1",
        verificationKeyId: "310",
        signatureAlgorithm: "1.2.840.10045.4.3.2",
      }],
      keys: wire(keys),
      revisedKeys: wire(revisedKeys),
    }).finish();
    expect(Buffer.compare(built.bin, binOf(message))).toBe(0);
  });

  test("writes a zip that other implementations read as export.bin, then export.sig", async () => {
    const built = await sampleFile();
    const entries = unzipSync(built.zip);
    expect(Object.keys(entries)).toEqual(["export.bin", "export.sig"]);
    expect(entries["export.bin"]).toEqual(built.bin);
    expect(entries["export.sig"]).toEqual(built.sig);
    expect(new TextDecoder().decode(built.bin.subarray(0, 16))).toBe(FILE_HEADER);
    const folder = mkdtempSync(join(tmpdir(), "export-"));
    try {
      writeFileSync(join(folder, "file.zip"), built.zip);
      const listed = execFileSync("python3", [
        "-c",
        "import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); print(z.testzip(), z.namelist(), z.infolist()[0].date_time)",
        join(folder, "file.zip"),
      ], { encoding: "utf8" });
      expect(listed.trim()).toBe("None ['export.bin', 'export.sig'] (1980, 1, 1, 0, 0, 0)");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("builds the same file for the same keys, however they are batched", async () => {
    const keys = sampleKeys(9000);
    const signers = [fakeSigner()];
    const whole = await sampleFile(keys);
    const again = await buildExportFile({
      header: HEADER,
      signers,
      keys: batches(keys.slice(0, 1), keys.slice(1, 8999), [], keys.slice(8999)),
      revisedKeys: async () => {},
    });
    const appended = await buildExportFile({
      header: HEADER,
      signers,
      keys: async (append) => {
        const packed = Buffer.concat(keys.map(({ key }) => key));
        for (const [index, row] of keys.entries()) {
          append({ ...row, key: packed.subarray(index * 16, index * 16 + 16) });
        }
      },
      revisedKeys: async () => {},
    });
    expect(Buffer.compare(again.zip, whole.zip)).toBe(0);
    expect(Buffer.compare(appended.zip, whole.zip)).toBe(0);
  });

  test("writes a signature that OpenSSL verifies", async () => {
    const { signer, pem } = await newSigner();
    const { bin, sig } = await sampleFile(sampleKeys(50), [], [signer]);
    const der = TEKSignatureList.decode(sig).signatures[0]?.signature ?? new Uint8Array();
    const folder = mkdtempSync(join(tmpdir(), "export-"));
    try {
      const at = (name: string): string => join(folder, name);
      writeFileSync(at("key.pem"), pem);
      writeFileSync(at("sig.der"), der);
      writeFileSync(at("export.bin"), bin);
      const args = ["dgst", "-sha256", "-verify", at("key.pem"), "-signature", at("sig.der")];
      const said = execFileSync("openssl", [...args, at("export.bin")], { encoding: "utf8" });
      expect(said).toBe("Verified OK\n");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("signs with ten keys, in the given order, and with no more", async () => {
    const signers = Array.from({ length: 11 }, (_, index) => fakeSigner(`v${11 - index}`));
    const { sig, bin } = await sampleFile(sampleKeys(1), [], signers.slice(0, 10));
    const versions = signers.slice(0, 10).map(({ info }) => info.keyVersion);
    expect(
      TEKSignatureList.decode(sig).signatures.map(({ signatureInfo }) =>
        signatureInfo?.verificationKeyVersion
      ),
    ).toEqual(versions);
    expect(
      TemporaryExposureKeyExport.decode(bin.subarray(16)).signatureInfos.map((info) =>
        info.verificationKeyVersion
      ),
    ).toEqual(versions);
    for (const list of [signers, []]) {
      await expect(sampleFile(sampleKeys(1), [], list)).rejects.toMatchObject({
        code: "invalid_configuration",
        message: `an export file needs 1 to 10 signing keys, not ${list.length}`,
      });
    }
  });

  test("refuses a signature of another length", async () => {
    const signer = { ...fakeSigner(), sign: async () => new Uint8Array(71) };
    await expect(sampleFile(sampleKeys(1), [], [signer])).rejects.toMatchObject({
      code: "internal",
      message: "the signature by key 310 v1 is not 64 bytes long",
    });
  });

  const good = {
    transmissionRisk: 2,
    intervalNumber: 2_673_648,
    intervalCount: 144,
    reportType: 1,
  };
  test.each([
    [
      "out of order",
      [{ ...good, key: keyNumber(2) }, { ...good, key: keyNumber(1) }],
      "the key at position 1 is not greater than the previous key",
    ],
    [
      "twice",
      [{ ...good, key: keyNumber(2) }, { ...good, key: keyNumber(2) }],
      "the key at position 1 is not greater than the previous key",
    ],
    [
      "too long",
      [{ ...good, key: new Uint8Array(17) }],
      "the key at position 0 is not 16 bytes long",
    ],
    [
      "negative",
      [{ ...good, key: keyNumber(1), transmissionRisk: -1 }],
      "the key at position 0 has a number out of range",
    ],
    [
      "not whole",
      [{ ...good, key: keyNumber(1), intervalNumber: 1.5 }],
      "the key at position 0 has a number out of range",
    ],
    [
      "too large",
      [{ ...good, key: keyNumber(1), intervalNumber: 2 ** 31 }],
      "the key at position 0 has a number out of range",
    ],
  ])("throws for keys %s", async (_name, keys, message) => {
    await expect(sampleFile(keys)).rejects.toMatchObject({
      code: "internal",
      message: `export file: ${message}`,
    });
  });

  test("throws for a key that is appended with too few bytes", async () => {
    const [key] = sampleKeys(1);
    const built = buildExportFile({
      header: HEADER,
      signers: [fakeSigner()],
      keys: async (append) => key && append({ ...key, key: new Uint8Array(15) }),
      revisedKeys: batches(),
    });
    await expect(built).rejects.toMatchObject({
      code: "internal",
      message: "export file: the key at position 0 is not 16 bytes long",
    });
  });

  test("does not block the event loop", async () => {
    let turns = 0;
    let running = true;
    const turn = (): void => {
      turns++;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    await sampleFile(sampleKeys(40_960));
    running = false;
    expect(turns).toBeGreaterThanOrEqual(10);
  });
});
