import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { TEKSignatureList, TemporaryExposureKeyExport } from "../../proto/gen/export.js";
import { inspectExportFile } from "../../src/export-file/inspect.ts";
import { type Finding, lintExportFile } from "../../src/export-file/lint.ts";
import { effectOn, PHONE_RULES } from "../../src/export-file/phone-rules.ts";
import { readAnyExport } from "../../src/export-file/read.ts";
import { verifyExportFile } from "../../src/export-file/verify.ts";
import {
  binOf,
  fakeSigner,
  fromHex,
  keyNumber,
  mustRead,
  newSigner,
  sampleFile,
  sampleKeys,
  START,
  zipOf,
} from "./sample.ts";

type Said = Pick<Finding, "code" | "level" | "text">;
const said = (findings: readonly Finding[]): readonly Said[] =>
  findings.map(({ code, level, text }) => ({ code, level, text }));

async function findings(bytes: Uint8Array): Promise<readonly Finding[]> {
  const file = await readAnyExport(bytes);
  if (!file.ok) throw new Error(file.message);
  return lintExportFile(file.value, await inspectExportFile(file.value));
}
const lint = async (bytes: Uint8Array): Promise<readonly Said[]> => said(await findings(bytes));

const good = await sampleFile(sampleKeys(20), sampleKeys(2));
const goodBin = TemporaryExposureKeyExport.decode(good.bin.subarray(16));
const goodSig = TEKSignatureList.decode(good.sig);
const [goodSignature] = goodSig.signatures;
const [goodInfo] = goodBin.signatureInfos;

/** The good file with fields of export.bin and of its signature replaced. */
const changed = (bin: object, signature: object = {}): Uint8Array =>
  zipOf(
    binOf(TemporaryExposureKeyExport.encode({ ...goodBin, ...bin }).finish()),
    TEKSignatureList.encode({ signatures: [{ ...goodSignature, ...signature }] }).finish(),
  );
const withKey = (fields: object): Uint8Array =>
  changed({
    keys: [{ keyData: keyNumber(1), rollingStartIntervalNumber: 1, reportType: 1, ...fields }],
  });
const infoWith = (fields: object): { signatureInfo: object } => ({
  signatureInfo: { ...goodInfo, ...fields },
});
const bothInfos = (fields: object): Uint8Array =>
  changed({ signatureInfos: [{ ...goodInfo, ...fields }] }, infoWith(fields));

describe("lintExportFile()", () => {
  test("finds no problem in a file that this server builds", async () => {
    expect(await lint(good.zip)).toEqual([]);
    expect(await lint(changed({}))).toEqual([]);
    expect(
      await lint(
        (await sampleFile(
          sampleKeys(9),
          [],
          Array.from({ length: 10 }, () => fakeSigner()),
        )).zip,
      ),
    ).toEqual([]);
  });

  const error = (code: string, text: string): object => ({ code, level: "error", text });
  const warning = (code: string, text: string): object => ({ code, level: "warning", text });
  test.each<[name: string, zip: Uint8Array, finding: object]>([
    [
      "a header padded otherwise",
      zipOf(Buffer.concat([Buffer.from("EK Export v1\0\0\0\0"), good.bin.subarray(16)]), good.sig),
      error("header", 'export.bin does not start with the 16 bytes "EK Export v1    "'),
    ],
    [
      "the entries the other way round",
      zipSync({ "export.sig": good.sig, "export.bin": good.bin }),
      warning("entries", "the zip's first entry is export.sig, not export.bin"),
    ],
    [
      "one entry more",
      zipSync({ "export.bin": good.bin, "export.sig": good.sig, x: new Uint8Array() }),
      error("extra_entry", "the zip has 1 entries too many"),
    ],
    [
      "an empty window",
      changed({ endTimestamp: goodBin.startTimestamp }),
      error("window", "end_timestamp 1604188800 is not after start_timestamp 1604188800"),
    ],
    ["no region", changed({ region: "" }), warning("region", "region is empty")],
    [
      "a split batch",
      changed({ batchSize: 2 }, { batchSize: 2 }),
      warning("batch", "the file is 1 of 2, not 1 of 1: phones want all of a batch at once"),
    ],
    ...[[2, 1], [0, 1], [-1, 1]].map(([batchNum = 0, batchSize = 0]) =>
      [
        `batch ${batchNum} of ${batchSize}`,
        changed({ batchNum, batchSize }, { batchNum, batchSize }),
        error("batch_number", `the file is ${batchNum} of ${batchSize}, which no batch can have`),
      ] as [string, Uint8Array, object]
    ),
    [
      "times in milliseconds",
      changed({
        startTimestamp: START * 1000,
        endTimestamp: START * 1000 + 3_600_000,
      }),
      error(
        "timestamp_unit",
        `start_timestamp ${START}000 and end_timestamp ${
          START + 3600
        }000 are not seconds; milliseconds?`,
      ),
    ],
    [
      "a key that is valid beyond the file's end",
      withKey({ rollingStartIntervalNumber: (START + 3600) / 600 - 6, rollingPeriod: 7 }),
      error(
        "still_valid",
        "keys: 1 have a validity that lasts beyond the file's end, first at index 0",
      ),
    ],
    [
      "a key of the future",
      withKey({ rollingStartIntervalNumber: (START + 3600) / 600 }),
      error(
        "starts_in_future",
        "keys: 1 have a rolling start after the file's end, first at index 0",
      ),
    ],
    [
      "SHA-512",
      bothInfos({ signatureAlgorithm: "1.2.840.10045.4.3.4" }),
      error("signature_sha512", "signature 0 is made with SHA-512"),
    ],
    [
      "a key ID that Android splits",
      bothInfos({ verificationKeyId: "310:1" }),
      error("signature_key_name", "signature 0: key ID or version has odd characters"),
    ],
    [
      "another batch in the signature",
      changed({}, { batchNum: 2 }),
      warning("batch_mismatch", "signature 0 is for another batch than export.bin"),
    ],
    [
      "no signature",
      zipOf(binOf(TemporaryExposureKeyExport.encode({ ...goodBin, signatureInfos: [] }).finish())),
      error("no_signature", "export.sig has no signature"),
    ],
    [
      "eleven signatures",
      zipOf(
        binOf(
          TemporaryExposureKeyExport.encode({
            ...goodBin,
            signatureInfos: Array(11).fill(goodInfo),
          }).finish(),
        ),
        TEKSignatureList.encode({ signatures: Array(11).fill(goodSignature) }).finish(),
      ),
      error("too_many_signatures", "11 signatures: phones read at most 10"),
    ],
    [
      "another signature info",
      changed({}, infoWith({ verificationKeyVersion: "v2" })),
      warning("signature_infos", "export.bin and export.sig name different signatures"),
    ],
    [
      "no key version",
      bothInfos({ verificationKeyVersion: "" }),
      error("signature_key", "signature 0 lacks the ID or the version of its key"),
    ],
    [
      "an OID that is not dotted",
      bothInfos({ signatureAlgorithm: "ecdsa-with-SHA256" }),
      error("signature_algorithm", "signature 0: the algorithm is not 1.2.840.10045.4.3.2"),
    ],
    [
      "DER with needless zeros",
      changed({}, { signature: fromHex("300702020001020102") }),
      error("signature_der", "signature 0 is not strict DER: an INTEGER with needless zeros"),
    ],
    [
      "r ‖ s",
      changed({}, { signature: new Uint8Array(64) }),
      error(
        "signature_der",
        "signature 0 is not strict DER: no SEQUENCE of two INTEGER of at most 32 bytes",
      ),
    ],
    ["no keys", changed({ keys: [], revisedKeys: [] }), warning("no_keys", "the file has no keys")],
    [
      "keys in another order",
      changed({ keys: goodBin.keys.toReversed() }),
      warning("key_order", "keys are not sorted by key, so their order may tell something"),
    ],
    [
      "a revoked key among the new",
      withKey({ reportType: 5 }),
      warning("revoked_primary", "keys: 1 are REVOKED on first publication"),
    ],
    [
      "a short key",
      withKey({ keyData: new Uint8Array(15) }),
      error("key_length", "keys: 1 have not 16 bytes, first at index 0"),
    ],
    [
      "a risk of 9",
      withKey({ transmissionRiskLevel: 9 }),
      error("transmission_risk", "keys: 1 have a transmission risk outside 0…8, first at index 0"),
    ],
    [
      "no rolling start",
      withKey({ rollingStartIntervalNumber: 0 }),
      error("rolling_start", "keys: 1 have no rolling start, first at index 0"),
    ],
    [
      "a period of 145",
      withKey({ rollingPeriod: 145 }),
      error("rolling_period", "keys: 1 have a rolling period outside 1…144, first at index 0"),
    ],
    [
      "a period of 0",
      withKey({ rollingPeriod: 0 }),
      error("rolling_period", "keys: 1 have a rolling period outside 1…144, first at index 0"),
    ],
    [
      "report type 6",
      withKey({ reportType: 6 }),
      warning("report_type", "keys: 1 have an unknown report type, first at index 0"),
    ],
    [
      "a DSOS of 15",
      withKey({ daysSinceOnsetOfSymptoms: 15 }),
      error(
        "days_since_onset",
        "keys: 1 have days since onset of symptoms outside −14…14, first at index 0",
      ),
    ],
  ])("finds %s", async (_name, zip, finding) => {
    expect(await lint(zip)).toEqual([finding]);
  });

  test("finds a missing signature file, and a bare export.bin", async () => {
    expect(await lint(zipSync({ "export.bin": good.bin }))).toEqual([
      error("missing_entry", "there is no zip entry export.sig"),
      error("no_signature", "export.sig has no signature"),
      error("signature_count", "the file has 1 signature_infos and 0 signatures"),
    ]);
    expect((await lint(good.bin)).map(({ code }) => code)).toEqual([
      ...["missing_entry", "missing_entry", "no_signature", "signature_count"],
    ]);
  });

  test.each<[string, Uint8Array, string, string]>([
    [
      "one entry more",
      zipSync({ "export.bin": good.bin, "export.sig": good.sig, x: new Uint8Array() }),
      "refuses",
      "takes",
    ],
    ["batch 0 of 1", changed({ batchNum: 0 }, { batchNum: 0 }), "refuses", "takes"],
    ["SHA-512", bothInfos({ signatureAlgorithm: "1.2.840.10045.4.3.4" }), "takes", "refuses"],
    [
      "an algorithm by name",
      bothInfos({ signatureAlgorithm: "SHA256withECDSA" }),
      "refuses",
      "refuses",
    ],
    [
      "a key that is still valid",
      withKey({ rollingStartIntervalNumber: START / 600 }),
      "drops key",
      "drops key",
    ],
    ["nothing wrong", good.zip, "takes", "takes"],
  ])("reports what each platform does with %s", async (_name, zip, android, ios) => {
    const codes = (await findings(zip)).map(({ code }) => code);
    expect([effectOn("android", codes), effectOn("ios", codes)]).toEqual([android, ios]);
  });

  test("gives a reason and a source for every rule", () => {
    for (const { reason, source } of Object.values(PHONE_RULES)) {
      expect([reason, source].every((text) => text.length > 7)).toBe(true);
    }
  });

  test("finds a duplicate key", async () => {
    const [first, ...others] = goodBin.revisedKeys;
    const zip = changed({ revisedKeys: [first, first, ...others] });
    expect(await lint(zip)).toEqual([
      {
        code: "key_order",
        level: "warning",
        text: "revised_keys are not sorted by key, so their order may tell something",
      },
      { code: "duplicate_keys", level: "warning", text: "revised_keys: 1 occur more than once" },
    ]);
  });

  test("finds more keys than a file should have", async () => {
    const file = { ...await mustRead(good.zip), keyCount: 500_000, revisedKeyCount: 1 };
    expect(said(lintExportFile(file, await inspectExportFile(file)))).toEqual([
      {
        code: "too_many_keys",
        level: "warning",
        text: "500001 keys: above 500000, make several files",
      },
    ]);
  });

  test("finds a signature that does not verify, if verdicts are given", async () => {
    const { signer } = await newSigner();
    const { pem } = await newSigner();
    const file = await mustRead((await sampleFile(sampleKeys(2), [], [signer])).zip);
    const verdicts = await verifyExportFile(
      file,
      [{ ...signer.info, publicKey: pem }],
      crypto.subtle,
    );
    expect(said(lintExportFile(file, await inspectExportFile(file, verdicts)))).toEqual([
      {
        code: "signature_invalid",
        level: "error",
        text: "signature 0 does not verify with the key that it names",
      },
    ]);
  });
});
