import { expect, test } from "vitest";
import type { Sighting } from "../../src/device/encounter.ts";
import { DOWNLOAD_LIMITS, type DownloadLimits } from "../../src/device/export-source.ts";
import { type OpenFile, Phone, type PublishedKey } from "../../src/device/phone.ts";
import { accept, refuse } from "../../src/errors.ts";
import { decodeHex } from "../../src/bytes/base64.ts";
import { asSeconds } from "../../src/model/ids.ts";
import { GAEN_DAY } from "../vectors/gaen-rpi.ts";
import { serve } from "./support.ts";

const KEY: PublishedKey = {
  key: decodeHex(GAEN_DAY.tek) ?? new Uint8Array(),
  intervalNumber: GAEN_DAY.intervalNumber,
  intervalCount: 144,
  reportType: 1,
};
const SIGHTINGS: readonly Sighting[] = [{
  rpi: decodeHex(GAEN_DAY.rpis[8]) ?? new Uint8Array(),
  heardAt: asSeconds((GAEN_DAY.intervalNumber + 8) * 600),
}];

/** Files whose text names their keys; src/export-file tests real files. */
const open: OpenFile = (zip) => {
  const words = new TextDecoder().decode(zip).split(" ");
  if (words.includes("forged")) return Promise.resolve(refuse("signature_invalid", "forged"));
  return Promise.resolve(accept({
    keys: () => words.includes("key") ? [KEY] : [],
    revisedKeys: () => words.includes("revoked") ? [{ ...KEY, reportType: 5 }] : [],
  }));
};

/** A phone and a server with these files, by path below /exports/. */
async function phoneAt(files: Map<string, string>, limits: Partial<DownloadLimits> = {}) {
  const server = await serve(({ url }, response) => {
    const content = files.get(url.replace("/exports/", ""));
    if (content === undefined) response.statusCode = 404;
    response.end(content);
  });
  const source = { baseUrl: `${server.url}/exports`, root: "mag" };
  const downloads = { fetch, source, limits: { ...DOWNLOAD_LIMITS, timeoutMs: 5000, ...limits } };
  return { phone: new Phone(downloads, open, SIGHTINGS), server };
}

test("a phone finds whom it met in the files of the index", async () => {
  const { phone } = await phoneAt(
    new Map([
      ["mag/index.txt", "mag/1-2-00001.zip\nmag/2-3-00001.zip\n"],
      ["mag/1-2-00001.zip", "nobody"],
      ["mag/2-3-00001.zip", "key"],
    ]),
  );
  expect(await phone.sync()).toEqual(
    accept({ read: ["mag/1-2-00001.zip", "mag/2-3-00001.zip"], refused: [] }),
  );
  expect(phone.exposures).toEqual([{
    intervalNumber: GAEN_DAY.intervalNumber,
    sightings: [0],
    reportType: 1,
    path: "mag/2-3-00001.zip",
    revoked: false,
  }]);
});

test("a phone reads each file once, and new ones as they come", async () => {
  const files = new Map([["mag/index.txt", "mag/1.zip"], ["mag/1.zip", "key"]]);
  const { phone, server } = await phoneAt(files);
  await phone.sync();
  files.set("mag/index.txt", "mag/1.zip\nmag/2.zip").set("mag/2.zip", "revoked");
  expect(await phone.sync()).toEqual(accept({ read: ["mag/2.zip"], refused: [] }));
  expect(server.got.filter(({ url }) => url.endsWith("1.zip")).length).toBe(1);
  expect(phone.exposures).toMatchObject([{ path: "mag/2.zip", reportType: 5, revoked: true }]);
});

test("a phone distinguishes a missing index from an empty one", async () => {
  const { phone } = await phoneAt(new Map([["mag/index.txt", ""]]));
  expect(await phone.sync()).toMatchObject({ ok: true, value: { read: [] } });
  const { phone: lost } = await phoneAt(new Map());
  expect(await lost.sync()).toMatchObject({ ok: false, code: "not_found" });
});

test("a phone retries failed downloads, but not invalid files", async () => {
  const files = new Map([
    ["mag/index.txt", "mag/late.zip\nmag/forged.zip"],
    ["mag/forged.zip", "forged key"],
  ]);
  const { phone, server } = await phoneAt(files);
  expect(await phone.sync()).toMatchObject({
    value: {
      read: [],
      refused: [
        { path: "mag/late.zip", refusal: { code: "not_found" } },
        { path: "mag/forged.zip", refusal: { code: "signature_invalid" } },
      ],
    },
  });
  files.set("mag/late.zip", "key");
  expect(await phone.sync()).toEqual(accept({ read: ["mag/late.zip"], refused: [] }));
  expect(server.got.filter(({ url }) => url.endsWith("forged.zip")).length).toBe(1);
  expect(phone.exposures.map(({ path }) => path)).toEqual(["mag/late.zip"]);
});

test("a phone resolves dots in an index", async () => {
  const files = new Map([["mag/index.txt", "./mag/x/../a.zip"], ["mag/a.zip", "key"]]);
  const { phone } = await phoneAt(files);
  expect(await phone.sync()).toMatchObject({ value: { read: ["mag/a.zip"], refused: [] } });
});

test.each([
  "../secret.zip",
  "mag/../../secret.zip",
  "//other.example/a.zip",
  "http://other.example/a.zip",
  "mag/a.zip?x",
  "mag/a.zip#x",
  "mag/%2e%2e/a.zip",
  "mag\\a.zip",
  "mag/ä.zip",
  `mag/${"a".repeat(1100)}.zip`,
])("a phone refuses an index that names %j", async (line) => {
  const { phone, server } = await phoneAt(new Map([["mag/index.txt", `mag/a.zip\n${line}\n`]]));
  expect(await phone.sync()).toEqual({
    ok: false,
    code: "malformed_file",
    message: "index.txt of mag: line 2 is not the relative path of a .zip file",
  });
  expect(server.got.length).toBe(1);
});

test("a phone bounds what it downloads", async () => {
  const files = new Map([["mag/index.txt", "mag/big.zip"], ["mag/big.zip", "x".repeat(2000)]]);
  const { phone } = await phoneAt(files, { fileBytes: 1000 });
  expect(await phone.sync()).toMatchObject({
    value: { refused: [{ path: "mag/big.zip", refusal: { code: "limit_exceeded" } }] },
  });
  const small = await phoneAt(files, { indexBytes: 5 });
  expect(await small.phone.sync()).toMatchObject({ ok: false, code: "limit_exceeded" });
});

test("a phone reports an index that cannot be downloaded", async () => {
  const server = await serve((_, response) => {
    response.statusCode = 503;
    response.end();
  });
  const source = { baseUrl: `${server.url}/exports/`, root: "mag" };
  const phone = new Phone({ fetch, source, limits: DOWNLOAD_LIMITS }, open, SIGHTINGS);
  expect(await phone.sync()).toEqual({
    ok: false,
    code: "fetch_failed",
    message: `${server.url}/exports/mag/index.txt answered 503, not 200`,
  });
});
