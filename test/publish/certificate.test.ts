import { Buffer } from "node:buffer";
import { beforeEach, describe, expect, it } from "vitest";
import { publishRoute } from "../../src/publish/route.ts";
import { useDatabase } from "../support/database.ts";
import {
  type CertificateOptions,
  makeWorld,
  newSigner,
  NOON,
  post,
  read,
  resource,
  tek,
  type World,
} from "./world.ts";

const CODE = "health_authority_verification_certificate_invalid";

describe("a publish's certificate", () => {
  const database = useDatabase();
  let world: World;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeWorld(database());
  });

  const refusal = async (
    options: CertificateOptions = {},
    members: Readonly<Record<string, unknown>> = {},
  ) => {
    const body = await world.body([tek(1), tek(2)], members, options);
    const { status, json } = await read(await publishRoute(world.deps)(post(body)));
    if (status === 200) return "accepted";
    expect([status, json.code]).toEqual([401, CODE]);
    expect(json.error).not.toContain(String(body["hmacKey"]));
    return json.error?.replace("verification certificate invalid: ", "");
  };

  it("is accepted", async () => {
    expect(await refusal()).toBe("accepted");
  });

  it.each<[string, CertificateOptions, string]>([
    ["another algorithm", { header: { alg: "HS256" } }, "its algorithm is not ES256"],
    ["no signature algorithm", { header: { alg: "none" } }, "its algorithm is not ES256"],
    ["critical extensions", { header: { crit: ["x"] } }, "verificationPayload is not a JWT"],
    ["an unknown issuer", { claims: { iss: "x" } }, "its issuer is not known here"],
    ["an issuer that is no string", { claims: { iss: ["x"] } }, "its issuer is not known here"],
    ["another audience", { claims: { aud: "x" } }, "its audience is not the issuer's"],
    ["other audiences", { claims: { aud: ["x", "y"] } }, "its audience is not the issuer's"],
    ["no audience", { claims: { aud: undefined } }, "its audience is not the issuer's"],
    [
      "an unknown key version",
      { header: { kid: "v2" } },
      "no active key of the issuer has the version in kid",
    ],
    [
      "no key version",
      { header: { kid: undefined } },
      "no active key of the issuer has the version in kid",
    ],
    ["an expiry long ago", { claims: { exp: NOON - 60 } }, "it expired 60 s ago"],
    ["no expiry", { claims: { exp: undefined } }, "exp is missing or no number"],
    ["an expiry that is a text", { claims: { exp: "1" } }, "exp is missing or no number"],
    ["no issue time", { claims: { iat: undefined } }, "iat is missing or no number"],
    ["an issue time to come", { claims: { iat: NOON + 61 } }, "it was issued 61 s in the future"],
    [
      "a start to come",
      { claims: { nbf: NOON + 61 } },
      "it is not valid before 61 s from now",
    ],
    ["a start that is a text", { claims: { nbf: "1" } }, "nbf is no number"],
    ["an unknown report type", { reportType: "positive" }, "its report type is not known"],
    ["a report type of objects", { reportType: "constructor" }, "its report type is not known"],
    ["no MAC", { claims: { tekmac: undefined } }, "tekmac is missing or no string"],
    [
      "the MAC of something else",
      { claims: { tekmac: Buffer.alloc(32).toString("base64") } },
      "tekmac is not the HMAC of the keys in this request",
    ],
  ])("is refused with %s", async (_, options, error) => {
    expect(await refusal(options)).toBe(error);
  });

  it.each<[string, CertificateOptions]>([
    ["several audiences", { claims: { aud: ["x", "org.exposure-notifications-test.key"] } }],
    ["an expiry within the tolerance", { claims: { exp: NOON - 59 } }],
    ["an issue time within the tolerance", { claims: { iat: NOON + 60 } }],
    ["a start within the tolerance", { claims: { nbf: NOON + 60 } }],
    ["claims that nobody knows", { claims: { phone: { nested: [1, 2] } } }],
  ])("is accepted with %s", async (_, options) => {
    expect(await refusal(options)).toBe("accepted");
  });

  it.each([
    ["nothing", undefined, "verificationPayload is missing"],
    ["an empty text", "", "verificationPayload is missing"],
    ["no JWT", "x", "verificationPayload is not a JWT"],
    ["two parts", "e30.e30", "verificationPayload is not a JWT"],
    ["four parts", "e30.e30.e30.e30", "verificationPayload is not a JWT"],
    ["parts that are no JSON", "AAAA.AAAA.AAAA", "verificationPayload is not a JWT"],
    ["a header that is an array", "W10.e30.AAAA", "verificationPayload is not a JWT"],
    ["a header that is null", "bnVsbA.e30.AAAA", "verificationPayload is not a JWT"],
    ["an enormous token", `e30.${"A".repeat(20_000)}.AAAA`, "verificationPayload is not a JWT"],
  ])("is refused when it is %s", async (_, payload, error) => {
    expect(await refusal({}, { verificationPayload: payload })).toBe(error);
  });

  it("is refused when somebody else signed it", async () => {
    expect(await refusal({ signer: await newSigner() })).toBe("its signature is wrong");
  });

  it("is refused with a signature of another length", async () => {
    const body = await world.body([tek()]);
    const payload = String(body["verificationPayload"]);
    expect(await refusal({}, { verificationPayload: `${payload}AA` })).toBe(
      "its signature is wrong",
    );
  });

  it("is refused when its issuer is known but not accepted, only after the signature", async () => {
    world.resources[1] = resource("HealthAuthority", { name: "mag", regions: ["MAG"] });
    expect(await refusal()).toBe("the health authority does not accept its issuer");
    expect(await refusal({ signer: await newSigner() })).toBe("its signature is wrong");
  });

  it.each([
    [{ from: "2025-06-15T12:00:00Z" }, "accepted"],
    [{ from: "2025-06-15T12:00:01Z" }, "no active key of the issuer has the version in kid"],
    [{ thru: "2025-06-15T12:00:01Z" }, "accepted"],
    [{ thru: "2025-06-15T12:00:00Z" }, "no active key of the issuer has the version in kid"],
  ])("counts with a key that is active %j: %s", async (span, verdict) => {
    expect(new Date(NOON * 1000).toISOString()).toBe("2025-06-15T12:00:00.000Z");
    world.resources[0] = resource("Issuer", {
      name: "mag-verification",
      issuer: "org.exposure-notifications-test.mag",
      audience: "org.exposure-notifications-test.key",
      keys: [{ version: "v1", publicKeyPem: world.signer.publicKeyPem, ...span }],
    });
    expect(await refusal()).toBe(verdict);
  });

  it("covers every member of every key", async () => {
    for (
      const change of [
        { rollingStartNumber: 1 },
        { rollingPeriod: 143 },
        { transmissionRisk: 1 },
        { key: tek().key },
      ]
    ) {
      const keys = [tek(1), tek(2)];
      const body = await world.body(keys);
      const changed = { ...body, temporaryExposureKeys: [keys[0], { ...keys[1], ...change }] };
      const { json } = await read(await publishRoute(world.deps)(post(changed)));
      expect(json.error).toBe(
        "verification certificate invalid: tekmac is not the HMAC of the keys in this request",
      );
    }
  });

  it("finds the right one of two issuers with the same name", async () => {
    const other = await newSigner();
    world.resources.unshift(resource("Issuer", {
      name: "elsewhere",
      issuer: "org.exposure-notifications-test.mag",
      audience: "org.exposure-notifications-test.key",
      keys: [{ version: "v1", publicKeyPem: other.publicKeyPem }],
    }));
    expect(await refusal()).toBe("accepted");
    expect(await refusal({ signer: other })).toBe(
      "the health authority does not accept its issuer",
    );
  });

  it("does not matter when the health authority bypasses it: the keys count as likely", async () => {
    world.resources[1] = resource("HealthAuthority", {
      name: "mag",
      regions: ["MAG"],
      acceptIssuers: ["mag-verification"],
      bypassVerification: true,
    });
    expect(await refusal({}, { verificationPayload: undefined })).toBe("accepted");
    const rows = await database().sql<{ report_type: string; transmission_risk: number }[]>`
      select distinct report_type, transmission_risk from exposure`;
    expect([...rows]).toEqual([{ report_type: "likely", transmission_risk: 4 }]);
  });
});
