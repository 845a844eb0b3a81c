import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { admin, openTestApp, type TestApp } from "../support/app.ts";
import { useDatabase } from "../support/database.ts";

const pemOf = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }).toString();
const SIGNER = { key: "local:mag-signer", keyId: "310", version: "v1" };
const EXPORT = {
  bucket: "exports",
  filenameRoot: "mag",
  period: "4h",
  outputRegion: "mag",
  signingKeys: ["mag-signer"],
};

describe("the admin API", () => {
  const database = useDatabase();
  let app: TestApp;

  beforeAll(async () => {
    app = await openTestApp(database());
  });
  beforeEach(() => database().clear());
  afterAll(() => app.close());

  const stored = async (): Promise<number> =>
    (await app.foundation.resources.all()).resources.length;

  it.each([
    ["no token", {}],
    ["another token", { authorization: "Bearer test-admin-tokem" }],
    ["another scheme", { authorization: "Basic test-admin-token" }],
  ])("answers 401 to %s", async (_, headers: Record<string, string>) => {
    const answer = await app.fetch("/admin/api/v1/issuers", { headers });
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ code: "unauthorized" });
  });

  it("answers a resource as stored, with the public key of a key that it made", async () => {
    const made = await admin(app, "PUT", "/signingKeys/mag-signer", SIGNER);
    expect(made.status).toBe(201);
    expect(made.headers.get("etag")).toBe('"1"');
    const body: { publicKeyPem: string } = await made.json();
    expect(body).toMatchObject({ kind: "SigningKey", name: "mag-signer", ...SIGNER });
    expect(body.publicKeyPem).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    // What was answered can be sent back.
    const again = await admin(app, "PUT", "/signingKeys/mag-signer", body);
    expect(again.status).toBe(200);
    expect(await again.json()).toEqual(body);
    const listed = await admin(app, "GET", "/signingKeys");
    expect(await listed.json()).toEqual({ items: [body] });
  });

  it("keeps regions in upper case and fills in defaults", async () => {
    await admin(app, "PUT", "/signingKeys/mag-signer", SIGNER);
    const made = await admin(app, "PUT", "/exportConfigs/mag", EXPORT);
    expect(await made.json()).toMatchObject({ outputRegion: "MAG", inputRegions: [] });
  });

  it.each<[string, string, unknown, string]>([
    ["an unknown member", "/signingKeys/x", { ...SIGNER, colour: "red" }, "SigningKey/x: colour"],
    ["a missing member", "/signingKeys/x", { key: "local:x", keyId: "1" }, "SigningKey/x: version"],
    ["a wrong type", "/signingKeys/x", { ...SIGNER, keyId: 310 }, "SigningKey/x: keyId"],
    [
      "a key manager that is not there",
      "/signingKeys/x",
      { ...SIGNER, key: "vault:x" },
      "SigningKey/x: key",
    ],
    [
      "a file that is not there",
      "/signingKeys/x",
      { ...SIGNER, key: "file:/no/key.pem" },
      "SigningKey/x: key",
    ],
    ["a resource that does not exist", "/exportConfigs/x", EXPORT, "ExportConfig/x: signingKeys.0"],
    [
      "a period that does not divide a day",
      "/exportConfigs/x",
      { ...EXPORT, period: "5h" },
      "ExportConfig/x: period",
    ],
    [
      "a filename root outside",
      "/exportConfigs/x",
      { ...EXPORT, filenameRoot: "../x" },
      "ExportConfig/x: filenameRoot",
    ],
    ["a contradiction", "/exportConfigs/x", {
      ...EXPORT,
      includeTravelers: true,
      onlyNonTravelers: true,
    }, "ExportConfig/x: onlyNonTravelers"],
    ["another name", "/exportConfigs/x", { ...EXPORT, name: "y" }, "name"],
    [
      "an issuer that does not exist",
      "/healthAuthorities/x",
      { acceptIssuers: ["i"] },
      "HealthAuthority/x: acceptIssuers.0",
    ],
    ["two keys of one version", "/issuers/x", {
      issuer: "i",
      audience: "a",
      keys: [1, 2].map(() => ({
        version: "v1",
        publicKeyPem: "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----",
      })),
    }, "Issuer/x: keys"],
  ])("refuses %s with its path, and changes nothing", async (_, path, body, faultPath) => {
    const answer = await admin(app, "PUT", path, body);
    expect(answer.status).toBe(422);
    const refused: { code: string; faults: { path: string }[] } = await answer.json();
    expect(refused.code).toBe("invalid_resource");
    expect(refused.faults.map((fault) => fault.path)).toContain(faultPath);
    expect(await stored()).toBe(0);
  });

  it("names every fault at once", async () => {
    const answer = await admin(app, "PUT", "/exportConfigs/x", {
      ...EXPORT,
      period: "5h",
      bucket: "",
      signingKeys: [],
    });
    const { faults }: { faults: { path: string }[] } = await answer.json();
    expect(faults.map((fault) => fault.path).sort()).toEqual([
      "ExportConfig/x: bucket",
      "ExportConfig/x: period",
      "ExportConfig/x: signingKeys",
    ]);
  });

  it.each([
    ["another curve", () => pemOf(generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey)],
    ["another kind", () => pemOf(generateKeyPairSync("ed25519").publicKey)],
    ["no key", () => "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"],
  ])("refuses a public key of %s, and says which", async (_, bad) => {
    const good = pemOf(generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey);
    const keys = (publicKeyPem: string, more = {}) => [
      { ...more, version: "v1", publicKeyPem: good },
      { ...more, version: "v2", publicKeyPem },
    ];
    const puts = [
      ["/issuers/x", "Issuer/x: keys.1.publicKeyPem", (pem: string) => ({
        issuer: "x",
        audience: "x",
        keys: keys(pem),
      })],
      ["/exportImports/x", "ExportImport/x: publicKeys.1.publicKeyPem", (pem: string) => ({
        indexUrl: "https://a.example/index.txt",
        exportRoot: "https://a.example/",
        region: "MAG",
        publicKeys: keys(pem, { keyId: "310" }),
      })],
    ] as const;
    for (const [path, place, body] of puts) {
      const refused = await admin(app, "PUT", path, body(bad()));
      expect(refused.status).toBe(422);
      const { faults }: { faults: { path: string; message: string }[] } = await refused.json();
      expect(faults).toEqual([
        { path: place, message: "must be a public key on the curve P-256 (SPKI, PEM)" },
      ]);
      expect((await admin(app, "PUT", path, body(good))).status).toBe(201);
    }
  });

  const MIRROR = {
    indexUrl: "https://a.example/index.txt",
    exportRoot: "https://a.example/",
    bucket: "exports",
    filenameRoot: "mag",
  };
  const PEER = { serverId: "https://a.example" };

  it.each([
    ["/exportConfigs/two", EXPORT, "the place mag in bucket exports is taken by ExportConfig/one"],
    [
      "/exportConfigs/two",
      { ...EXPORT, filenameRoot: "mag-daily" },
      "the place mag-daily in bucket exports is taken by ExportConfig/one",
    ],
    ["/mirrors/two", MIRROR, "the place mag in bucket exports is taken by ExportConfig/one"],
    ["/peers/two", PEER, "the server ID https://a.example is taken by Peer/one"],
  ])("refuses %s with %j: %3$s", async (path, body, message) => {
    await admin(app, "PUT", "/signingKeys/mag-signer", SIGNER);
    expect((await admin(app, "PUT", "/exportConfigs/one", { ...EXPORT, rollup: "24h" })).status)
      .toBe(201);
    expect((await admin(app, "PUT", "/peers/one", PEER)).status).toBe(201);
    const second = await admin(app, "PUT", path, body);
    expect(second.status).toBe(422);
    expect(await second.text()).toContain(message);
  });

  it("takes a place beside another, and the roll-up's while there is none", async () => {
    await admin(app, "PUT", "/signingKeys/mag-signer", SIGNER);
    const put = async (name: string, filenameRoot: string, more = {}): Promise<number> =>
      (await admin(app, "PUT", `/exportConfigs/${name}`, { ...EXPORT, filenameRoot, ...more }))
        .status;
    expect(await put("one", "mag")).toBe(201);
    expect(await put("two", "mag-daily")).toBe(201);
    expect(await put("one", "mag", { rollup: "24h" })).toBe(422);
  });

  it("refuses to delete what another resource names", async () => {
    await admin(app, "PUT", "/signingKeys/mag-signer", SIGNER);
    await admin(app, "PUT", "/exportConfigs/mag", EXPORT);
    const refused = await admin(app, "DELETE", "/signingKeys/mag-signer");
    expect(refused.status).toBe(422);
    expect((await admin(app, "DELETE", "/exportConfigs/mag")).status).toBe(204);
    expect((await admin(app, "DELETE", "/signingKeys/mag-signer")).status).toBe(204);
    expect((await admin(app, "DELETE", "/signingKeys/mag-signer")).status).toBe(404);
    expect(await stored()).toBe(0);
  });

  it("loses no update: If-Match must be the version, If-None-Match only makes", async () => {
    const put = (version: string, headers: Record<string, string>) =>
      admin(app, "PUT", "/signingKeys/mag-signer", { ...SIGNER, version }, headers);
    expect((await put("v1", { "if-none-match": "*" })).status).toBe(201);
    expect((await put("v2", { "if-none-match": "*" })).status).toBe(412);
    expect((await put("v2", { "if-match": '"1"' })).headers.get("etag")).toBe('"2"');
    const late = await put("v3", { "if-match": '"1"' });
    expect(late.status).toBe(412);
    expect(await late.json()).toMatchObject({ code: "version_conflict" });
    expect((await put("v3", { "if-match": "W/x" })).status).toBe(412);
  });

  it("keeps who changed what, before and after", async () => {
    await admin(app, "PUT", "/signingKeys/mag-signer", SIGNER);
    await admin(app, "PUT", "/signingKeys/mag-signer", { ...SIGNER, keyId: "311" });
    await admin(app, "DELETE", "/signingKeys/mag-signer");
    const rows = await database().sql<{ action: string; before: string; after: string }[]>`
      select action, before->>'keyId' as before, after->>'keyId' as after from audit_log order by id`;
    expect(rows.map((row) => ({ ...row }))).toEqual([
      { action: "put", before: null, after: "310" },
      { action: "put", before: "310", after: "311" },
      { action: "delete", before: "311", after: null },
    ]);
  });

  it.each([
    ["PUT", "/signingKeys/x", "{", 400],
    ["PUT", "/signingKeys/x", "[]", 400],
    ["GET", "/dragons", undefined, 404],
    ["GET", "/signingKeys/none", undefined, 404],
    ["POST", "/jobs/none", undefined, 404],
  ])("answers %s %s (%s) with %i", async (method, path, body, status) => {
    const answer = await app.fetch(`/admin/api/v1${path}`, {
      method,
      headers: { authorization: "Bearer test-admin-token" },
      ...(body === undefined ? {} : { body }),
    });
    expect(answer.status).toBe(status);
  });

  it("refuses a body of more than 1 MiB", async () => {
    const answer = await admin(app, "PUT", "/signingKeys/x", {
      ...SIGNER,
      x: "y".repeat(1_100_000),
    });
    expect(answer.status).toBe(413);
  });
});
