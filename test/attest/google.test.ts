import { Buffer } from "node:buffer";
import { importSPKI, jwtVerify } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { playPayload } from "../../src/device/attest/google.ts";
import { derToPem } from "../../src/keys/pem.ts";
import { NOON } from "../publish/world.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { useDatabase } from "../support/database.ts";
import { startVendor, type VendorServer } from "./vendor-server.ts";
import { type AttestWorld, type AttestWorldOptions, makeAttestWorld } from "./world.ts";

const DIGEST = Buffer.alloc(32, 5).toString("base64url");
const PLAY_APP = { packageName: "org.example.mag", certificateDigest: DIGEST };
const SCOPE = "https://www.googleapis.com/auth/playintegrity";
const refused = (reason: string) => ({
  status: 401,
  json: { code: "device_attestation_invalid", error: `device attestation: ${reason}` },
});
const unavailable = { status: 503, json: { code: "device_attestation_unavailable" } };

describe("Play Integrity, decoded by Google", () => {
  const database = useDatabase();
  let world: AttestWorld;
  let google: VendorServer;
  /** Payloads by token: what Google would find inside. */
  const payloads = new Map<string, unknown>();

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    payloads.clear();
  });

  /** Google's two addresses: access tokens for the service account, and decoding, which clears a token's verdicts. */
  const server = (publicKeyPem: string) => async (request: Request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/token") {
      const form = new URLSearchParams(await request.text());
      if (form.get("grant_type") !== "urn:ietf:params:oauth:grant-type:jwt-bearer") {
        return new Response("{}", { status: 400 });
      }
      const key = await importSPKI(publicKeyPem, "RS256");
      const { payload, protectedHeader } = await jwtVerify(form.get("assertion") ?? "", key, {
        audience: "https://oauth2.googleapis.com/token",
        issuer: "mag@example.iam.gserviceaccount.com",
        currentDate: new Date(world.clock.now * 1000),
      });
      const fits = payload["scope"] === SCOPE && protectedHeader.kid === "key-1";
      return fits
        ? Response.json({ access_token: `access-${world.clock.now}`, expires_in: 3600 })
        : new Response("{}", { status: 401 });
    }
    if (!request.headers.get("authorization")?.startsWith("Bearer access-")) {
      return new Response("{}", { status: 401 });
    }
    expect(pathname).toBe("/v1/org.example.mag:decodeIntegrityToken");
    const { integrity_token: token } = await request.json() as { integrity_token: string };
    const payload = payloads.get(token);
    if (payload === undefined) return new Response('{"error":{"code":400}}', { status: 400 });
    return Response.json({ tokenPayloadExternal: payload });
  };

  const start = async (
    android: Readonly<Record<string, unknown>> = {},
    options: AttestWorldOptions = {},
  ) => {
    world = await makeAttestWorld(database(), options);
    const algorithm = {
      name: "RSASSA-PKCS1-v1_5",
      hash: "SHA-256",
      modulusLength: 2048,
      publicExponent: Uint8Array.of(1, 0, 1),
    };
    const pair = await NATIVE.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const pem = async (format: "spki" | "pkcs8", key: CryptoKey) =>
      derToPem(
        new Uint8Array(await NATIVE.subtle.exportKey(format, key)),
        format === "spki" ? "PUBLIC KEY" : "PRIVATE KEY",
      );
    google = await startVendor(server(await pem("spki", pair.publicKey)));
    world.environment["SERVICE_ACCOUNT"] = JSON.stringify({
      type: "service_account",
      client_email: "mag@example.iam.gserviceaccount.com",
      private_key_id: "key-1",
      private_key: await pem("pkcs8", pair.privateKey),
    });
    world.configure({
      mode: "require",
      development: true,
      android: {
        kind: "playintegrity",
        decode: "google",
        packageName: PLAY_APP.packageName,
        certificateDigests: [DIGEST],
        serviceAccount: "env:SERVICE_ACCOUNT",
        onUnavailable: "refuse",
        url: google.url,
        ...android,
      },
    });
  };
  let counter = 0;
  /** A token as a phone has it: nobody but Google can look inside. */
  const tokenOf = (payload: unknown) => {
    const part = () => Buffer.alloc(12, ++counter).toString("base64url");
    const token = [part(), part(), part(), part(), part()].join(".");
    payloads.set(token, payload);
    return token;
  };
  const nonceOf = (hash: Uint8Array) => Buffer.from(hash).toString("base64url");

  it("lets classic and standard requests publish, with one access token for both", async () => {
    await start();
    const classic = await world.attested();
    const first = playPayload(PLAY_APP, nonceOf(classic.hash), NOON * 1000);
    expect(await world.send(classic.body, tokenOf(first))).toMatchObject({ status: 200 });
    const standard = await world.attested();
    const { requestDetails, ...rest } = playPayload(PLAY_APP, "", NOON * 1000);
    const { nonce: _, ...details } = requestDetails as Record<string, unknown>;
    const second = {
      ...rest,
      requestDetails: { ...details, requestHash: nonceOf(standard.hash) },
    };
    expect(await world.send(standard.body, tokenOf(second))).toMatchObject({ status: 200 });
    expect(google.seen.map(({ path }) => path)).toEqual([
      "/token",
      "/v1/org.example.mag:decodeIntegrityToken",
      "/v1/org.example.mag:decodeIntegrityToken",
    ]);
  });

  it("gets a new access token in the last five minutes of the old one", async () => {
    await start();
    for (const minutes of [0, 54, 2]) {
      world.clock.now = world.clock.now + minutes * 60 as typeof world.clock.now;
      const { body, hash } = await world.attested();
      const token = tokenOf(playPayload(PLAY_APP, nonceOf(hash), world.clock.now * 1000));
      expect(await world.send(body, token)).toMatchObject({ status: 200 });
    }
    expect(google.seen.filter(({ path }) => path === "/token")).toHaveLength(2);
  });

  it("asks nobody about a token that was used", async () => {
    await start();
    const { body, hash } = await world.attested();
    const token = tokenOf(playPayload(PLAY_APP, nonceOf(hash), NOON * 1000));
    await world.send(body, token);
    const before = google.seen.length;
    const standard = token.split(".").map((part) =>
      Buffer.from(part, "base64url").toString("base64")
    );
    for (const again of [token, standard.join(".")]) {
      expect(await world.send(body, again)).toMatchObject(refused("replayed"));
    }
    expect(google.seen).toHaveLength(before);
  });

  it("refuses what Google refuses, and a token whose verdicts were cleared", async () => {
    await start();
    const { body, hash } = await world.attested();
    expect(await world.send(body, "e30.e30.e30.e30.e30")).toMatchObject(refused("vendor_refused"));
    const { requestDetails } = playPayload(PLAY_APP, nonceOf(hash), NOON * 1000);
    const cleared = { requestDetails, appIntegrity: {}, deviceIntegrity: {} };
    expect(await world.send(body, tokenOf(cleared))).toMatchObject(refused("app"));
    expect(await world.send(body, tokenOf("no object"))).toMatchObject(refused("malformed"));
  });

  it("is unavailable or misconfigured as Google's answers are", async () => {
    const rows: [() => Response, string][] = [
      [() => new Response("", { status: 503 }), "unavailable_refused"],
      [() => new Response("no JSON"), "unavailable_refused"],
      [() => new Response("{}", { status: 403 }), "misconfigured"],
    ];
    for (const [answer, verdict] of rows) {
      await start();
      google.command = answer;
      const { body } = await world.attested();
      expect(await world.send(body, tokenOf({}))).toMatchObject(unavailable);
      expect(world.verdicts.map((one) => one.verdict)).toEqual([verdict]);
    }
    for (const account of ["env:NOT_THERE", "env:OTHER"]) {
      await start({ serviceAccount: account });
      world.environment["OTHER"] = '{"client_email":"x","private_key":"no PEM"}';
      const { body } = await world.attested();
      expect(await world.send(body, tokenOf({}))).toMatchObject(unavailable);
      expect(google.seen).toHaveLength(0);
      expect(world.verdicts.map((one) => one.verdict)).toEqual(["misconfigured"]);
    }
  });
});
