import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { admin, openTestApp, type TestApp } from "../support/app.ts";
import { useDatabase } from "../support/database.ts";
import { insertExposures } from "../support/exposure-rows.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;
const TTL = 14 * DAY;
/** 2026-03-01T00:00:00Z. */
const START = 1_772_323_200;
const DAYS = 30;
const MIN_RECORDS = 6;
const PUBLISHED = 2;

type Answer = { readonly code?: string; readonly revisionToken: string };

/** Publishes keys of the three days before; revises them when there is a token. */
async function publish(
  app: TestApp,
  now: number,
  keys: readonly string[],
  token = "",
): Promise<Answer> {
  const answer = await app.fetch("/v1/publish", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      temporaryExposureKeys: keys.map((key, index) => ({
        key,
        rollingStartNumber: Math.floor(now / DAY) * 144 - 144 * (index + 2),
        rollingPeriod: 144,
        transmissionRisk: 2,
      })),
      healthAuthorityID: "mag",
      verificationPayload: "",
      hmackey: "",
      revisionToken: token,
    }),
  });
  expect(answer.status).toBe(200);
  const body: Answer = await answer.json();
  expect(body.code).toBeUndefined();
  return body;
}

describe("a month of everything", () => {
  const database = useDatabase();

  it("leaves what is not past CLEANUP_TTL, and nothing else", { timeout: 120_000 }, async () => {
    let now = START;
    await database().setClock(now);
    const app = await openTestApp(database(), {
      EXPORT_FILE_MIN_RECORDS: String(MIN_RECORDS),
      EXPORT_FILE_PADDING_RANGE: "0",
      LOG_LEVEL: "error",
    }, { now: () => now * 1000, monotonic: () => now * 1000 });
    const put = async (path: string, body: object): Promise<void> => {
      const answer = await admin(app, "PUT", path, body);
      expect(answer.ok, `${path}: ${await answer.text()}`).toBe(true);
    };
    await put("/healthAuthorities/mag", {
      regions: ["MAG"],
      bypassVerification: true,
    });
    await put("/signingKeys/k", { key: "local:k", keyId: "310", version: "v1" });
    await put("/exportConfigs/mag", {
      bucket: "exports",
      filenameRoot: "mag",
      period: "24h",
      rollup: "24h",
      outputRegion: "MAG",
      includeTravelers: true,
      signingKeys: ["k"],
    });
    const runAll = async (): Promise<void> => {
      for (const name of app.jobs.names) {
        expect(await app.jobs.run(name), name).toMatchObject({ ok: true });
      }
    };
    await runAll();
    const stored: { readonly hex: string; readonly at: number }[] = [];
    for (let day = 0; day < DAYS; day++) {
      now = START + day * DAY + 12 * HOUR;
      await database().setClock(now);
      const keys = Array.from({ length: PUBLISHED }, () => randomBytes(16));
      const { revisionToken } = await publish(app, now, keys.map((key) => key.toString("base64")));
      const federated = randomBytes(16);
      await insertExposures(database(), [{
        key: federated,
        created_at: now,
        source: "peer",
        source_name: "us",
      }]);
      stored.push(...[...keys, federated].map((key) => ({ hex: key.toString("hex"), at: now })));
      await database().sql`
        insert into seen_token values ('us', ${String(day)}, ${now + 300})`;
      await database().sql`
        insert into publish_stat_entry (issuer, hour, platform, publishes, teks, revision, missing_onset)
        values ('lab', ${now}, 'ios', 1, 2, false, true)`;
      now += 6 * HOUR;
      await database().setClock(now);
      expect(revisionToken).not.toBe("");
      await runAll();
    }

    const kept = stored.filter(({ at }) => at >= now - TTL);
    const rows = await database().sql<{ hex: string; source: string; at: number }[]>`
      select encode(key, 'hex') as hex, source, created_at as at from exposure`;
    expect(rows.filter((row) => row.source !== "generated").map((row) => row.hex).toSorted())
      .toEqual(kept.map(({ hex }) => hex).toSorted());
    // Each exported day was filled up, at its end; the last one is not exported yet.
    const generated = rows.filter((row) => row.source === "generated");
    const exported = Array.from({ length: DAYS - 1 }, (_, day) => START + (day + 1) * DAY);
    const filled = exported.filter((end) => end - HOUR >= now - TTL);
    expect(generated.length).toBe(filled.length * (MIN_RECORDS - PUBLISHED - 1));
    expect(generated.every(({ at }) => at >= now - TTL)).toBe(true);

    const names: string[] = [];
    for await (const name of app.foundation.blobs.list("exports", "")) names.push(name);
    for (const root of ["mag", "mag-daily"]) {
      const index = await (await app.fetch(`/exports/${root}/index.txt`)).text();
      const ends = index.split("\n").map((line) => Number(/-(\d+)-00001\.zip$/.exec(line)?.[1]));
      expect(ends).toEqual(exported.filter((end) => end > now - TTL));
      // In the storage: what the index names, itself, and what left it today and, 24 hours ago, yesterday.
      const files = names.filter((name) => name.startsWith(`${root}/`));
      expect(files.length - 1 - ends.length).toBe(2);
    }

    const count = async (table: string): Promise<number> => {
      const [row] = await database().sql.unsafe<{ n: number }[]>(
        `select count(*) as n from ${table}`,
      );
      return row?.n ?? 0;
    };
    const [publishes] = await database().sql<{ n: number; oldest: number }[]>`
      select sum(publishes) as n, min(hour) as oldest
      from (select * from publish_stat union all select * from publish_stat_entry) as all_hours`;
    expect(publishes).toEqual({
      n: stored.filter(({ at }) => at >= now - TTL).length / (PUBLISHED + 1),
      oldest: Math.min(...kept.map(({ at }) => at)),
    });
    // Made at days 0, 7, 14, 21 and 28; gone when the next one is 15 days old.
    expect(await count("revision_key")).toBe(3);
    expect(await count("seen_token")).toBe(0);
    expect(await count("lease where expires_at < wayfarer_now() - 86400")).toBe(0);
    expect(await count(`export_batch where ends_at <= ${now - TTL - 2 * DAY}`)).toBe(0);
    expect(await count(`job_run where finished_at < ${now - TTL}`)).toBe(0);
    await app.close();
  });
});
