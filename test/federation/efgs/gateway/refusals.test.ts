import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MEDIA_TYPES } from "../../../../federation/efgs/wire/media-type.ts";
import { encodeBase64 } from "../../../../src/bytes/base64.ts";
import { readPemCertificate } from "../../../../src/keys/certificate.ts";
import type { Connection } from "../../../../src/runtime/runtime.ts";
import { useDatabase } from "../../../support/database.ts";
import { LEADING_ZEROS, makeCertificate } from "../certificates.ts";
import {
  backEnd,
  certificateOf,
  countryOf,
  keyOf,
  NOW,
  openTestGateway,
  signatureOf,
  type TestGateway,
  YESTERDAY,
} from "./world.ts";

const IE = backEnd("IE");
const DE = backEnd("DE");
const EXPIRED = makeCertificate("IE", { days: -1 });
const TODAY = new Date(NOW * 1000).toISOString().slice(0, 10);
const moment = (seconds: number) => new Date(seconds * 1000).toISOString();

describe("the gateway refuses", () => {
  const database = useDatabase();
  let gateway: TestGateway;

  beforeAll(async () => {
    gateway = await openTestGateway(database());
    const ie = countryOf(IE);
    expect(
      (await gateway.enroll({
        ...ie,
        certificates: [
          ...ie.certificates,
          { type: "AUTHENTICATION", pem: EXPIRED.cert },
        ],
      }, countryOf(DE))).status,
    ).toBe(201);
  });
  afterAll(() => gateway.close());

  const detail = async (answer: Response) => {
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    const body = await answer.json();
    expect(body.status).toBe(answer.status);
    return [answer.status, body.detail];
  };

  it.each([
    ["15 bytes", { keyData: new Uint8Array(15) }, "keyData must have 16 bytes"],
    ["a start 16 days ago", { rollingStart: YESTERDAY - 15 * 144 }, "rollingStartIntervalNumber"],
    ["a start after the next interval", { rollingStart: Math.floor(NOW / 600) + 2 }, "rolling"],
    ["a period of 0", { rollingPeriod: 0 }, "rollingPeriod must be 1 to 144"],
    ["a period of 145", { rollingPeriod: 145 }, "rollingPeriod must be 1 to 144"],
    ["a risk of 9", { transmissionRisk: 9 }, "transmissionRiskLevel must be 0 to 8"],
    ["a risk of −1", { transmissionRisk: -1 }, "transmissionRiskLevel must be 0 to 8"],
    ["report type 6", { reportType: 6 }, "reportType must be 0 to 5"],
    ["401 characters of countries", { visitedCountries: ["A".repeat(401)] }, "visitedCountries"],
    ["an empty country", { visitedCountries: ["DE", ""] }, "visitedCountries must hold printable"],
    ["a country that is not ASCII", { visitedCountries: ["É"] }, "visitedCountries must hold"],
  ])("a key with %s, and names it", async (_, changes, text) => {
    const answer = await gateway.upload(IE, [keyOf("IE", 1), keyOf("IE", 2, changes)]);
    expect(answer.status).toBe(400);
    const body = await answer.json();
    expect(body.detail).toContain(`keys[1].${text}`);
    expect(body.message).toBe(body.detail);
  });

  it("takes keys at the limits", async () => {
    const limits = [
      { rollingStart: YESTERDAY - 14 * 144 },
      { rollingStart: Math.floor(NOW / 600) + 1, rollingPeriod: 1 },
      { transmissionRisk: 0, reportType: 0, visitedCountries: [] },
      { transmissionRisk: 2_147_483_647, reportType: 5, daysSinceOnset: 99_999 },
      { visitedCountries: ["A".repeat(400)] },
    ];
    const keys = limits.map((changes, at) => keyOf("IE", 100 + at, changes));
    expect((await gateway.upload(IE, keys, { tag: "x".repeat(64) })).status).toBe(201);
  });

  it("5,001 keys, but a bad key first", async () => {
    const many = Array.from({ length: 5001 }, (_, at) => keyOf("IE", 10_000 + at));
    const signature = "AAAA";
    expect(await detail(await gateway.upload(IE, many, { signature })))
      .toEqual([413, "a batch must have at most 5000 keys"]);
    many[5000] = keyOf("IE", 1, { rollingPeriod: 0 });
    expect((await gateway.upload(IE, many, { signature })).status).toBe(400);
  });

  it.each([
    ["no batchTag", { headers: { batchTag: undefined } }, 400, "the header batchTag is missing"],
    ["no batchSignature", { headers: { batchSignature: undefined } }, 400, "batchSignature"],
    ["a tag of 65 characters", { tag: "x".repeat(65) }, 400, "batchTag must have 1 to 64"],
    ["an empty tag", { tag: "" }, 400, "batchTag must have 1 to 64"],
    ["Accept of protobuf alone", { headers: { accept: MEDIA_TYPES.protobuf } }, 406, "Accept"],
    ["another Content-Type", { headers: { "content-type": "text/plain" } }, 415, "Content-Type"],
    ["no version", { headers: { "content-type": "application/json" } }, 400, "version=1.0"],
    ["version 1", { headers: { "content-type": "application/json; version=1" } }, 400, "version"],
    ["version 1.1", { headers: { "content-type": "application/json; version=1.1" } }, 406, "1.0"],
    ["a body that is none", { body: new Uint8Array([1, 2, 3]) }, 400, "cannot be read"],
    ["an empty batch", { body: new Uint8Array(0) }, 400, "the batch has no keys"],
  ])("an upload with %s", async (_, more, status, text) => {
    const [got, told] = await detail(await gateway.upload(IE, [keyOf("IE", 1)], more));
    expect(got).toBe(status);
    expect(told).toContain(text);
  });

  it("signatures by the wrong certificate, over other keys, or by nobody", async () => {
    const keys = [keyOf("IE", 1)];
    const stranger = makeCertificate("IE");
    const twoCountries = makeCertificate("IE", { subject: "/C=IE/C=DE/CN=two" });
    const refusals = [
      ["not base64", "AAAA", "is not CMS SignedData"],
      ["over other keys", await signatureOf([keyOf("IE", 2)], IE.signing), "over other keys"],
      ["unknown", await signatureOf(keys, stranger), "not registered for signing"],
      ["two countries", await signatureOf(keys, twoCountries), "not registered for signing"],
      ["authentication", await signatureOf(keys, IE.authentication), "not registered for signing"],
      ["expired", await signatureOf(keys, EXPIRED), "is not valid now"],
      ["of another country", await signatureOf(keys, DE.signing), "every origin must be DE"],
    ] as const;
    for (const [_, signature, text] of refusals) {
      const [status, told] = await detail(await gateway.upload(IE, keys, { signature }));
      expect([status, told]).toEqual([400, expect.stringMatching(/^Invalid signature: /)]);
      expect(told).toContain(text);
    }
    const foreign = [keyOf("DE", 1)];
    const signature = await signatureOf(foreign, DE.signing);
    expect(await detail(await gateway.upload(IE, foreign, { signature })))
      .toEqual([400, "every origin must be IE, the caller's country"]);
  });

  it("callers without a certificate that is registered, valid and not revoked", async () => {
    const ask = async (connection: Connection) => {
      const request = new Request(`http://gateway.example/diagnosiskeys/download/${TODAY}`, {
        headers: { accept: MEDIA_TYPES.protobuf },
      });
      return await detail(await gateway.handler(request, connection));
    };
    const shown = (certificate: typeof EXPIRED) => ({
      clientCertificate: certificateOf(certificate).der,
    });
    expect(await ask({})).toEqual([403, "the connection shows no client certificate"]);
    expect(await ask({ clientCertificateFingerprint: certificateOf(IE.authentication).thumbprint }))
      .toEqual([403, "the connection shows no client certificate"]);
    for (const certificate of [makeCertificate("IE"), IE.signing]) {
      expect(await ask(shown(certificate)))
        .toEqual([403, "the certificate is not registered for authentication"]);
    }
    expect(await ask(shown(EXPIRED))).toEqual([403, "the certificate is not valid at this time"]);
    expect(await ask(shown(IE.authentication)))
      .toEqual([404, "there is no batch of this date or later"]);
    const ie = countryOf(IE);
    const revokedAt = moment(NOW - 1);
    await gateway.enroll({
      ...ie,
      certificates: ie.certificates.map((one) => ({ ...one, revokedAt })),
    });
    expect(await ask(shown(IE.authentication))).toEqual([403, "the certificate is revoked"]);
    const keys = [keyOf("DE", 1)];
    const signature = await signatureOf(keys, IE.signing);
    expect(await detail(await gateway.upload(DE, keys, { signature })))
      .toEqual([400, "Invalid signature: the signer's certificate is revoked"]);
    await gateway.enroll(ie);
  });

  it.each([
    ["2026-13-01", {}, 400, "the date must be a day"],
    ["20261129", {}, 400, "the date must be a day"],
    ["2026-02-30", {}, 400, "the date must be a day"],
    [moment(NOW - 3 * 86_400).slice(0, 10), { batchTag: "x" }, 410, "batches are kept for 2 days"],
    [TODAY, { batchTag: "20200101-1" }, 404, "there is no batch with this tag"],
    [TODAY, { batchTag: "" }, 404, "there is no batch with this tag"],
    [TODAY, { accept: "*/*" }, 415, "and no wildcard"],
    [TODAY, { accept: "application/protobuf; version=2.0" }, 415, "version=1.0"],
    [TODAY, { accept: "text/plain" }, 406, "Accept must be"],
  ])("a download of %s with %o", async (date, headers, status, text) => {
    const answer = await gateway.ask(DE, `/diagnosiskeys/download/${date}`, {
      headers: { accept: MEDIA_TYPES.json, ...headers },
    });
    const [got, told] = await detail(answer);
    expect(got).toBe(status);
    expect(told).toContain(text);
  });

  it("a batch that is older than the date", async () => {
    await gateway.setTime(NOW - 86_400);
    await gateway.upload(DE, [keyOf("DE", 50, { rollingStart: YESTERDAY - 144 })]);
    await gateway.makeBatches();
    await gateway.setTime(NOW);
    const tag = `${moment(NOW - 86_400).slice(0, 10).replaceAll("-", "")}-1`;
    const headers = { accept: MEDIA_TYPES.json, batchTag: tag };
    const answer = await gateway.ask(DE, `/diagnosiskeys/download/${TODAY}`, { headers });
    expect(await detail(answer))
      .toEqual([400, "the batch is older than the date: use the date of the batch"]);
  });

  it("other methods and addresses, and tells the methods to whoever asks", async () => {
    const wrong = await gateway.ask(IE, "/diagnosiskeys/upload");
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
    expect((await gateway.ask(IE, "/diagnosiskeys/nothing")).status).toBe(404);
    expect((await gateway.ask(IE, "/diagnosiskeys/audit/download/%zz/1")).status).toBe(400);
    const options = await gateway.ask(undefined, "/diagnosiskeys", { method: "OPTIONS" });
    expect(options.status).toBe(200);
    expect(options.headers.get("allow")).toBe("POST,GET,OPTIONS");
    expect(options.headers.get("accept")).toBe(`${MEDIA_TYPES.json}, ${MEDIA_TYPES.protobuf}`);
  });
});

describe("headers of a proxy", () => {
  const leading = readPemCertificate(LEADING_ZEROS)?.thumbprint ?? "";
  const database = useDatabase();
  let gateway: TestGateway;

  beforeAll(async () => {
    gateway = await openTestGateway(database(), { EFGS_TRUSTED_PROXIES: "127.0.0.1" });
    const ie = countryOf(IE);
    await gateway.enroll({
      ...ie,
      certificates: [...ie.certificates, { type: "AUTHENTICATION", pem: LEADING_ZEROS }],
    });
  });
  afterAll(() => gateway.close());

  const ask = async (headers: Record<string, string>, remoteAddress = "127.0.0.1") => {
    const request = new Request(`http://gateway.example/diagnosiskeys/download/${TODAY}`, {
      headers: { accept: MEDIA_TYPES.protobuf, ...headers },
    });
    return (await gateway.handler(request, { remoteAddress })).status;
  };
  const named = (certificate: string, subject = "CN=x, C = ie") => ({
    "X-SSL-Client-SHA256": certificate,
    "X-SSL-Client-DN": subject,
  });

  it("count from the proxy alone, as hex or base64, with leading zeros", async () => {
    expect(leading).toMatch(/^00/);
    for (const hex of [certificateOf(IE.authentication).thumbprint, leading]) {
      const base64 = encodeBase64(Buffer.from(hex, "hex"));
      for (const text of [hex, hex.toUpperCase(), base64, encodeURIComponent(base64)]) {
        expect(await ask(named(text))).toBe(404);
      }
      expect(await ask(named(hex), "192.0.2.1")).toBe(403);
    }
  });

  it("must name one country, the certificate's", async () => {
    const hex = certificateOf(IE.authentication).thumbprint;
    expect(await ask(named(hex, encodeURIComponent("CN=a=b,C=IE")))).toBe(404);
    expect(await ask(named(hex, "CN=x"))).toBe(400);
    expect(await ask(named(hex, "C=IE,C=DE"))).toBe(403);
    expect(await ask(named(hex, "C=DE"))).toBe(403);
    expect(await ask(named(hex, "%zz"))).toBe(403);
    expect(await ask(named("00:11"))).toBe(403);
    expect(await ask({})).toBe(403);
  });
});
