import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { macText } from "../../src/publish/certificate-mac.ts";
import type { DryRunReport } from "../../src/publish/dry-run-report.ts";
import { publishRoute } from "../../src/publish/route.ts";
import { useDatabase } from "../support/database.ts";
import {
  type CertificateOptions,
  makeWorld,
  NOON,
  post,
  resource,
  type SentTek,
  tek,
  TODAY,
  type World,
} from "./world.ts";

const URL = "http://wayfarer.test/v1/publish?dryRun=1";
const EXPORT = { exportConfig: "mag", from: "2025-06-15T12:00:00Z", to: "2025-06-15T16:00:00Z" };

describe("a dry run", () => {
  const database = useDatabase();
  let world: World;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeWorld(database());
    world.resources[1] = resource("HealthAuthority", {
      name: "mag",
      regions: ["MAG"],
      acceptIssuers: ["mag-verification"],
      allowDryRun: true,
    });
  });
  type Answer = {
    code?: string;
    error?: string;
    dryRun?: DryRunReport;
    revisionToken?: string;
    padding: string;
  };
  const send = async (
    keys: readonly SentTek[],
    members: Readonly<Record<string, unknown>> = {},
    options: CertificateOptions = {},
    url = URL,
  ) => {
    const response = await publishRoute(world.deps)(
      post(await world.body(keys, members, options), {}, url),
    );
    return { status: response.status, json: await response.json() as Answer };
  };
  const stored = () => database().sql`select from exposure`;

  it("tells what would become of each key, and stores nothing", async () => {
    const { status, json } = await send([
      tek(1),
      tek(0),
      tek(2, { rollingPeriod: 0 }),
      tek(14, { rollingPeriod: 1 }),
    ], { symptomOnsetInterval: TODAY - 8 * 144 });
    expect([status, json.code, json.error, json.revisionToken]).toEqual([
      200,
      "partial_failure",
      "key 2 cannot be imported: rollingPeriod 0 must be 1 to 144",
      undefined,
    ]);
    expect(json.padding).not.toBe("");
    expect(json.dryRun?.keys).toEqual([
      { index: 0, would: "be stored", exports: [EXPORT] },
      {
        index: 1,
        would: "be embargoed",
        embargoedUntil: "2025-06-16T01:00:00Z",
        exports: [{
          exportConfig: "mag",
          from: "2025-06-16T00:00:00Z",
          to: "2025-06-16T04:00:00Z",
        }],
      },
      { index: 2, would: "be refused", reason: "rollingPeriod 0 must be 1 to 144" },
      { index: 3, would: "be stored", exports: [EXPORT] },
    ]);
    expect(await stored()).toHaveLength(0);
    expect(await database().sql`select from publish_stat_entry`).toHaveLength(0);
    expect(world.events).toMatchObject([{ kind: "dry-run", code: "ok" }]);
  });

  it("agrees with what a publish then does", async () => {
    const keys = [tek(0), tek(1)];
    const { json } = await send(keys);
    await send(keys, {}, {}, "http://wayfarer.test/v1/publish");
    const rows = await database().sql<{ created_at: number }[]>`
      select created_at from exposure order by interval_number desc`;
    expect(new Date((rows[0]?.created_at ?? 0) * 1000).toISOString().replace(".000", "")).toBe(
      json.dryRun?.keys[0]?.embargoedUntil,
    );
    expect(rows[1]?.created_at).toBe(NOON);
  });

  it("tells of keys that exist, with the code that a publish would get", async () => {
    const key = tek(1);
    const publish = await send(
      [key],
      {},
      { reportType: "likely" },
      "http://wayfarer.test/v1/publish",
    );
    const revisionToken = publish.json.revisionToken;
    const without = await send([key], {}, { reportType: "confirmed" });
    expect([without.status, without.json.code]).toEqual([200, "missing_revision_token"]);
    expect(without.json.dryRun?.keys).toEqual([{
      index: 0,
      would: "be refused",
      code: "missing_revision_token",
      reason: "no revision token, but sent existing keys",
    }]);
    const fate = async (reportType: string) =>
      (await send([key], { revisionToken }, { reportType })).json.dryRun?.keys[0]?.would;
    expect(await fate("confirmed")).toBe("be revised");
    expect(await fate("likely")).toBe("stay as stored");
    const negative = await send([tek(2)], {}, { reportType: "negative" });
    expect(negative.json.dryRun?.keys[0]).toMatchObject({ would: "be left out" });
  });

  const publish = (...given: Parameters<typeof send>) =>
    send(given[0], given[1], given[2], "http://wayfarer.test/v1/publish");
  /** What the dry run says, after a publish of the same request that must get the same code and text. */
  const agreed = async (...given: Parameters<typeof send>) => {
    const body = await world.body(given[0], given[1], given[2]);
    const dry = await (await publishRoute(world.deps)(post(body, {}, URL))).json() as Answer;
    const real = await (await publishRoute(world.deps)(post(body))).json() as Answer;
    expect([dry.code, dry.error]).toEqual([real.code, real.error]);
    return dry.dryRun;
  };
  const authority = (members: Readonly<Record<string, unknown>>) => {
    world.resources[1] = resource("HealthAuthority", {
      name: "mag",
      regions: ["MAG"],
      acceptIssuers: ["mag-verification"],
      allowDryRun: true,
      ...members,
    });
  };

  it("puts a revision of a key that is held back where the key is", async () => {
    const key = tek(0);
    const { revisionToken } = (await publish([key], {}, { reportType: "likely" })).json;
    const report = await agreed([key], { revisionToken });
    expect(report?.keys).toEqual([{
      index: 0,
      would: "be revised",
      embargoedUntil: "2025-06-16T01:00:00Z",
      exports: [{
        exportConfig: "mag",
        from: "2025-06-16T00:00:00Z",
        to: "2025-06-16T04:00:00Z",
      }],
    }]);
    const [row] = await database().sql<{ revised_at: number }[]>`select revised_at from exposure`;
    expect(row?.revised_at).toBe(Date.parse("2025-06-16T01:00:00Z") / 1000);
  });

  it("finds the exports of a revision by the stored regions and the new ones, and by the stored traveler", async () => {
    const key = tek(1);
    const { revisionToken } =
      (await publish([key], { traveler: true }, { reportType: "likely" })).json;
    authority({ regions: ["SLA", "ZAP"] });
    const asked: unknown[] = [];
    const { exportWindowsFor } = world.deps;
    const noted: typeof exportWindowsFor = (...given) => {
      asked.push(given);
      return exportWindowsFor(...given);
    };
    world = { ...world, deps: { ...world.deps, exportWindowsFor: noted } };
    const report = await agreed([key], { revisionToken });
    expect(asked).toEqual([[["MAG", "SLA", "ZAP"], true, NOON]]);
    expect(report?.keys[0]?.exports?.map(({ exportConfig }) => exportConfig))
      .toEqual(["mag", "sla", "zap"]);
    const [row] = await database().sql`select regions, traveler from exposure`;
    expect(row).toEqual({ regions: ["MAG", "SLA", "ZAP"], traveler: true });
  });

  it("tells of each key when all are refused", async () => {
    const report = await agreed([tek(1, { rollingPeriod: 0 }), tek(2, { transmissionRisk: 9 })]);
    expect(report?.keys).toEqual([
      {
        index: 0,
        would: "be refused",
        code: "bad_request",
        reason: "rollingPeriod 0 must be 1 to 144",
      },
      {
        index: 1,
        would: "be refused",
        code: "bad_request",
        reason: "transmissionRisk 9 must be 0 to 8",
      },
    ]);
  });

  it("tells which key a set is refused for", async () => {
    const overlapping = tek(1, { rollingStartNumber: TODAY - 200 });
    const report = await agreed([tek(3), tek(1), overlapping, tek(4, { rollingPeriod: 0 })]);
    expect(report?.keys.map(({ index, would, code }) => [index, would, code])).toEqual([
      [0, "be stored", undefined],
      [1, "be refused", "bad_request"],
      [2, "be stored", undefined],
      [3, "be refused", undefined],
    ]);
    expect(report?.keys[1]?.reason).toContain("keys that overlap must start at the same interval");
  });

  it("tells which keys are left out, too far from the onset or not in the token", async () => {
    const far = await agreed([tek(1), tek(14)], { symptomOnsetInterval: TODAY + 72 - 25 * 144 });
    expect(far?.keys).toEqual([
      {
        index: 0,
        would: "be left out",
        reason: "24 days from the onset of symptoms, more than 21",
      },
      { index: 1, would: "be stored", exports: [EXPORT] },
    ]);
    const [mine, theirs] = [tek(2), tek(3)];
    const { revisionToken } = (await publish([mine], {}, { reportType: "likely" })).json;
    await publish([theirs], {}, { reportType: "likely" });
    world = {
      ...world,
      deps: { ...world.deps, settings: { ...world.settings, allowPartialRevisions: true } },
    };
    const partly = await agreed([theirs, mine], { revisionToken });
    expect(partly?.keys).toMatchObject([
      { index: 0, would: "be left out", reason: "it is stored, and not in the revision token" },
      { index: 1, would: "be revised" },
    ]);
  });

  it("agrees with a publish by a traveler of several regions", async () => {
    authority({ regions: ["MAG", "SLA"] });
    const report = await agreed([tek(1)], { traveler: true });
    expect(report?.keys[0]?.exports?.map(({ exportConfig }) => exportConfig))
      .toEqual(["mag", "sla"]);
  });

  it("tells of keys beside a certificate that fails, as far as they do not depend on it", async () => {
    const keys = [tek(1), tek(2, { rollingPeriod: 0 }), tek(14)];
    const wrong = { hmacKey: "AAAA", symptomOnsetInterval: TODAY + 72 - 26 * 144 };
    const refused = {
      index: 1,
      would: "be refused",
      reason: "rollingPeriod 0 must be 1 to 144",
    };
    expect((await agreed(keys, wrong))?.keys).toEqual([
      {
        index: 0,
        would: "be left out",
        reason: "25 days from the onset of symptoms, more than 21",
      },
      refused,
    ]);
    const unknown = { ...wrong, symptomOnsetInterval: null };
    expect((await agreed(keys, unknown))?.keys).toEqual([refused]);
    const late = await agreed(keys, {}, { claims: { iat: NOON - 400, exp: NOON - 100 } });
    expect(late?.certificate).toMatchObject({ failedCheck: "time", clockDifferenceSeconds: -400 });
  });

  it("shows the server's view of a certificate that fails", async () => {
    const keys = [tek(1), tek(2)];
    const wrong = await send(keys, { hmacKey: "AAAA" }, { claims: { iat: NOON - 90 } });
    expect([wrong.status, wrong.json.code]).toEqual([
      200,
      "health_authority_verification_certificate_invalid",
    ]);
    const sha = (text: string) => createHash("sha256").update(text).digest("hex");
    expect(wrong.json.dryRun).toEqual({
      keys: [],
      certificate: {
        failedCheck: "mac",
        macTextSha256: [sha(macText(keys)), sha(macText(keys, "without-risk"))],
        clockDifferenceSeconds: -90,
      },
    });
    const late = await send(keys, {}, { claims: { exp: NOON - 61 } });
    expect(late.json.dryRun?.certificate?.failedCheck).toBe("time");
    const none = await send(keys, { verificationPayload: null });
    expect(none.json.dryRun?.certificate).toEqual({
      failedCheck: "format",
      macTextSha256: [expect.any(String), expect.any(String)],
    });
  });

  it("is refused without allowDryRun, and publishes nothing", async () => {
    world.resources[1] = resource("HealthAuthority", {
      name: "mag",
      regions: ["MAG"],
      acceptIssuers: ["mag-verification"],
    });
    const { status, json } = await send([tek(1)]);
    expect([status, json.code, json.error]).toEqual([
      403,
      "permission_denied",
      "dry runs need allowDryRun at the health authority",
    ]);
    expect(await stored()).toHaveLength(0);
  });

  it("needs dryRun=1", async () => {
    await send([tek(1)], {}, {}, "http://wayfarer.test/v1/publish?dryRun=0&x=dryRun");
    expect(await stored()).toHaveLength(1);
  });
});
