import { beforeEach, describe, expect, it } from "vitest";
import { publishHealth } from "../../src/app/publish-health.ts";
import { openTestApp } from "../support/app.ts";
import { useDatabase } from "../support/database.ts";
import { handClock } from "../support/steps.ts";

const HOUR = 3600;

describe("/readyz", () => {
  const database = useDatabase();

  beforeEach(() => database().clear());

  const reasons = async (
    clock: ReturnType<typeof handClock>,
    settings: Readonly<Record<string, string>> = {},
  ) => {
    const app = await openTestApp(database(), settings, clock);
    const answer = await app.fetch("/readyz");
    const body: { reasons?: Record<string, string> } = await answer.json();
    await app.close();
    return { status: answer.status, reasons: body.reasons };
  };
  const now = () => Math.floor(Date.now() / 1000);

  it("is ready when a publish would be stored and exports are on time", async () => {
    expect(await reasons(handClock(now()))).toEqual({ status: 200, reasons: undefined });
  });

  it("says that the table of publishes is locked", async () => {
    const locker = await database().bulk.reserve();
    await locker`begin`;
    await locker`lock table exposure in share mode`;
    const locked = await reasons(handClock(now()), { WINDOW_GRACE: "1s" });
    await locker`rollback`;
    locker.release();
    expect(locked).toEqual({
      status: 503,
      reasons: { database: "the database cannot be reached" },
    });
  });

  it("says that the clocks are apart", async () => {
    const { status, reasons: why } = await reasons(handClock(now() + 3 * HOUR));
    expect(status).toBe(503);
    expect(why).toEqual({
      clocks: expect.stringMatching(/^the database's clock is 10\d\d\d s behind of this server's/),
    });
  });

  it("says that exports stand still, or that windows are closed ahead of the clock", async () => {
    await database().sql`
      insert into resource values ('ExportConfig', 'mag', 1, ${
      database().sql.json({
        kind: "ExportConfig",
        name: "mag",
        bucket: "exports",
        filenameRoot: "mag",
        period: "1h",
        outputRegion: "MAG",
        signingKeys: ["k"],
      })
    }, 0)`;
    await database().sql`insert into resource_revision values (true, 1)
      on conflict (id) do update set revision = resource_revision.revision + 1`;
    await database().sql`
      insert into export_schedule (config, series, reached) values ('mag', 'period', ${
      Math.floor(now() / HOUR) * HOUR - 12 * HOUR
    })`;
    expect((await reasons(handClock(now()))).reasons)
      .toEqual({ exports: expect.stringMatching(/^the export mag is \d+ s behind/) });
    await database().sql`update export_schedule set reached = ${now() + 24 * HOUR}`;
    await database().sql`
      update window_floor set next_closed_through = ${now() + 24 * HOUR}`;
    expect((await reasons(handClock(now()))).reasons)
      .toEqual({ exports: expect.stringMatching(/^windows are closed until \d{4}-/) });
  });
});

describe("publishHealth()", () => {
  const event = (code: "ok" | "database_unavailable" | "bad_request") =>
    ({ api: "v1", kind: "publish", code, inserted: 0, revised: 0, durationMs: 1 }) as const;

  it("fails after three failures of ours without a success, for ten seconds", () => {
    let at = 0;
    const health = publishHealth(() => at);
    health.answered(event("database_unavailable"));
    health.answered(event("database_unavailable"));
    health.answered(event("bad_request"));
    expect(health.require).not.toThrow();
    health.answered(event("database_unavailable"));
    expect(health.require).toThrow("the newest publishes were refused with database_unavailable");
    at = 10_001;
    expect(health.require).not.toThrow();
    health.answered(event("database_unavailable"));
    expect(health.require).toThrow();
    health.answered(event("ok"));
    expect(health.require).not.toThrow();
  });
});
