import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { parseDocuments } from "../../src/admin/documents.ts";
import { makeUpload } from "../../src/device/upload.ts";
import { signJwt } from "../../src/keys/jwt.ts";
import { asSeconds } from "../../src/model/ids.ts";
import type { ReportType } from "../../src/model/report-type.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { admin, openTestApp, type TestApp } from "../support/app.ts";
import { useDatabase } from "../support/database.ts";
import {
  startVerificationServer,
  type VerificationServer,
} from "../support/verification-server.ts";
import { blocksOf, pageText } from "../docs/support/pages.ts";

const { crypto } = currentRuntime();
const random = (count: number) => crypto.getRandomValues(new Uint8Array(count));
/** What the reference server's clients read of an answer: that for statistics reads the least. */
const READ_BYTES = 64_000;
const PLURALS: Readonly<Record<string, string>> = {
  Issuer: "issuers",
  HealthAuthority: "healthAuthorities",
};

const nowSeconds = () => Math.floor(Date.now() / 1000);

describe("the guide for verification servers", () => {
  const database = useDatabase();
  beforeEach(() => database().clear());

  /** This server, set up with a file of the guide. */
  const setUp = async (
    file: string,
    verification: VerificationServer,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<TestApp> => {
    const app = await openTestApp(database(), { PEER_ALLOW_PRIVATE: "true", ...settings });
    onTestFinished(() => app.close());
    const blocks = blocksOf(await pageText("docs/verification-servers.md"));
    const text = blocks.find(({ note }) => note === file)?.text ?? "";
    const parsed = parseDocuments(
      text.replaceAll("https://verification.mag.example", verification.url),
      file,
    );
    if (!parsed.ok) throw new Error(file);
    for (const { kind, name, ...members } of parsed.resources) {
      const made = await admin(app, "PUT", `/${PLURALS[kind]}/${name}`, members);
      expect(made.status).toBe(201);
    }
    const read = await admin(app, "POST", "/jobs/refresh-jwks");
    expect(await read.json()).toMatchObject({ ok: true, outcome: "done" });
    return app;
  };

  const post = async (
    app: TestApp,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ) => {
    const answer = await app.fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", ...headers },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    expect(text.length).toBeLessThan(READ_BYTES);
    const json: { readonly [member: string]: unknown } = JSON.parse(text);
    return { status: answer.status, json };
  };

  /** What the reference server's end-to-end runner sends: fourteen whole days, today's first. */
  const runnerKeys = () => {
    const today = Math.floor(nowSeconds() / 86_400) * 144;
    return Array.from({ length: 14 }, (_, day) => ({
      key: random(16),
      intervalNumber: today - day * 144,
      intervalCount: 144,
    }));
  };
  const runnerUpload = async (
    { signer, keyVersion }: VerificationServer,
    who: { readonly issuer: string; readonly audience: string; readonly healthAuthorityId: string },
    keys: ReturnType<typeof runnerKeys>,
    reportType: ReportType,
    revisionToken?: string,
  ) =>
    await makeUpload(keys, {
      healthAuthorityId: who.healthAuthorityId,
      reportType,
      certificate: { issuer: who.issuer, audience: who.audience, keyVersion },
      transmissionRisk: 0,
      symptomOnsetInterval: Math.floor((nowSeconds() - 2 * 86_400) / 86_400) * 144,
      traveler: false,
      ...(revisionToken === undefined ? {} : { revisionToken }),
    }, { crypto, issuer: signer, random, now: asSeconds(nowSeconds()) });

  const RUNNER = {
    issuer: "org.example.runner.verification",
    audience: "org.example.runner.keys",
    healthAuthorityId: "org.example.runner",
  };

  it("lets the end-to-end runner publish and revise, in a region of its own", async () => {
    const verification = await startVerificationServer();
    const app = await setUp("runner.yaml", verification);
    const keys = runnerKeys();
    const first = await post(
      app,
      "/v1/publish",
      await runnerUpload(verification, RUNNER, keys, "likely"),
    );
    expect(first).toMatchObject({ status: 200, json: { insertedExposures: 14 } });
    const more = [...keys, ...runnerKeys().slice(0, 1)];
    const token = String(first.json["revisionToken"]);
    const second = await post(
      app,
      "/v1/publish",
      await runnerUpload(verification, RUNNER, more, "confirmed", token),
    );
    expect(second).toMatchObject({ status: 200, json: { insertedExposures: 1 } });
    const regions = await database().sql`select distinct regions from exposure`;
    expect([...regions]).toEqual([{ regions: ["TEST"] }]);
  });

  it("gives statistics to the realm's key, and answers that its clients can read", async () => {
    const verification = await startVerificationServer();
    const app = await setUp("verification.yaml", verification, {
      RESPONSE_PADDING_MIN_BYTES: "12000",
      RESPONSE_PADDING_RANGE: "12000",
    });
    const who = {
      issuer: "org.example.mag.verification",
      audience: "org.example.mag.keys",
      healthAuthorityId: "org.example.mag",
    };
    for (let count = 0; count < 10; count++) {
      const upload = await runnerUpload(verification, who, runnerKeys(), "confirmed");
      expect((await post(app, "/v1/publish", upload)).status).toBe(200);
    }
    const ask = async (audience: string) => {
      const now = nowSeconds();
      const claims = { iss: who.issuer, aud: audience, iat: now, exp: now + 300 };
      const token = await signJwt(verification.signer.sign, verification.keyVersion, claims);
      return await post(app, "/v1/stats", {}, { authorization: `Bearer ${token}` });
    };
    expect(await ask("keyserver")).toMatchObject({ status: 200, json: { days: [] } });
    expect(await ask(who.audience)).toMatchObject({ status: 401 });
    // A refusal is read by the same client.
    expect((await post(app, "/v1/publish", {})).status).toBe(401);
  });
});
