import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ExportDependencies, type ExportSummary, runExport } from "../../src/export/run.ts";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { useDatabase } from "../support/database.ts";
import { expectExactlyOnce } from "./oracle.ts";
import { config, DAY_ONE, HOUR, openWorld, type World } from "./world.ts";

const PORTS = [
  "watermark",
  "schedule",
  "batches",
  "indexes",
  "exposures",
  "leases",
  "blob",
] as const;

describe("a database that ends all connections, as in a restart,", () => {
  const database = useDatabase();
  let other: Database;
  let world: World;
  const definition = config({ name: "mag", period: "4h", rollup: "24h" });

  beforeAll(() => {
    other = openDatabase({
      address: database().address,
      statementTimeoutMs: 10_000,
      bulkConnections: 1,
    });
  });
  afterAll(async () => {
    await other.close();
  });
  beforeEach(async () => {
    world = await openWorld(database(), {
      minRecords: 3,
      paddingRange: 2,
      maxRecords: 2,
      cleanupTtlSeconds: 1000 * 24 * HOUR,
    });
    world.put(definition);
  });

  const endConnections = async (): Promise<void> => {
    await other.bulk`
      select pg_terminate_backend(pid, 5000) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`;
  };

  /** Ends all connections during the call with this number. */
  const interrupted = (dependencies: ExportDependencies, at: number) => {
    let calls = 0;
    const wrap = <T extends object>(port: T): T =>
      new Proxy(port, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name);
          if (typeof member !== "function") return member;
          return async (...args: unknown[]): Promise<unknown> => {
            calls += 1;
            const answer: Promise<unknown> = Reflect.apply(member, target, args);
            if (calls === at) await Promise.allSettled([answer, endConnections()]);
            return await answer;
          };
        },
      });
    const wrapped: Partial<Record<(typeof PORTS)[number], object>> = {};
    for (const port of PORTS) wrapped[port] = wrap(dependencies[port]);
    return { calls: () => calls, dependencies: { ...dependencies, ...wrapped } };
  };

  /** The first later run that succeeds: connections may still be dead, and leases are left behind. */
  const afterwards = async (now: number): Promise<ExportSummary> => {
    for (let tries = 1;; tries++) {
      try {
        await database().setClock(now + tries * world.settings.workerTimeoutSeconds);
        return await world.run();
      } catch (error) {
        if (tries === 5) throw error;
      }
    }
  };

  it("loses and repeats no key, at any step of a run", { timeout: 240_000 }, async () => {
    const startOf = (window: number): number => DAY_ONE + window * 4 * HOUR;
    await database().setClock(startOf(0) + 2 * HOUR);
    await world.run();
    let window = 0;
    let failures = 0;
    for (let at = 1, reached = true; reached; at++, window++) {
      await world.insert([
        { id: `${window} first`, createdAt: startOf(window) },
        { id: `${window} last`, createdAt: startOf(window) + 3 * HOUR, revisedAt: startOf(window) },
      ]);
      await database().setClock(startOf(window + 1) + 2 * HOUR);
      const run = interrupted(world.dependencies(), at);
      const signal = new AbortController().signal;
      const { failed } = await runExport(run.dependencies as ExportDependencies, signal)
        .catch(() => ({ failed: 1 }));
      failures += failed;
      reached = run.calls() >= at;
      expect((await afterwards(startOf(window + 1) + 2 * HOUR)).failed, `end at call ${at}`).toBe(
        0,
      );
    }
    expect(window).toBeGreaterThan(20);
    // The number depends on the machine's load, but some runs must have failed.
    expect(failures).toBeGreaterThan(1);
    const days = Math.floor(window / 6) * 24 * HOUR;
    await expectExactlyOnce(world, definition, "mag", DAY_ONE, startOf(window));
    await expectExactlyOnce(world, definition, "mag-daily", DAY_ONE, DAY_ONE + days);
  });
});
