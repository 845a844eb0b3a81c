import { join } from "node:path";
import { importSPKI, jwtVerify } from "jose";
import { expect, test } from "vitest";
import { tekmac } from "../../src/device/hmac.ts";
import { ensureIssuer } from "../../src/device/issuer.ts";
import { sendPublish } from "../../src/device/publish-client.ts";
import { makeTeks } from "../../src/device/tek.ts";
import { makeUpload, type PublishBody, type UploadDetails } from "../../src/device/upload.ts";
import { decodeBase64 } from "../../src/bytes/base64.ts";
import { asSeconds } from "../../src/model/ids.ts";
import { temporaryFolder } from "../support/command-io.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { seededRandom, serve } from "./support.ts";

const NOW = asSeconds(1_773_146_096);
const DETAILS: UploadDetails = {
  healthAuthorityId: "mag",
  reportType: "confirmed",
  certificate: { issuer: "iss", audience: "aud", keyVersion: "v1" },
  transmissionRisk: 4,
  symptomOnsetInterval: 2_955_000,
  traveler: true,
};

async function upload(details: Partial<UploadDetails> = {}, seed = "upload") {
  const { issuer } = await ensureIssuer(NATIVE, join(await temporaryFolder(), "issuer.pem"));
  const random = seededRandom(seed);
  const teks = makeTeks({ now: NOW, days: 14, today: false }, random);
  const tools = { crypto: NATIVE, issuer, random, now: NOW };
  return { teks, issuer, body: await makeUpload(teks, { ...DETAILS, ...details }, tools) };
}

test("makeUpload() certifies exactly its keys", async () => {
  const { teks, issuer, body } = await upload();
  expect(body.temporaryExposureKeys.map(({ key }) => decodeBase64(key)))
    .toEqual(teks.map(({ key }) => new Uint8Array(key)));
  expect(body).toMatchObject({
    healthAuthorityID: "mag",
    symptomOnsetInterval: 2_955_000,
    traveler: true,
    revisionToken: undefined,
  });
  const key = await importSPKI(issuer.publicKeyPem, "ES256");
  const currentDate = new Date(NOW * 1000);
  const { payload } = await jwtVerify(body.verificationPayload, key, {
    currentDate,
    issuer: "iss",
    audience: "aud",
  });
  const hmacKey = decodeBase64(body.hmacKey) ?? new Uint8Array();
  expect(hmacKey.length).toBe(16);
  expect(payload).toMatchObject({
    reportType: "confirmed",
    symptomOnsetInterval: 2_955_000,
    tekmac: await tekmac(NATIVE, hmacKey, body.temporaryExposureKeys),
  });
});

test("makeUpload() pads with 1,024 to 2,047 bytes", async () => {
  const sizes = await Promise.all(["a", "b", "c"].map(async (seed) => {
    const { body } = await upload({}, seed);
    return decodeBase64(body.padding)?.length ?? 0;
  }));
  expect(sizes.every((size) => size >= 1024 && size < 2048)).toBe(true);
  expect(new Set(sizes).size).toBeGreaterThan(1);
});

test("sendPublish() posts the body and reads the response", async () => {
  const { body } = await upload({ revisionToken: "token" });
  const server = await serve((_, response) => {
    response.end(JSON.stringify({
      insertedExposures: 13,
      revisionToken: "next",
      code: "partial_failure",
      error: "key 3: too old",
      warnings: ["odd"],
      padding: "AAAA",
    }));
  });
  expect(await sendPublish(fetch, `${server.url}/`, body)).toEqual({
    ok: true,
    value: {
      status: 200,
      insertedExposures: 13,
      revisionToken: "next",
      code: "partial_failure",
      error: "key 3: too old",
      warnings: ["odd"],
    },
  });
  const [got] = server.got;
  expect(got).toMatchObject({ method: "POST", url: "/v1/publish" });
  expect(got?.headers["content-type"]).toBe("application/json");
  expect(got?.headers["x-chaff"]).toBeUndefined();
  expect(JSON.parse(got?.body ?? "")).toEqual(JSON.parse(JSON.stringify(body)));
});

test("sendPublish() marks chaff, and accepts a response with only padding", async () => {
  const { body } = await upload();
  const server = await serve((_, response) => response.end('{"padding":"AAAA"}'));
  const answer = await sendPublish(fetch, server.url, body, { chaff: true });
  expect(answer).toMatchObject({
    ok: true,
    value: { status: 200, insertedExposures: 0, code: "" },
  });
  expect(server.got[0]?.headers["x-chaff"]).toBe("1");
});

test("sendPublish() returns a refusal of the server as a value", async () => {
  const { body } = await upload();
  const server = await serve((_, response) => {
    response.statusCode = 401;
    response.end('{"code":"unknown_health_authority_id","error":"unknown health authority ID"}');
  });
  expect(await sendPublish(fetch, server.url, body)).toMatchObject({
    ok: true,
    value: { status: 401, code: "unknown_health_authority_id" },
  });
});

const BODY: PublishBody = {
  temporaryExposureKeys: [],
  healthAuthorityID: "mag",
  verificationPayload: "",
  hmacKey: "",
  traveler: false,
  padding: "",
};

test.each([
  ["HTML", "<h1>Bad gateway</h1>"],
  ["nothing", ""],
  ["another type", '{"insertedExposures":"13"}'],
  ["a list", "[1]"],
  ["bytes that are no UTF-8", Buffer.from([0x7b, 0xff, 0x7d])],
])("sendPublish() refuses %s in place of a response", async (_, text) => {
  const server = await serve((_, response) => {
    response.statusCode = 502;
    response.end(text);
  });
  expect(await sendPublish(fetch, server.url, BODY)).toEqual({
    ok: false,
    code: "fetch_failed",
    message: `${server.url}/v1/publish answered 502 with something other than a publish response`,
  });
});

test("sendPublish() stops reading an endless response", async () => {
  const server = await serve((_, response) => {
    const more = () => response.write("x".repeat(65_536), () => response.destroyed || more());
    more();
  });
  expect(await sendPublish(fetch, server.url, BODY)).toMatchObject({
    ok: false,
    code: "limit_exceeded",
    message: `${server.url}/v1/publish answered with more than 262144 bytes`,
  });
});

test("sendPublish() times out, for the response or for its body", async () => {
  const silent = await serve(() => {});
  const stuck = await serve((_, response) => response.write('{"padding":'));
  for (const { url } of [silent, stuck]) {
    expect(await sendPublish(fetch, url, BODY, { timeoutMs: 100 })).toEqual({
      ok: false,
      code: "deadline_exceeded",
      message: `${url}/v1/publish did not answer within 0.1 s`,
    });
  }
});

test("sendPublish() does not send keys to a redirect target", async () => {
  const elsewhere = await serve((_, response) => response.end("{}"));
  const server = await serve((_, response) => {
    response.writeHead(307, { location: `${elsewhere.url}/v1/publish` });
    response.end();
  });
  expect(await sendPublish(fetch, server.url, BODY)).toMatchObject({ code: "fetch_failed" });
  expect(elsewhere.got).toEqual([]);
});

test("sendPublish() ends when the signal aborts", async () => {
  const stop = new AbortController();
  const server = await serve(() => stop.abort());
  expect(await sendPublish(fetch, server.url, BODY, { signal: stop.signal })).toMatchObject({
    ok: false,
    code: "canceled",
  });
});

test("sendPublish() reports an unreachable server", async () => {
  const refusing = () =>
    Promise.reject(
      new TypeError("fetch failed", {
        cause: Object.assign(new Error(), { code: "ECONNREFUSED" }),
      }),
    );
  expect(await sendPublish(refusing, "http://127.0.0.1:1", BODY)).toEqual({
    ok: false,
    code: "fetch_failed",
    message:
      "http://127.0.0.1:1/v1/publish cannot be reached (nothing listens there): start the server, or check the address",
  });
});
