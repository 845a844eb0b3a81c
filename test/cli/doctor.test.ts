import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { deviceCheckServer } from "../../src/device/attest/device-check-server.ts";
import { makeGoogle } from "../../src/device/attest/google.ts";
import { ensureIssuer } from "../../src/device/issuer.ts";
import { startVendor, type VendorServer } from "../attest/vendor-server.ts";
import { admin, openTestApp, type TestApp } from "../support/app.ts";
import { temporaryFolder } from "../support/command-io.ts";
import { runHere } from "../support/command-line.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { databaseSettings, useDatabase } from "../support/database.ts";
import type { Finished } from "../support/program.ts";

const TEAM = { teamId: "ABCDE12345", keyId: "FGHIJ67890" };
const MASTER_KEY = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

describe("wayfarer doctor", () => {
  const database = useDatabase();
  let app: TestApp;
  let folder: string;
  let apple: VendorServer;

  beforeEach(async () => {
    await database().clear();
    folder = await temporaryFolder();
    app = await openTestApp(database(), { ATTESTATION_DEVELOPMENT: "true" });
    const { issuer } = await ensureIssuer(NATIVE, join(folder, "AuthKey.p8"));
    const { publicKeyPem } = issuer;
    apple = await startVendor(deviceCheckServer({ ...TEAM, publicKeyPem, nowMs: Date.now }));
    return () => app.close();
  });

  const doctor = (args: readonly string[] = []): Promise<Finished> =>
    runHere(["doctor", ...args], {
      ...databaseSettings(database().address),
      MASTER_KEY,
      DATA_DIR: folder,
      ATTESTATION_DEVELOPMENT: "true",
      PEER_ALLOW_PRIVATE: "true",
    });
  const configure = async (attestation: Readonly<Record<string, unknown>>) => {
    const answer = await admin(app, "PUT", "/healthAuthorities/mag", {
      kind: "HealthAuthority",
      name: "mag",
      regions: ["MAG"],
      attestation: { mode: "report", development: true, ...attestation },
    });
    expect(answer.status, JSON.stringify(answer)).toBeLessThan(300);
  };
  const deviceCheck = (members: Readonly<Record<string, unknown>> = {}) =>
    configure({
      ios: {
        kind: "devicecheck",
        ...TEAM,
        signingKey: `file:${folder}/AuthKey.p8`,
        url: apple.url,
        ...members,
      },
    });

  it("finds nothing wrong with a server that runs", async () => {
    const { status, out } = await doctor();
    expect(out).toBe("ok      database\nok      storage\nok      clocks\nok      exports\n");
    expect(status).toBe(0);
  });

  it("asks Apple once about a junk token, which must be refused", async () => {
    await deviceCheck();
    const { status, out } = await doctor();
    expect(out).toContain("ok      attestation of mag on ios (devicecheck)\n");
    expect(status).toBe(0);
    expect(apple.seen).toHaveLength(1);
    expect(apple.seen[0]?.body).toContain('"junk token of wayfarer doctor"');
  });

  it.each<[string, Readonly<Record<string, unknown>>, (() => Response) | undefined, string]>([
    [
      "a key of another team",
      { teamId: "ZZZZZZZZZZ" },
      undefined,
      "Apple refuses this server itself: check teamId, keyId, signingKey and this machine's clock",
    ],
    [
      "a server that is away",
      {},
      () => new Response("", { status: 503 }),
      "Apple's server does not answer within 3 s: let this machine reach it, or choose a kind that is checked here",
    ],
    [
      "a server that accepts anything",
      {},
      () => new Response("OK"),
      "a server accepts a junk token for genuine: it is not Apple's, check the member url",
    ],
  ])("names %s", async (_, members, command, fault) => {
    await deviceCheck(members);
    apple.command = command;
    const { status, out } = await doctor(["--json"]);
    expect(JSON.parse(out)).toContainEqual({
      name: "attestation of mag on ios (devicecheck)",
      fault,
    });
    expect(status).toBe(1);
  });

  it("reads the keys of Play Integrity", async () => {
    const google = await makeGoogle(NATIVE);
    await writeFile(join(folder, "key"), google.decryption);
    await writeFile(join(folder, "pub"), google.verification);
    const keys = (verification: string) =>
      configure({
        android: {
          kind: "playintegrity",
          decode: "local",
          packageName: "org.example.mag",
          certificateDigests: ["BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU"],
          keys: [{
            decryption: `file:${folder}/key`,
            verification: `file:${folder}/${verification}`,
          }],
        },
      });
    await keys("pub");
    expect((await doctor()).out).toContain("ok      attestation of mag on android (playintegrity)");
    await keys("key");
    const { status, out } = await doctor();
    expect(out).toContain(
      'failed  attestation of mag on android (playintegrity): "attestation.android.keys[0] cannot be read or holds other keys',
    );
    expect(status).toBe(1);
  });

  it("names a signing key that is not there", async () => {
    const answer = await admin(app, "PUT", "/signingKeys/mag-signer", {
      kind: "SigningKey",
      name: "mag-signer",
      key: `file:${folder}/AuthKey.p8`,
      keyId: "310",
      version: "v1",
    });
    expect(answer.status).toBeLessThan(300);
    expect((await doctor()).out).toContain("ok      signing key mag-signer\n");
    await rm(join(folder, "AuthKey.p8"));
    const { status, out } = await doctor();
    expect(out).toMatch(/^failed {2}signing key mag-signer: .*AuthKey\.p8/m);
    expect(status).toBe(1);
  });
});
