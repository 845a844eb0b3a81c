import { beforeEach, describe, expect, it } from "vitest";
import { memoryBlobStore } from "../../src/blob/memory.ts";
import {
  type RetentionDependencies,
  type RetentionEvent,
  runRetention,
} from "../../src/retention/run.ts";
import { AppError } from "../../src/errors.ts";
import { agreedTime } from "../../src/store/agreed-time.ts";
import { retentionStore } from "../../src/store/retention.ts";
import { TRUSTED_CLOCKS } from "../support/trusted-clocks.ts";
import { useDatabase } from "../support/database.ts";

const NOW = 1_700_000_000;
const TTL = 14 * 86_400;
const HEADERS = { contentType: "application/zip", cacheControl: "public" };

describe("runRetention()", () => {
  const database = useDatabase();
  const signal = new AbortController().signal;
  let blob = memoryBlobStore();
  let published: string[] = [];
  let reports: RetentionEvent[] = [];

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOW);
    blob = memoryBlobStore();
    published = [];
    reports = [];
  });

  const deps = (changes: Partial<RetentionDependencies> = {}): RetentionDependencies => ({
    store: retentionStore(database()),
    agreedTime: agreedTime(database(), TRUSTED_CLOCKS),
    blob,
    settings: { cleanupTtlSeconds: TTL },
    publishIndex: (place) => {
      published.push(`${place.bucket}/${place.root}`);
      return Promise.resolve();
    },
    report: (event) => reports.push(event),
    ...changes,
  });
  const insert = (count: number, createdAt: number, salt: string, source = "local") =>
    database().sql.unsafe(`
      insert into exposure (key, interval_number, interval_count, transmission_risk, report_type,
                            regions, traveler, created_at, source)
      select decode(md5('${salt}' || i), 'hex'), 1, 144, 2, 'confirmed', '{MAG}', false, ${createdAt}, '${source}'
      from generate_series(1, ${count}) as i`);
  const left = async (): Promise<readonly number[]> => {
    const rows = await database().sql<{ at: number }[]>`
      select distinct created_at as at from exposure order by created_at`;
    return rows.map((row) => row.at);
  };

  it("deletes used attestations an hour after they expired, and registered keys", async () => {
    await database().sql`
      insert into attest_used (hash, expires_on)
      select decode(md5(expiry::text), 'hex'), expiry
      from unnest(array[${NOW - 3600}, ${NOW - 3599}, ${NOW + 1}]::bigint[]) as expiry`;
    await database().sql`
      insert into attest_key (id, public_key, counter, expires_on)
      select decode(md5(expiry::text), 'hex'), 'x', 0, expiry
      from unnest(array[${NOW}, ${NOW + 1}]::bigint[]) as expiry`;
    expect(await runRetention(deps(), signal)).toMatchObject({
      usedAttestations: 1,
      attestedKeys: 1,
    });
    const used = await database().sql<{ at: number }[]>`
      select expires_on as at from attest_used order by 1`;
    expect(used.map(({ at }) => at)).toEqual([NOW - 3599, NOW + 1]);
    expect(await database().sql`select expires_on from attest_key`).toHaveLength(1);
  });

  it("deletes exposures older than CLEANUP_TTL from any source, and no others", async () => {
    await insert(1, NOW - TTL - 1, "old");
    await insert(1, NOW - TTL - 1, "made", "generated");
    await insert(1, NOW - TTL - 1, "peer", "peer");
    await insert(1, NOW - TTL, "edge");
    await insert(1, NOW + 3600, "embargoed");
    expect(await runRetention(deps(), signal)).toMatchObject({ exposures: 3 });
    expect(await left()).toEqual([NOW - TTL, NOW + 3600]);
  });

  it("works in bounded batches, and skips locked rows", async () => {
    await insert(4500, NOW - TTL - 7, "many");
    const store = retentionStore(database());
    const limits: number[] = [];
    const holder = await database().sql.reserve();
    await holder`begin`;
    await holder`select from exposure order by key limit 10 for update`;
    const summary = await runRetention(
      deps({
        store: {
          ...store,
          deleteExposures: (before, after, limit) => {
            limits.push(limit);
            return store.deleteExposures(before, after, 2000);
          },
        },
      }),
      signal,
    );
    expect(summary["exposures"]).toBe(4490);
    expect(limits).toEqual([200_000, 200_000, 200_000]);
    await holder`rollback`;
    holder.release();
    expect(await runRetention(deps(), signal)).toMatchObject({ exposures: 10 });
  });

  it("reads no more rows than it deletes, in a table of any size", async () => {
    await insert(3000, NOW - TTL - 1, "old");
    await insert(40_000, NOW, "new");
    await database().bulk.unsafe("analyze exposure");
    const [plan] = await database().bulk.unsafe<{ "QUERY PLAN": { Plan: object }[] }[]>(`
      explain (analyze, format json, timing off)
      with old as materialized (
        select ctid as place from exposure
        where created_at < ${NOW - TTL} and (created_at, key) > (0, ''::bytea)
        order by created_at, key limit 2000 for update skip locked
      )
      delete from exposure where ctid = any (array(select place from old))`);
    const text = JSON.stringify(plan?.["QUERY PLAN"]);
    expect(text).toContain("exposure_created");
    expect(text).toContain("Tid Scan");
    expect(text).not.toContain("Seq Scan");
  });

  const file = async (
    name: string,
    endsAt: number,
    unlistedAt: number | null,
    bucket = "exports",
  ) => {
    await blob.put(bucket, name, new Uint8Array(1), HEADERS);
    await database().sql`
      insert into export_file (bucket, name, root, batch, config, starts_at, ends_at, number, key_count,
                               revised_key_count, byte_count, written_at, unlisted_at)
      values (${bucket}, ${name}, 'mag', 1, 'mag', ${
      endsAt - 3600
    }, ${endsAt}, 1, 1, 0, 1, 0, ${unlistedAt})`;
  };
  const stored = async (): Promise<readonly string[]> => {
    const names: string[] = [];
    for await (const name of blob.list("exports", "")) names.push(name);
    return names;
  };

  it("rewrites the index without files past CLEANUP_TTL, and keeps the files for a day and an hour", async () => {
    await file("mag/listed", NOW - TTL + 1, null);
    await file("mag/past", NOW - TTL, null);
    await file("mag/waiting", NOW - TTL - 9, NOW - 86_400 - 3599);
    await file("mag/over", NOW - TTL - 9, NOW - 86_400 - 3600);
    expect(await runRetention(deps(), signal)).toMatchObject({ indexes: 1, files: 1 });
    expect(published).toEqual(["exports/mag"]);
    expect(await stored()).toEqual(["mag/listed", "mag/past", "mag/waiting"]);
  });

  it("keeps files in storage while their index cannot be written", async () => {
    await file("mag/past", NOW - TTL - 10 * 86_400, null);
    const failing = deps({ publishIndex: () => Promise.reject(new Error("storage is down")) });
    await expect(runRetention(failing, signal)).rejects.toMatchObject({ code: "internal" });
    expect(reports).toMatchObject([{ kind: "step-failed", step: "indexes" }]);
    expect(await stored()).toEqual(["mag/past"]);
  });

  it("continues with other places and files when one is unreachable, after a few attempts", async () => {
    for (const name of ["1", "2", "3", "4"]) await file(`mag/${name}`, NOW - TTL - 9, 0, "gone");
    await file("mag/over", NOW - TTL - 9, 0);
    await file("mag/past", NOW - TTL, null, "gone");
    await file("mag/past", NOW - TTL, null);
    const asked: string[] = [];
    const summary = runRetention(
      deps({
        blob: {
          ...blob,
          delete: async (bucket, name) => {
            asked.push(`${bucket}/${name}`);
            if (bucket === "gone") throw new AppError("blob_unavailable");
            await blob.delete(bucket, name);
          },
        },
        publishIndex: ({ bucket, root }) => {
          if (bucket === "gone") throw new AppError("blob_unavailable");
          published.push(`${bucket}/${root}`);
          return Promise.resolve();
        },
      }),
      signal,
    );
    await expect(summary).rejects.toMatchObject({ code: "blob_unavailable" });
    expect(published).toEqual(["exports/mag"]);
    expect(await stored()).toEqual(["mag/past"]);
    expect(asked).toEqual(["exports/mag/over", "gone/mag/1", "gone/mag/2", "gone/mag/3"]);
    const known = await database().sql`select from export_file where unlisted_at is not null`;
    expect(known.length).toBe(4);
    expect(reports.map((one) => "step" in one && one.step))
      .toEqual(["indexes", "files", "files", "files"]);
  });

  it("runs all other steps when one fails", async () => {
    await insert(1, NOW - TTL - 1, "old");
    const store = retentionStore(database());
    const placesWithFilesUntil = () => Promise.reject(new Error("no"));
    await file("mag/over", NOW - TTL - 9, 0);
    await expect(runRetention(deps({ store: { ...store, placesWithFilesUntil } }), signal))
      .rejects.toMatchObject({ code: "internal" });
    expect(reports).toMatchObject([{ kind: "step-failed", step: "indexes" }]);
    expect(await left()).toEqual([]);
    expect(await stored()).toEqual([]);
  });

  it("reports a deleted window that was never exported", async () => {
    await database().sql`
      insert into export_batch (config, series, starts_at, ends_at, state, made_at)
      values ('mag', 'period', ${NOW - TTL - 3600}, ${NOW - TTL}, 'padded', 0),
             ('mag', 'period', 0, 3600, 'complete', 0)`;
    expect(await runRetention(deps(), signal)).toMatchObject({ batches: 2 });
    expect(reports.slice(1)).toEqual([
      { kind: "window-lost", config: "mag", startsAt: NOW - TTL - 3600, endsAt: NOW - TTL },
    ]);
  });

  it("deletes windows, schedules without a config, old runs except the newest, and leases", async () => {
    const sql = database().sql;
    await sql`
      insert into export_batch (config, series, starts_at, ends_at, state, made_at)
      values ('mag', 'period', 0, ${NOW - TTL}, 'complete', 0),
             ('mag', 'period', 0, ${NOW - TTL + 1}, 'complete', 0)`;
    await sql`
      insert into export_schedule values ('gone', 'period', ${
      NOW - TTL
    }), ('fresh', 'period', ${NOW}),
                                         ('kept', 'period', ${NOW - TTL})`;
    await sql`insert into resource values ('ExportConfig', 'kept', 1, '{}', 0)`;
    await sql`
      insert into job_run (name, started_at, finished_at)
      values ('export', 0, ${NOW - TTL - 2}), ('export', 0, ${NOW - TTL - 1}), ('pull', 0, 1)`;
    await sql`insert into lease values ('old', 'a', ${NOW - 86_401}), ('young', 'a', ${NOW})`;
    expect(await runRetention(deps(), signal))
      .toMatchObject({ batches: 1, schedules: 1, jobRuns: 1, leases: 1 });
    const names = async (query: string): Promise<readonly string[]> =>
      (await sql.unsafe<{ name: string }[]>(query)).map((row) => row.name);
    expect(await names("select config as name from export_schedule order by 1"))
      .toEqual(["fresh", "kept"]);
    expect(await names("select name from job_run order by 1")).toEqual(["export", "pull"]);
    expect(await names("select name from lease")).toEqual(["young"]);
  });

  it("stops at once when the signal aborts", async () => {
    await insert(5, NOW - TTL - 1, "old");
    expect(await runRetention(deps(), AbortSignal.abort())).toEqual({});
    expect(await left()).not.toEqual([]);
  });
});
