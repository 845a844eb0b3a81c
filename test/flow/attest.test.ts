import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import * as z from "zod";
import { deviceCommand } from "../../src/cli/device.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { admin, ADMIN_TOKEN, openTestApp, type TestApp } from "../support/app.ts";
import { runCommand, temporaryFolder } from "../support/command-io.ts";
import { useDatabase } from "../support/database.ts";

const database = useDatabase();

const PLURALS: Readonly<Record<string, string>> = {
  Issuer: "issuers",
  HealthAuthority: "healthAuthorities",
};

/** A server on a real port, and a device that keeps its files in a folder. */
async function setUp(settings: Readonly<Record<string, string>>) {
  await database().clear();
  const app = await openTestApp(database(), settings);
  const listening = await currentRuntime().listen(app.handler, { host: "127.0.0.1", port: 0 });
  onTestFinished(async () => {
    await listening.close(1000);
    await app.close();
  });
  const env = { DATA_DIR: await temporaryFolder() };
  return { app, env, url: `http://127.0.0.1:${listening.port}` };
}

async function printed(env: Readonly<Record<string, string>>, kind: string) {
  const args = ["publish", "--print-resources", "--region", "MAG", "--attest", kind];
  const { out } = await runCommand(deviceCommand, args, { env, json: true });
  return z.array(z.looseObject({ kind: z.string(), name: z.string() })).parse(
    JSON.parse(out.join("")),
  );
}

async function applyAll(app: TestApp, resources: Awaited<ReturnType<typeof printed>>) {
  const answers: Response[] = [];
  for (const resource of resources) {
    const plural = PLURALS[resource.kind];
    if (plural === undefined) continue;
    answers.push(await admin(app, "PUT", `/${plural}/${resource.name}`, resource));
  }
  return answers;
}

it.each([
  ["appattest", "ios"],
  ["playintegrity", "android"],
  ["devicecheck", "ios"],
])(
  "device publish --attest %s is let in by a server with the printed resources, and refused without",
  async (kind, platform) => {
    const { app, env, url } = await setUp({ ATTESTATION_DEVELOPMENT: "true" });
    const answers = await applyAll(app, await printed(env, kind));
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    const publish = ["publish", "--url", url, "--health-authority", "mag", "--days", "2"];

    const refused = await runCommand(deviceCommand, publish, { env });
    expect(refused.status).toBe(1);
    expect(refused.err.join("\n")).toContain(
      '(401, "device_attestation_invalid"): "device attestation: missing"',
    );
    const taken = await runCommand(deviceCommand, [...publish, "--attest", kind], { env });
    expect(taken.err).toEqual([]);
    expect(taken.out[0]).toBe("published: 2 keys sent, 2 of them new");

    const status = await admin(app, "GET", "/status");
    const { attestation } = z.object({ attestation: z.array(z.unknown()) })
      .parse(await status.json());
    expect(attestation).toEqual([
      { platform: "unknown", kind: "none", verdict: "missing", count: 1 },
      { platform, kind, verdict: "ok", count: 1 },
    ]);
    const metrics = await app.fetch("/metrics", {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    expect(await metrics.text()).toContain(
      `wayfarer_attestation_total{platform="${platform}",kind="${kind}",verdict="ok"} 1`,
    );
  },
);

it("throw-away vendors are refused by a server without ATTESTATION_DEVELOPMENT", async () => {
  const { app, env } = await setUp({});
  const [issuer, authority] = await applyAll(app, await printed(env, "appattest"));
  expect(issuer?.status).toBe(201);
  expect(authority?.status).toBe(422);
  expect(await authority?.json()).toMatchObject({
    code: "invalid_resource",
    faults: [{
      path: "HealthAuthority/mag: attestation.development",
      message: "is for trying things out: set ATTESTATION_DEVELOPMENT=true, or leave it out",
    }],
  });
});

it("secrets stay references in answers and in the audit log, and a PEM is refused", async () => {
  const { app } = await setUp({ ATTESTATION_DEVELOPMENT: "true" });
  const attestation = {
    mode: "report",
    ios: {
      kind: "devicecheck",
      teamId: "ABCDE12345",
      keyId: "FGHIJ67890",
      signingKey: "file:/keys/AuthKey.p8",
    },
  };
  const put = (body: unknown) => admin(app, "PUT", "/healthAuthorities/mag", body);
  expect((await put({ attestation })).status).toBe(201);
  const got = await admin(app, "GET", "/healthAuthorities/mag");
  expect(await got.json()).toMatchObject({
    attestation: { ios: { signingKey: "file:/keys/AuthKey.p8", onUnavailable: "accept" } },
  });
  const pem = "-----BEGIN PRIVATE KEY-----\nMIGHAgEA\n-----END PRIVATE KEY-----";
  const inline = { ...attestation, ios: { ...attestation.ios, signingKey: pem } };
  const refused = await put({ attestation: inline });
  expect(refused.status).toBe(422);
  expect(await refused.text()).not.toContain("MIGHAgEA");
  const audit = await database().sql<{ text: string }[]>`select after::text as text from audit_log`;
  expect(audit.map(({ text }) => text).join()).toContain("file:/keys/AuthKey.p8");
  expect(audit.map(({ text }) => text).join()).not.toContain("MIGHAgEA");
});

it("an attestation without a certificate is refused, except for development", async () => {
  const body = {
    bypassVerification: true,
    attestation: {
      mode: "report",
      ios: { kind: "appattest", teamId: "ABCDE12345", bundleId: "org.example.mag" },
    },
  };
  const strict = await setUp({});
  const refused = await admin(strict.app, "PUT", "/healthAuthorities/mag", body);
  expect(refused.status).toBe(422);
  expect(await refused.json()).toMatchObject({
    faults: [{ path: "HealthAuthority/mag: attestation.mode" }],
  });
  const off = { ...body, attestation: { ...body.attestation, mode: "off" } };
  expect((await admin(strict.app, "PUT", "/healthAuthorities/mag", off)).status).toBe(201);
  const lenient = await setUp({ ATTESTATION_DEVELOPMENT: "true" });
  expect((await admin(lenient.app, "PUT", "/healthAuthorities/mag", body)).status).toBe(201);
});

it("the routes of registered keys answer 404 where no health authority has them", async () => {
  const { app } = await setUp({});
  for (
    const [path, body] of [
      ["/v1/attest/challenge", { healthAuthorityID: "mag" }],
      ["/v1/attest/key", { healthAuthorityID: "mag", keyId: "", attestation: "", challenge: "" }],
    ] as const
  ) {
    const answer = await app.fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(404);
  }
});

it("warnings at start name what is for development and what asks a vendor", async () => {
  await database().clear();
  const first = await openTestApp(database(), {});
  await admin(first, "PUT", "/healthAuthorities/mag", {
    attestation: {
      mode: "report",
      ios: {
        kind: "devicecheck",
        teamId: "ABCDE12345",
        keyId: "FGHIJ67890",
        signingKey: "file:/keys/AuthKey.p8",
      },
    },
  });
  await first.close();
  const second = await openTestApp(database(), { ATTESTATION_DEVELOPMENT: "true" });
  onTestFinished(() => second.close());
  const warned = second.logged.map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ level }) => level === "warn").map(({ event }) => event);
  expect(warned).toEqual(
    expect.arrayContaining(["attestation-development", "attestation-asks-vendor"]),
  );
});

it("keys of throw-away vendors are made once, readable by their owner alone", async () => {
  const env = { DATA_DIR: await temporaryFolder() };
  const first = await printed(env, "playintegrity");
  expect(await printed(env, "playintegrity")).toEqual(first);
  const text = JSON.stringify(first);
  for (const name of ["play-decryption.key", "play-signing.key"]) {
    const secret = await readFile(join(env.DATA_DIR, "device", name), "utf8");
    expect(secret.length).toBeGreaterThan(40);
    expect(text).not.toContain(secret);
  }
});

it("device publish --attest names the kinds that there are", async () => {
  const env = { DATA_DIR: await temporaryFolder() };
  const args = ["publish", "--print-resources", "--region", "MAG", "--attest", "safetynet"];
  expect((await runCommand(deviceCommand, args, { env })).error).toMatchObject({
    code: "usage",
    message: "--attest must be one of appattest, playintegrity, devicecheck",
  });
});
