import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { unzipSync, zipSync } from "fflate";
import { expect, test } from "vitest";
import { TEKSignatureList, TemporaryExposureKeyExport } from "../../proto/gen/export.js";
import { encodeDer } from "../../src/bytes/ecdsa-der.ts";
import { exportCommand } from "../../src/cli/export-files.ts";
import { ensureIssuer } from "../../src/device/issuer.ts";
import { readExportFile } from "../../src/export-file/read.ts";
import { encodeBase64 } from "../../src/bytes/base64.ts";
import { serve } from "../device/support.ts";
import { binOf, newSigner, sampleFile, sampleKeys, zipOf } from "../export-file/sample.ts";
import { runCommand, temporaryFolder } from "../support/command-io.ts";
import { NATIVE } from "../support/crypto-providers.ts";

const FIRST = encodeBase64(new Uint8Array(16).fill(9));
const SECOND = encodeBase64(new Uint8Array(16).fill(1));
const TEKS = {
  keys: [
    { key: FIRST, rollingStartNumber: 2_955_168, transmissionRisk: 4, daysSinceOnset: -3 },
    { key: SECOND, rollingStartNumber: 2_955_024, rollingPeriod: 70, reportType: "likely" },
  ],
  revisedKeys: [{ key: FIRST, rollingStartNumber: 2_955_168, reportType: "negative" }],
};

/** A folder with teks.json, a private key, its public key, and the public key of somebody else. */
async function folderWithKeys(teks: unknown = TEKS) {
  const folder = await temporaryFolder();
  const path = (name: string): string => join(folder, name);
  await writeFile(path("teks.json"), JSON.stringify(teks));
  const { issuer } = await ensureIssuer(NATIVE, path("signer.pem"));
  await writeFile(path("signer.pub"), issuer.publicKeyPem);
  const other = await ensureIssuer(NATIVE, path("other.pem"));
  await writeFile(path("other.pub"), other.issuer.publicKeyPem);
  return path;
}

/** The same with a built file export.zip. */
async function folderWithFile() {
  const path = await folderWithKeys();
  const { status, out } = await build(path);
  expect({ status, out }).toEqual({
    status: 0,
    out: [expect.stringMatching(/export\.zip: 2 keys, 1 revised, \d+ bytes$/)],
  });
  return path;
}

function build(path: (name: string) => string, more: readonly string[] = []) {
  const paths = ["--tek-file", path("teks.json"), "--key", path("signer.pem")];
  const window = ["--end", "2026-03-11T12:00:00Z", "--period", "4h"];
  const names = ["--region", "MAG", "--key-id", "310", "--out", path("export.zip")];
  return runCommand(exportCommand, ["build", ...paths, ...window, ...names, ...more]);
}

test("export build makes a file that holds the keys", async () => {
  const path = await folderWithFile();
  const file = await readExportFile(await readFile(path("export.zip")));
  if (!file.ok) throw new Error(file.message);
  const { start, end, region } = file.value;
  expect({ start, end, region }).toEqual({
    start: 1_773_216_000,
    end: 1_773_230_400,
    region: "MAG",
  });
  const keys = [...file.value.keys()].map((one) => ({ ...one, key: encodeBase64(one.key) }));
  const plain = { transmissionRisk: 0, variantOfConcern: 0 };
  expect(keys).toEqual([
    {
      ...plain,
      ...{ key: SECOND, intervalNumber: 2_955_024, intervalCount: 70, reportType: 2 },
    },
    {
      ...plain,
      ...{ key: FIRST, intervalNumber: 2_955_168, intervalCount: 144, reportType: 1 },
      transmissionRisk: 4,
      daysSinceOnset: -3,
    },
  ]);
  expect([...file.value.revisedKeys()]).toMatchObject([{ reportType: 5 }]);
});

test("export build makes a zip that another implementation unzips", async () => {
  const path = await folderWithFile();
  const entries = unzipSync(await readFile(path("export.zip")));
  expect(Object.keys(entries)).toEqual(["export.bin", "export.sig"]);
  expect(new TextDecoder().decode(entries["export.bin"]?.subarray(0, 16))).toBe("EK Export v1    ");
});

test("export build refuses a key that is there twice", async () => {
  const twice = { key: FIRST, rollingStartNumber: 144 };
  const { error } = await build(await folderWithKeys([twice, twice]));
  expect(error).toMatchObject({
    code: "usage",
    message: "keys.1 is there twice: delete one of them",
  });
});

test("export build refuses a file that it cannot write, and an empty window", async () => {
  const path = await folderWithKeys();
  const unwritable = await build(path, ["--out", join(path("signer.pub"), "x.zip")]);
  expect(unwritable.error?.message).toContain("cannot be written: name another file with --out");
  const empty = await build(path, ["--period", "0"]);
  expect(empty.error?.message).toContain("--period must be at least 1s");
});

test("export verify tells whether a key signed the file", async () => {
  const path = await folderWithFile();
  const verify = (key: string) =>
    runCommand(exportCommand, ["verify", path("export.zip"), "--key", path(key)]);
  expect(await verify("signer.pub")).toMatchObject({
    status: 0,
    out: ['key "310" version "v1": valid', `${path("export.zip")}: signed by a given key`],
  });
  expect(await verify("other.pub")).toMatchObject({
    status: 1,
    out: [
      'key "310" version "v1": invalid',
      expect.stringMatching(/^error signature_invalid: /),
      `${path("export.zip")}: not signed by any given key`,
    ],
  });
  const both = ["--key", path("other.pub"), "--key", path("signer.pub")];
  const args = ["verify", path("export.zip"), ...both];
  const { status, out } = await runCommand(exportCommand, args, { json: true });
  expect(status).toBe(0);
  expect(JSON.parse(out.join())).toMatchObject({ valid: true, signatures: [{ verdict: "valid" }] });
});

test("export verify wants a key, and a key that is one", async () => {
  const path = await folderWithFile();
  const none = await runCommand(exportCommand, ["verify", path("export.zip")]);
  expect(none.error).toMatchObject({
    code: "usage",
    message: "--key is missing: give the file of a public key in PEM",
  });
  const args = ["verify", path("export.zip"), "--key", path("teks.json")];
  expect((await runCommand(exportCommand, args)).error).toMatchObject({
    code: "usage",
    message: `--key ${
      path("teks.json")
    }: must be a PEM text that begins with -----BEGIN PUBLIC KEY-----`,
  });
});

test("export inspect shows a file at a URL, and no key of it", async () => {
  const path = await folderWithFile();
  const zip = await readFile(path("export.zip"));
  const server = await serve((_, response) => response.end(zip));
  const { status, out } = await runCommand(exportCommand, ["inspect", `${server.url}/export.zip`]);
  expect(status).toBe(0);
  const text = out.join("\n");
  expect(text).toContain("window     2026-03-11T08:00:00Z to 2026-03-11T12:00:00Z");
  expect(text).toContain('signature  key "310" version "v1", "1.2.840.10045.4.3.2": unchecked');
  expect(text).not.toContain(FIRST);
  const keyed = ["inspect", path("export.zip"), "--key", path("signer.pub")];
  const json = await runCommand(exportCommand, keyed, { json: true });
  expect(JSON.parse(json.out.join())).toMatchObject({
    region: "MAG",
    signatures: [{ keyId: "310", verdict: "valid" }],
    keys: { count: 2 },
    revisedKeys: { count: 1 },
  });
});

test("export lint has nothing to say about our own file, and something about a bad one", async () => {
  const path = await folderWithFile();
  const good = await runCommand(exportCommand, ["lint", path("export.zip")]);
  expect(good).toMatchObject({
    status: 0,
    out: [`${path("export.zip")}: Android takes it, iOS takes it; 0 errors, 0 warnings`],
  });
  const args = ["lint", path("export.zip"), "--key", path("other.pub")];
  const bad = await runCommand(exportCommand, args);
  expect(bad.status).toBe(1);
  expect(bad.out.at(-1)).toBe(
    `${path("export.zip")}: Android refuses it, iOS refuses it; 1 errors, 0 warnings`,
  );
  expect(bad.out[0]).toMatch(/^error signature_invalid: /);
});

test("a file with two signatures is right by one key, and the other is not called wrong", async () => {
  const folder = await temporaryFolder();
  const path = (name: string): string => join(folder, name);
  const [before, after] = [await newSigner("v1"), await newSigner("v2")];
  const { zip } = await sampleFile(sampleKeys(2), [], [after.signer, before.signer]);
  await writeFile(path("export.zip"), zip);
  await writeFile(path("after.pub"), after.pem);
  const args = [path("export.zip"), "--key", path("after.pub")];
  expect(await runCommand(exportCommand, ["lint", ...args]))
    .toMatchObject({
      status: 0,
      out: [`${path("export.zip")}: Android takes it, iOS takes it; 0 errors, 0 warnings`],
    });
  expect((await runCommand(exportCommand, ["verify", ...args])).out.slice(0, 2))
    .toEqual(['key "310" version "v2": valid', 'key "310" version "v1": unknown_key']);
});

test("export inspect shows single keys, an unsigned zip and a bare export.bin", async () => {
  const path = await folderWithFile();
  const entries = unzipSync(await readFile(path("export.zip")));
  const bin = entries["export.bin"] ?? new Uint8Array();
  await writeFile(path("export.bin"), bin);
  await writeFile(path("unsigned.zip"), zipSync({ "export.bin": bin }));
  for (const name of ["export.zip", "unsigned.zip", "export.bin"]) {
    const args = ["inspect", path(name), "--keys"];
    const { status, out } = await runCommand(exportCommand, args);
    expect(status).toBe(0);
    expect(out.slice(1)).toEqual([
      expect.stringMatching(
        `^key        ${SECOND}  rollingStart 2026-03-09T00:00:00.000Z  .*likely`,
      ),
      expect.stringMatching(`^key        ${FIRST}  .*daysSinceOnset -3$`),
      expect.stringMatching(`^revised    ${FIRST}  .*reportType negative`),
    ]);
    const json = await runCommand(exportCommand, args, { json: true });
    expect(JSON.parse(json.out.join())).toMatchObject({
      signatures: name === "export.zip" ? [{ keyId: "310" }] : [],
      keyList: [{ key: SECOND, rollingPeriod: 70 }, { key: FIRST, transmissionRisk: 4 }],
      revisedKeyList: [{ key: FIRST, reportType: "negative" }],
    });
  }
  const verified = ["verify", path("unsigned.zip"), "--key", path("signer.pub")];
  expect((await runCommand(exportCommand, verified)).status).toBe(1);
});

test("export build makes random keys that phones take", async () => {
  const path = await folderWithKeys();
  const args = ["build", "--key", path("signer.pem"), "--region", "MAG", "--random-keys", "100"];
  const out = ["--out", path("random.zip")];
  expect(await runCommand(exportCommand, [...args, ...out])).toMatchObject({
    out: [expect.stringMatching(/: 100 keys, 0 revised,/)],
  });
  const lint = ["lint", path("random.zip"), "--key", path("signer.pub")];
  expect(await runCommand(exportCommand, lint)).toMatchObject({ status: 0 });
  const both = [...args, "--tek-file", path("teks.json"), ...out];
  expect((await runCommand(exportCommand, both)).out[0]).toMatch(/: 102 keys, 1 revised,/);
});

test.each([
  [["--key-id", "310:1"], "--key-id must be letters, digits, dots and underscores"],
  [["--key-version", "v-1"], "--key-version must be letters, digits and underscores"],
])("export build refuses %j, which phones split", async (names, message) => {
  const { error } = await build(await folderWithKeys(), names);
  expect(error?.code).toBe("usage");
  expect(error?.message).toContain(message);
});

/** A file whose one signature is made with `hash` and called `algorithm`. */
async function signedAs(hash: string, algorithm: string) {
  const path = await folderWithKeys();
  const { privateKey, publicKey } = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    true,
    ["sign", "verify"],
  );
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
  const pem = `-----BEGIN PUBLIC KEY-----\n${encodeBase64(spki)}\n-----END PUBLIC KEY-----\n`;
  const good = await readExportFile((await sampleFile()).zip);
  if (!good.ok) throw new Error(good.message);
  const info = {
    verificationKeyId: "310",
    verificationKeyVersion: "v1",
    signatureAlgorithm: algorithm,
  };
  const message = TemporaryExposureKeyExport.decode(good.value.bin.subarray(16));
  const bin = binOf(
    TemporaryExposureKeyExport.encode({ ...message, signatureInfos: [info] }).finish(),
  ).slice();
  const signed = await crypto.subtle.sign({ name: "ECDSA", hash }, privateKey, bin);
  const signature = {
    signatureInfo: info,
    batchNum: 1,
    batchSize: 1,
    signature: encodeDer(new Uint8Array(signed)),
  };
  const sig = TEKSignatureList.encode({ signatures: [signature] }).finish();
  await writeFile(path("odd.zip"), zipOf(bin, sig));
  await writeFile(path("odd.pub"), pem);
  const run = (command: string) =>
    runCommand(exportCommand, [command, path("odd.zip"), "--key", path("odd.pub")]);
  return { run, file: path("odd.zip") };
}

test("a right signature with SHA-512 is called valid, and that iOS refuses it is said", async () => {
  const { run, file } = await signedAs("SHA-512", "1.2.840.10045.4.3.4");
  expect(await run("verify")).toMatchObject({
    status: 1,
    out: [
      'key "310" version "v1": valid',
      expect.stringMatching(/^error signature_sha512: .*Android takes it, iOS refuses it/),
      `${file}: signed by a given key, but Android takes it, iOS refuses it`,
    ],
  });
});

test("an algorithm by name is verified, and refused as phones do", async () => {
  const { run, file } = await signedAs("SHA-256", "SHA256withECDSA");
  expect(await run("verify")).toMatchObject({
    status: 1,
    out: [
      'key "310" version "v1": valid',
      expect.stringMatching(/^error signature_algorithm: /),
      `${file}: signed by a given key, but Android refuses it, iOS refuses it`,
    ],
  });
  expect((await run("lint")).status).toBe(1);
});

test("export inspect reads no more of a URL than a file may have", async () => {
  const chunk = Buffer.alloc(1024 * 1024);
  const server = await serve((_, response) => {
    const more = (): boolean => response.write(chunk, () => response.destroyed || more());
    more();
  });
  const { error } = await runCommand(exportCommand, ["inspect", `${server.url}/x.zip`]);
  expect(error).toMatchObject({
    code: "limit_exceeded",
    message: `${server.url}/x.zip answered with more than 20971520 bytes`,
  });
});

test.each([
  [404, "gone", "fetch_failed", "/x.zip answered 404, not 200"],
  [200, "<h1>hello</h1>", "malformed_file", ""],
])("export inspect of a URL that answers %i %s fails", async (status, text, code, message) => {
  const server = await serve((_, response) => {
    response.statusCode = status;
    response.end(text);
  });
  const { error } = await runCommand(exportCommand, ["inspect", `${server.url}/x.zip`]);
  expect(error?.code).toBe(code);
  expect(error?.message).toContain(message);
});

test.each([
  [[], "say which: inspect, verify, lint, build"],
  [["shred"], 'there is no "export shred", only inspect, verify, lint, build; see --help'],
  [["inspect"], "an argument is missing: give an export file or its URL; see --help"],
  [["inspect", "/no/such.zip"], "/no/such.zip cannot be read: give the path of a file"],
  [["build"], "--tek-file is missing: give the file of the keys, or --random-keys"],
])("export %j is used wrongly", async (args, message) => {
  expect((await runCommand(exportCommand, args)).error).toMatchObject({ code: "usage", message });
});
