import { beforeEach, describe, expect, it } from "vitest";
import { publishRoute } from "../../src/publish/route.ts";
import type { StatsDay } from "../../src/publish/stats.ts";
import { statsRoute, type StatsRouteDependencies } from "../../src/publish/stats-route.ts";
import { openDatabase } from "../../src/store/database.ts";
import { publishStats } from "../../src/store/publish/stat.ts";
import { useDatabase } from "../support/database.ts";
import {
  ISSUER,
  jwt,
  makeWorld,
  newSigner,
  NOON,
  post,
  resource,
  tek,
  type World,
} from "./world.ts";

const URL = "http://wayfarer.test/v1/stats";
type StatsAnswer = { days?: StatsDay[]; error?: string; code?: string; padding: string };

describe("publish statistics", () => {
  const database = useDatabase();
  let world: World;
  let deps: StatsRouteDependencies;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeWorld(database());
    deps = { ...world.deps, stats: publishStats(database()) };
  });
  const publish = async (
    keys = [tek(1)],
    agent = "",
    members: Readonly<Record<string, unknown>> = {},
    reportType = "confirmed",
  ) => {
    const body = await world.body(keys, members, { reportType });
    const response = await publishRoute(world.deps)(post(body, { "user-agent": agent }));
    return await response.json() as { revisionToken?: string };
  };
  const token = (
    claims: Readonly<Record<string, unknown>> = {},
    header = {},
    signer = world.signer,
  ) =>
    jwt(signer, { alg: "ES256", kid: "v1", ...header }, {
      iss: ISSUER,
      aud: "keyserver",
      iat: NOON,
      exp: NOON + 60,
      ...claims,
    });
  const ask = async (
    authorization: string | undefined,
    headers = {},
    content: unknown = { padding: "x" },
  ) => {
    const bearer: Record<string, string> = authorization === undefined ? {} : { authorization };
    return await statsRoute(deps)(post(content, { ...bearer, ...headers }, URL));
  };
  const report = async () => {
    const response = await ask(`Bearer ${await token()}`);
    const json = await response.json() as StatsAnswer;
    expect([response.status, json.error]).toEqual([200, undefined]);
    expect(json.padding).not.toBe("");
    return json.days;
  };
  const later = (hours: number) => database().setClock(NOON + hours * 3600);

  it("count every published set once, by hour, platform, age and onset", async () => {
    const android = "okhttp Android 12";
    for (let index = 0; index < 6; index++) await publish([tek(1), tek(3)], android);
    await publish([tek(14)], "App/1 CFNetwork/1240 Darwin bluetoothd");
    await publish([tek(0)], "MyApp (iPhone; iOS 14)", { symptomOnsetInterval: 0 });
    await publish([tek(2)], "CFNetwork only");
    const { revisionToken } = await publish([tek(2)], "", {}, "likely");
    expect(await report()).toEqual([]);
    await later(1);
    const [day, ...others] = await report() ?? [];
    expect(others).toEqual([]);
    const ages = Array(16).fill(0);
    [ages[0], ages[2], ages[3], ages[14]] = [1, 2, 6, 1];
    const onsets = Array(30).fill(0);
    onsets[2] = 9;
    expect(day).toEqual({
      day: new Date((NOON - 43_200) * 1000).toISOString().replace(".000", ""),
      publish_requests: { unknown: 2, android: 6, ios: 2 },
      total_teks_published: 16,
      requests_with_revisions: 0,
      tek_age_distribution: ages,
      onset_to_upload_distribution: onsets,
      requests_missing_onset_date: 1,
    });
    expect(revisionToken).toBeDefined();
  });

  it("count keys and request of a revision, a revocation of what was never here, and no repetition", async () => {
    const key = tek(2);
    const { revisionToken } = await publish([key], "", {}, "likely");
    await publish([key], "", { revisionToken }, "confirmed");
    await publish([key], "", { revisionToken }, "confirmed");
    await publish([key], "", {}, "confirmed");
    await publish([tek(1)], "", {}, "negative");
    const rows = await database().sql`
      select publishes, teks, revision, oldest_days, onset_days, missing_onset from publish_stat_entry`;
    expect([...rows]).toEqual([
      {
        publishes: 1,
        teks: 1,
        revision: false,
        oldest_days: 2,
        onset_days: 2,
        missing_onset: false,
      },
      {
        publishes: 1,
        teks: 1,
        revision: true,
        oldest_days: null,
        onset_days: null,
        missing_onset: false,
      },
      {
        publishes: 1,
        teks: 0,
        revision: false,
        oldest_days: 1,
        onset_days: 2,
        missing_onset: false,
      },
    ]);
    expect(world.failures).toEqual([]);
  });

  it("stay the same when they are rolled up, before, between and after", async () => {
    for (let index = 0; index < 12; index++) await publish();
    await later(1);
    const before = await report();
    const stats = publishStats(database());
    expect(await stats.rollUp(90)).toBe(12);
    expect(await report()).toEqual(before);
    expect(await database().sql`select from publish_stat`).toHaveLength(1);
    for (let index = 0; index < 3; index++) await publish();
    expect(await stats.rollUp(90)).toBe(0);
    expect(await report()).toEqual(before);
    await later(2);
    expect((await report())?.[0]?.publish_requests.unknown).toBe(15);
    expect(await stats.rollUp(90)).toBe(3);
    expect((await report())?.[0]?.publish_requests.unknown).toBe(15);
    await later(24 * 91);
    await stats.rollUp(90);
    expect(await report()).toEqual([]);
  });

  it("are counted once when roll-ups and publishes run at the same time", async () => {
    const stats = publishStats(database());
    const bodies = await Promise.all(Array.from({ length: 60 }, () => world.body([tek(1)])));
    await Promise.all([
      ...bodies.map((body) => publishRoute(world.deps)(post(body))),
      ...Array.from({ length: 5 }, () => stats.rollUp(90)),
    ]);
    await later(1);
    await Promise.all(Array.from({ length: 5 }, () => stats.rollUp(90)));
    expect((await report())?.[0]?.total_teks_published).toBe(60);
  });

  it("belong to the issuer whose key signs the token", async () => {
    const signer = await newSigner();
    world.resources.push(resource("Issuer", {
      name: "other",
      issuer: "other",
      audience: "x",
      keys: [{ version: "v1", publicKeyPem: signer.publicKeyPem }],
      enableStatsApi: true,
    }));
    for (let index = 0; index < 10; index++) await publish();
    await later(1);
    const response = await ask(`Bearer ${await token({ iss: "other" }, {}, signer)}`);
    expect((await response.json() as StatsAnswer).days).toEqual([]);
    expect(await report()).toHaveLength(1);
  });

  it("are of all resources whose key signs the token", async () => {
    const [first] = world.resources;
    if (first?.kind !== "Issuer") throw new Error("no issuer");
    const twin = { ...first, name: "twin", audience: "twin" };
    world.resources.splice(
      0,
      2,
      { ...twin, name: "a-twin", enableStatsApi: false },
      first,
      twin,
      resource("HealthAuthority", {
        name: "mag",
        regions: ["MAG"],
        acceptIssuers: ["a-twin", "mag-verification", "twin"],
      }),
    );
    for (let index = 0; index < 12; index++) {
      const aud = index < 5 ? "twin" : first.audience;
      const body = await world.body([tek(1)], {}, { claims: { aud } });
      expect((await publishRoute(world.deps)(post(body))).status).toBe(200);
    }
    const names = await database().sql`
      select issuer, count(*)::int from publish_stat_entry group by issuer order by issuer`;
    expect([...names]).toEqual([
      { issuer: "a-twin", count: 5 },
      { issuer: "mag-verification", count: 7 },
    ]);
    await later(1);
    world.resources[0] = { ...twin, name: "a-twin" };
    expect((await report())?.[0]?.publish_requests.unknown).toBe(12);
  });

  it("are read as one row for what is equal in a day, however many hours it has", async () => {
    const stats = publishStats(database());
    for (let hour = 0; hour < 5; hour++) {
      await later(hour);
      await publish();
      await stats.rollUp(90);
    }
    await later(5);
    const { sums } = await stats.sums(["mag-verification"]);
    expect(sums).toEqual([{
      day: Math.floor(NOON / 86_400),
      platform: "unknown",
      publishes: 5,
      teks: 5,
      revision: false,
      oldestDays: 1,
      onsetDays: 2,
      missingOnset: false,
    }]);
  });

  it("do not make publishes of one issuer and hour wait for each other", async () => {
    const other = await database().bulk.reserve();
    await other`begin`;
    await other`
      insert into publish_stat_entry (issuer, hour, platform, publishes, teks, revision, missing_onset)
      values ('mag-verification', ${NOON}, 'unknown', 1, 1, false, false)`;
    await publish();
    expect(await database().sql`select from publish_stat_entry`).toHaveLength(1);
    await other`rollback`;
    other.release();
  });

  it("are answered 503 with Retry-After when the database is too slow or gone", async () => {
    const authorization = `Bearer ${await token()}`;
    const impatient = openDatabase({ address: database().address, statementTimeoutMs: 100 });
    const nowhere = openDatabase({
      address: { kind: "url", url: "postgres://127.0.0.1:1/nothing" },
      statementTimeoutMs: 100,
    });
    const locker = await database().bulk.reserve();
    await locker`begin`;
    await locker`lock table publish_stat in access exclusive mode`;
    for (const other of [impatient, nowhere]) {
      deps = { ...deps, stats: publishStats(other) };
      const response = await ask(authorization);
      const json = await response.json() as StatsAnswer;
      expect([response.status, json.code, response.headers.get("retry-after")])
        .toEqual([503, "database_unavailable", "5"]);
      await other.close(0);
    }
    await locker`rollback`;
    locker.release();
  });

  it("come as CSV when asked for", async () => {
    for (let index = 0; index < 10; index++) await publish();
    await later(1);
    const response = await ask(`Bearer ${await token()}`, { accept: "text/csv" });
    expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    const [head, row, end] = (await response.text()).split("\r\n");
    expect(head?.split(",").slice(0, 8)).toEqual([
      "day",
      "publish_requests_unknown",
      "publish_requests_android",
      "publish_requests_ios",
      "total_teks_published",
      "requests_with_revisions",
      "requests_missing_onset_date",
      "tek_age_0",
    ]);
    expect(head?.split(",")).toHaveLength(7 + 16 + 30);
    expect(row?.split(",").slice(0, 9).join()).toBe("2025-06-15T00:00:00Z,10,0,0,10,0,0,0,10");
    expect(end).toBe("");
  });

  it.each<[string, () => Promise<string | undefined>, string]>([
    ["no token", () => Promise.resolve(undefined), "send Authorization: Bearer and a JWT"],
    ["no bearer", () => Promise.resolve("Basic x"), "send Authorization: Bearer and a JWT"],
    ["no JWT", () => Promise.resolve("Bearer x"), "no JWT signed by ES256"],
    [
      "another algorithm",
      async () => `Bearer ${await token({}, { alg: "none" })}`,
      "no JWT signed by ES256",
    ],
    [
      "an unknown issuer",
      async () => `Bearer ${await token({ iss: "x" })}`,
      "its issuer may not ask for statistics",
    ],
    [
      "the certificates' audience",
      async () => `Bearer ${await token({ aud: "x" })}`,
      "its audience is not STATS_AUDIENCE",
    ],
    [
      "an unknown key",
      async () => `Bearer ${await token({}, { kid: "v9" })}`,
      "no active key of the issuer signed it",
    ],
    [
      "a foreign signature",
      async () => `Bearer ${await token({}, {}, await newSigner())}`,
      "no active key of the issuer signed it",
    ],
    [
      "an old token",
      async () => `Bearer ${await token({ exp: NOON - 61 })}`,
      "it expired 61 s ago",
    ],
    [
      "a token without an end",
      async () => `Bearer ${await token({ exp: undefined })}`,
      "exp is missing or no number",
    ],
  ])("are refused with %s", async (_, authorization, why) => {
    const response = await ask(await authorization());
    const json = await response.json() as StatsAnswer;
    expect([response.status, json.code, json.error]).toEqual([
      401,
      "unauthorized",
      `unauthorized: ${why}`,
    ]);
    expect(json.padding).not.toBe("");
  });

  it("are refused to an issuer without enableStatsApi", async () => {
    world.resources[0] = resource("Issuer", {
      name: "mag-verification",
      issuer: ISSUER,
      audience: "x",
      keys: [{ version: "v1", publicKeyPem: world.signer.publicKeyPem }],
    });
    expect((await ask(`Bearer ${await token()}`)).status).toBe(401);
  });

  it("are asked for with JSON", async () => {
    const authorization = `Bearer ${await token()}`;
    expect((await ask(authorization, { "content-type": "text/plain" })).status).toBe(415);
    expect((await ask(authorization, {}, "")).status).toBe(400);
    expect((await ask(authorization, {}, { keys: 1 })).status).toBe(400);
    expect((await ask(authorization, {}, "x".repeat(64_001))).status).toBe(413);
    expect((await ask(authorization, {}, {})).status).toBe(200);
  });
});
