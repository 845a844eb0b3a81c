import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ServerResponse } from "node:http";
import { importSPKI, jwtVerify } from "jose";
import { expect, test } from "vitest";
import * as z from "zod";
import { parseDocuments } from "../../src/admin/documents.ts";
import { deviceCommand } from "../../src/cli/device.ts";
import { simulateCommand } from "../../src/cli/simulate.ts";
import { ensureIssuer, type Issuer } from "../../src/device/issuer.ts";
import { buildExportFile } from "../../src/export-file/build.ts";
import type { ExportKey } from "../../src/model/exposure.ts";
import { decodeBase64, encodeHex } from "../../src/bytes/base64.ts";
import { type Got, serve } from "../device/support.ts";
import { runCommand, temporaryFolder } from "../support/command-io.ts";
import { NATIVE } from "../support/crypto-providers.ts";

const publishBody = z.object({
  temporaryExposureKeys: z.array(z.object({
    key: z.string(),
    rollingStartNumber: z.number(),
    rollingPeriod: z.number(),
    transmissionRisk: z.number(),
  })),
  verificationPayload: z.string(),
  revisionToken: z.string().optional(),
  traveler: z.boolean(),
  symptomOnsetInterval: z.number().optional(),
});

/** A server small enough to be seen through: what is published is in the next file of its index. */
class TinyServer {
  readonly files = new Map<string, Uint8Array>();
  publishes: z.infer<typeof publishBody>[] = [];
  publishedKeys: unknown = undefined;
  /** What it answers at `/`. */
  exports: unknown = undefined;
  signer: Issuer;

  constructor(signer: Issuer) {
    this.signer = signer;
    const key = { keyId: "310", keyVersion: "v1", publicKey: signer.publicKeyPem };
    this.publishedKeys = { keys: [key] };
  }

  readonly answer = ({ method, url, body, headers }: Got, response: ServerResponse): void => {
    if (method === "POST" && headers["x-chaff"] === undefined) {
      this.publishes.push(publishBody.parse(JSON.parse(body)));
      const insertedExposures = this.publishes.at(-1)?.temporaryExposureKeys.length;
      const revisionToken = `token ${this.publishes.length}`;
      response.end(JSON.stringify({ insertedExposures, revisionToken, padding: "" }));
    } else if (method === "POST") response.end('{"padding":""}');
    else if (url === "/.well-known/exposure-keys.json") {
      response.end(JSON.stringify(this.publishedKeys));
    } else if (url === "/") response.end(JSON.stringify(this.exports));
    else if (url === "/exports/mag/index.txt") response.end([...this.files.keys()].join("\n"));
    else {
      const file = this.files.get(url.replace("/exports/", ""));
      if (file === undefined) response.statusCode = 404;
      response.end(file);
    }
  };

  /** Makes a file of what was published last. */
  async export(path: string, as: { revised?: boolean; reportType?: number } = {}): Promise<void> {
    const keys = (this.publishes.at(-1)?.temporaryExposureKeys ?? [])
      .map((sent): ExportKey => ({
        key: decodeBase64(sent.key) ?? new Uint8Array(),
        transmissionRisk: sent.transmissionRisk,
        intervalNumber: sent.rollingStartNumber,
        intervalCount: sent.rollingPeriod,
        reportType: as.reportType ?? 1,
      }))
      .sort((a, b) => encodeHex(a.key) < encodeHex(b.key) ? -1 : 1);
    const built = await buildExportFile({
      header: { start: 1, end: 2, region: "MAG" },
      signers: [{ info: { keyId: "310", keyVersion: "v1" }, sign: this.signer.sign }],
      keys: batch(as.revised === true ? [] : keys),
      revisedKeys: batch(as.revised === true ? keys : []),
    });
    this.files.set(path, built.zip);
  }
}

async function* batch(keys: readonly ExportKey[]): AsyncGenerator<readonly ExportKey[]> {
  yield keys;
}

/** A tiny server, and a device with files of its own that talks to it. */
async function setUp() {
  const folder = await temporaryFolder();
  const { issuer: signer } = await ensureIssuer(NATIVE, join(folder, "signer.pem"));
  const tiny = new TinyServer(signer);
  const { url } = await serve(tiny.answer);
  const env = { DATA_DIR: folder };
  return {
    tiny,
    url,
    folder,
    publish: (...args: string[]) =>
      runCommand(deviceCommand, ["publish", "--url", url, ...args], { env }),
    match: (...args: string[]) =>
      runCommand(deviceCommand, ["match", "--url", url, "--root", "mag", "--wait", "0", ...args], {
        env,
      }),
  };
}

test("device publish and match: a phone finds in the export whom it met", async () => {
  const { tiny, folder, publish, match } = await setUp();
  const published = await publish("--health-authority", "mag", "--traveler");
  expect(published).toMatchObject({ status: 0 });
  expect(published.out[0]).toBe("published: 14 keys sent, 14 of them new");
  expect(published.out[1]).toMatch(/^another phone heard 3 of its RPIs on \d{4}-\d\d-\d\d: /);
  expect(published.err).toEqual([`made the issuer key ${join(folder, "device", "issuer.pem")}`]);
  expect((await stat(join(folder, "device", "state.json"))).mode & 0o777).toBe(0o600);

  const before = await match();
  expect(before).toMatchObject({
    status: 1,
    out: ["0 files read, 0 not usable, 0 encounters found"],
  });
  await tiny.export("mag/1-2-00001.zip");
  const after = await match();
  expect(after.status).toBe(0);
  expect(after.out).toEqual([
    expect.stringMatching(
      /^met, confirmed: \d{4}-\d\d-\d\d, 3 of 3 RPIs matched, in "mag\/1-2-00001.zip"$/,
    ),
    "1 files read, 0 not usable, 1 encounters found",
  ]);
});

test("device publish shows its certificate to be of the issuer that it prints", async () => {
  const { tiny, folder, publish } = await setUp();
  await publish("--health-authority", "mag", "--kid", "v7", "--report-type", "likely");
  const { issuer } = await ensureIssuer(NATIVE, join(folder, "device", "issuer.pem"));
  const key = await importSPKI(issuer.publicKeyPem, "ES256");
  const { protectedHeader, payload } = await jwtVerify(
    tiny.publishes[0]?.verificationPayload ?? "",
    key,
    { issuer: "wayfarer.device", audience: "wayfarer" },
  );
  expect(protectedHeader.kid).toBe("v7");
  expect(payload["reportType"]).toBe("likely");
});

test("device publish --revise sends the same keys with the token of the last answer", async () => {
  const { tiny, folder, publish, match } = await setUp();
  await publish("--health-authority", "mag", "--report-type", "likely", "--onset-days-ago", "2");
  await tiny.export("mag/1.zip", { reportType: 2 });
  expect(await publish("--revise", "--report-type", "negative")).toMatchObject({ status: 0 });
  await tiny.export("mag/2.zip", { revised: true, reportType: 5 });
  const [first, second] = tiny.publishes;
  expect(second?.temporaryExposureKeys).toEqual(first?.temporaryExposureKeys);
  expect([first?.revisionToken, second?.revisionToken]).toEqual([undefined, "token 1"]);
  const state = await readFile(join(folder, "device", "state.json"), "utf8");
  expect(JSON.parse(state)).toMatchObject({ healthAuthorityId: "mag", revisionToken: "token 2" });
  const found = await match();
  expect(found.status).toBe(1);
  expect(found.out[0]).toMatch(/^taken back: .*, 3 of 3 RPIs matched, in "mag\/2.zip"$/);
});

test("device publish --chaff leaves what it remembers alone", async () => {
  const { tiny, folder, publish } = await setUp();
  await publish("--health-authority", "mag");
  const before = await readFile(join(folder, "device", "state.json"));
  expect(await publish("--health-authority", "mag", "--chaff")).toMatchObject({
    status: 0,
    out: ["chaff answered"],
  });
  expect(await readFile(join(folder, "device", "state.json"))).toEqual(before);
  expect(tiny.publishes.length).toBe(1);
});

test("device publish --print-resources prints a region that can be applied", async () => {
  const env = { DATA_DIR: await temporaryFolder() };
  const args = ["publish", "--print-resources", "--region", "mag", "--health-authority", "com.x/Y"];
  const { status, out } = await runCommand(deviceCommand, args, { env });
  expect(status).toBe(0);
  const parsed = parseDocuments(out.join("\n"), "standard input");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const { issuer } = await ensureIssuer(NATIVE, join(env.DATA_DIR, "device", "issuer.pem"));
  expect(parsed.resources).toMatchObject([
    {
      kind: "Issuer",
      name: "com.x-y-device",
      issuer: "wayfarer.device",
      audience: "wayfarer",
      keys: [{ version: "v1", publicKeyPem: issuer.publicKeyPem }],
    },
    {
      kind: "HealthAuthority",
      name: "com.x/y",
      regions: ["MAG"],
      acceptIssuers: ["com.x-y-device"],
    },
    { kind: "SigningKey", name: "mag", key: "local:mag", version: "v1" },
    { kind: "ExportConfig", filenameRoot: "mag", outputRegion: "MAG", signingKeys: ["mag"] },
  ]);
});

test("device publish prints its issuer when the server does not know it", async () => {
  const env = { DATA_DIR: await temporaryFolder() };
  const server = await serve((_, response) => {
    response.statusCode = 401;
    const code = "health_authority_verification_certificate_invalid";
    response.end(JSON.stringify({ code, error: "unknown issuer \u001b[31m" }));
  });
  const args = ["publish", "--url", server.url, "--health-authority", "mag"];
  const { status, out, err } = await runCommand(deviceCommand, args, { env });
  expect(status).toBe(1);
  expect(err[1]).toBe(
    'the server refused (401, "health_authority_verification_certificate_invalid"): ' +
      '"unknown issuer \\u001b[31m"',
  );
  const parsed = parseDocuments(out.join("\n"), "standard output");
  expect(parsed).toMatchObject({ ok: true, resources: [{ kind: "Issuer", name: "mag-device" }] });
});

test("device match refuses a file that a foreign key signed", async () => {
  const { tiny, folder, publish, match } = await setUp();
  await publish("--health-authority", "mag");
  tiny.signer = (await ensureIssuer(NATIVE, join(folder, "forger.pem"))).issuer;
  await tiny.export("mag/1.zip");
  const { status, out, err } = await match();
  expect(status).toBe(1);
  expect(out).toEqual(["0 files read, 1 not usable, 0 encounters found"]);
  expect(err).toEqual(["mag/1.zip cannot be used: not signed by a key that we trust"]);
  await writeFile(join(folder, "forger.pub"), tiny.signer.publicKeyPem);
  expect(await match("--key", join(folder, "forger.pub"))).toMatchObject({ status: 0 });
});

test.each([
  ["HTML", "<h1>hello</h1>"],
  ["another shape", [{ keyId: "310" }]],
])("device match says so when the list of public keys is %s", async (_, keys) => {
  const { tiny, url, publish, match } = await setUp();
  await publish("--health-authority", "mag");
  await tiny.export("mag/1.zip");
  tiny.publishedKeys = keys;
  const { status, err } = await match();
  expect(status).toBe(1);
  expect(err).toEqual([
    `mag/1.zip cannot be used: ${url}/.well-known/exposure-keys.json gives no list of ` +
    "public keys: name one with --key",
  ]);
});

test("device match waits until the export is there", async () => {
  const { tiny, publish, match } = await setUp();
  await publish("--health-authority", "mag");
  await tiny.export("mag/1.zip");
  const [[path, zip] = fail()] = [...tiny.files];
  tiny.files.clear();
  let looks = 0;
  const get = tiny.files.keys.bind(tiny.files);
  tiny.files.keys = () => {
    if (++looks === 3) tiny.files.set(path, zip);
    return get();
  };
  const found = await match("--wait", "1h", "--every", "1ms");
  expect(found.status).toBe(0);
  expect(looks).toBe(3);
  expect(found.err).toEqual([expect.stringMatching(/^waiting for the export until 2/)]);
});

function fail(): never {
  throw new Error("no file");
}

test.each([
  [
    { exports: [{ filenameRoot: "mag" }, { filenameRoot: "x/y" }] },
    'its exports have --root "mag", "x/y"',
  ],
  [{ exports: [] }, "this server has no export: make an ExportConfig first"],
  ["<html>", "give the filenameRoot of an export of this server with --root"],
])("device match says at once that there is no such root: %j", async (list, cure) => {
  const { tiny, url, publish, match } = await setUp();
  await publish("--health-authority", "mag");
  tiny.exports = list;
  const { status, error } = await match("--root", "mug", "--wait", "1h");
  expect({ status, code: error?.code, message: error?.message }).toEqual({
    status: undefined,
    code: "not_found",
    message: `there is no index ${url}/exports/mug/index.txt: ${cure}`,
  });
});

test("device match ends when it is told to", async () => {
  const { url, folder, publish } = await setUp();
  await publish("--health-authority", "mag");
  const stop = new AbortController();
  const args = ["match", "--url", url, "--root", "mag", "--wait", "1h", "--every", "1h"];
  const matching = runCommand(deviceCommand, args, {
    env: { DATA_DIR: folder },
    signal: stop.signal,
  });
  stop.abort();
  expect((await matching).error).toMatchObject({
    code: "canceled",
    message: `${url}/exports/mag/index.txt: stopped while it was read`,
  });
});

test.each([
  [["publish"], "--url is missing: give the URL of the server, such as http://127.0.0.1:8080"],
  [["publish", "--url", "ftp://x"], "--url must begin with http:// or https://"],
  [
    ["publish", "--url", "http://127.0.0.1:9"],
    "--health-authority is missing: give the health authority ID that the app sends",
  ],
  [
    ["publish", "--url", "http://127.0.0.1:9", "--health-authority", "mag", "--days", "15"],
    "--days must be a whole number from 0 to 14",
  ],
  [
    ["publish", "--url", "http://127.0.0.1:9", "--health-authority", "mag", "--days", "0"],
    "--days 0 gives no keys: add --today",
  ],
  [["publish", "--print-resources"], "--region is missing: give a region code such as MAG"],
  [
    ["publish", "--print-resources", "--region", "MAG", "--period", "often"],
    "--period must be a duration such as 90s, 15m or 4h",
  ],
  [["match", "--url", "http://x"], "--root is missing: give the filename root of the export"],
  [
    ["match", "--url", "http://x", "--root", "mag", "--wait", "long"],
    "--wait must be a duration such as 90s, 15m or 4h",
  ],
  [["pair"], 'there is no "device pair", only publish, match; see --help'],
])("device %j is used wrongly", async (args, message) => {
  const env = { DATA_DIR: await temporaryFolder() };
  const { error } = await runCommand(deviceCommand, args, { env });
  expect(error).toMatchObject({ code: "usage", message });
});

test("device match and publish --revise need a publish before", async () => {
  const { folder, publish, match } = await setUp();
  const path = join(folder, "device", "state.json");
  expect((await match()).error?.message).toBe(
    `${path} is not there: run "wayfarer device publish" first, or name the file with --state`,
  );
  expect((await publish("--revise")).error?.message).toBe(
    `${path} is not there: publish first, without --revise`,
  );
});

test("simulate publishes as many times as it should, as another phone each time", async () => {
  const { tiny, url, folder } = await setUp();
  const what = ["--url", url, "--health-authority", "mag", "--days", "2"];
  const load = ["--publishes", "40", "--rate", "2000"];
  const { status, out } = await runCommand(simulateCommand, [...what, ...load], {
    env: { DATA_DIR: folder },
    json: true,
  });
  expect(status).toBe(0);
  expect(JSON.parse(out.join())).toMatchObject({
    outcomes: { "200": 40 },
    latencyMs: { p50: expect.any(Number), max: expect.any(Number) },
  });
  const keys = tiny.publishes.flatMap((one) => one.temporaryExposureKeys.map(({ key }) => key));
  expect(new Set(keys).size).toBe(80);
});

test("simulate fails when the server refuses", async () => {
  const server = await serve((_, response) => {
    response.statusCode = 429;
    response.end('{"code":"maintenance","error":"later"}');
  });
  const what = ["--url", server.url, "--health-authority", "mag"];
  const load = ["--publishes", "3", "--rate", "1000"];
  const env = { DATA_DIR: await temporaryFolder() };
  const { status, out } = await runCommand(simulateCommand, [...what, ...load], { env });
  expect(status).toBe(1);
  expect(out[0]).toMatch(/^3 in \d+\.\d s, \d+ a second$/);
  expect(out[1]).toBe('  "429 maintenance": 3');
});
