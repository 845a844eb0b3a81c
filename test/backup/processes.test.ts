import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { openDatabase } from "../../src/store/database.ts";
import { openEmbedded } from "../../src/store/embedded/open.ts";
import { migrate } from "../../src/store/migrate.ts";
import { MIGRATIONS } from "../../src/store/migrations/index.ts";
import { createDatabase, databaseName, databaseSettings } from "../support/database.ts";
import { insertExposures } from "../support/exposure-rows.ts";
import { runProgram, startProgram } from "../support/program.ts";

const NOW = 1_790_000_000;
const keys = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => ({
    key: Uint8Array.from({ length: 16 }, (_, at) => ((from + index) >> (8 * (at % 4))) & 0xff),
    created_at: NOW,
  }));

type Opened = ReturnType<typeof openDatabase>;
type Addressed = Pick<Awaited<ReturnType<typeof createDatabase>>, "address">;

describe("backup and restore as processes", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "wayfarer-backup-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const inside = async <T>({ address }: Addressed, work: (database: Opened) => Promise<T>) => {
    const database = openDatabase({ address, statementTimeoutMs: 10_000 });
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  };
  const emptyDatabase = async (): Promise<Addressed> => {
    const database = await createDatabase();
    await database.close();
    onTestFinished(() => database.drop());
    return database;
  };
  const settings = ({ address }: Addressed) => ({
    ...databaseSettings(address),
    DATA_DIR: join(folder, "none"),
  });
  const count = (of: Addressed) =>
    inside(
      of,
      async ({ bulk }) =>
        (await bulk<{ keys: number }[]>`select count(*)::int as keys from exposure`)[0]?.keys,
    );

  /** Holds a table as if somebody changed its schema, under another name than ours. */
  const held = async ({ address }: Addressed) => {
    const database = openDatabase({ address, statementTimeoutMs: 60_000 });
    const holder = await database.bulk.reserve();
    await holder`set application_name = 'somebody else'`;
    await holder`begin`;
    await holder`lock table exposure in access exclusive mode`;
    const waiting = async (): Promise<void> => {
      for (;;) {
        const [row] = await holder`
          select 1 from pg_locks where not granted and relation = 'exposure'::regclass`;
        if (row !== undefined) return;
      }
    };
    const release = async () => {
      await holder`rollback`;
      holder.release();
      await database.close();
    };
    return { waiting, release };
  };

  it("bring the embedded database into an outside one, of whatever major version it is", async () => {
    const dataDirectory = join(folder, "embedded");
    const embedded = await openEmbedded({ dataDirectory, owner: "command", fsync: false });
    await inside(embedded, async (database) => {
      await migrate(database);
      await insertExposures(database, keys(2000));
    });
    await embedded.stop();
    const file = join(folder, "embedded.backup");
    expect(await runProgram(["backup", file, "--plain"], { DATA_DIR: dataDirectory }))
      .toMatchObject({ status: 0 });
    const target = await emptyDatabase();
    expect(await runProgram(["restore", file], settings(target))).toMatchObject({ status: 0 });
    expect(await count(target)).toBe(2000);
  });

  it("bring an older schema to the newest", async () => {
    const old = await emptyDatabase();
    await inside(old, async (database) => {
      await database.bulk`drop schema public cascade`;
      await database.bulk`create schema public`;
      await migrate(database, MIGRATIONS.filter(({ version }) => version <= 7));
      await database.bulk`insert into fact (name, value) values ('made', 'long ago')`;
    });
    const file = join(folder, "old.backup");
    expect(await runProgram(["backup", file, "--plain"], settings(old))).toMatchObject({
      status: 0,
    });
    const target = await emptyDatabase();
    expect(await runProgram(["restore", file], settings(target))).toMatchObject({ status: 0 });
    const facts = await inside(target, async (database) => ({
      made: await database.bulk`select value from fact where name = 'made'`,
      newest: await database.bulk`select max(version) as version from schema_version`,
    }));
    expect(facts.made).toEqual([{ value: "long ago" }]);
    expect(facts.newest).toEqual([{ version: Math.max(...MIGRATIONS.map((one) => one.version)) }]);
  });

  it("leave nothing half done when they are killed", async () => {
    const source = await emptyDatabase();
    await inside(source, (database) => insertExposures(database, keys(100)));
    const file = join(folder, "killed.backup");
    const ofSource = await held(source);
    const backup = startProgram(["backup", file, "--plain"], settings(source));
    await ofSource.waiting();
    backup.signal("SIGKILL");
    await backup.finished();
    await ofSource.release();
    expect(await readdir(folder)).not.toContain("killed.backup");
    expect(await runProgram(["backup", file, "--plain"], settings(source))).toMatchObject({
      status: 0,
    });

    const target = await emptyDatabase();
    await inside(target, (database) => insertExposures(database, keys(7, 5000)));
    const ofTarget = await held(target);
    const name = databaseName(target.address);
    const args = ["restore", file, "--replace", name];
    const restore = startProgram(args, settings(target));
    await ofTarget.waiting();
    restore.signal("SIGKILL");
    await restore.finished();
    await ofTarget.release();
    expect(await count(target)).toBe(7);
    expect(await runProgram(args, settings(target))).toMatchObject({ status: 0 });
    expect(await count(target)).toBe(100);
  });

  it("see one moment of a database that others write to meanwhile", async () => {
    const source = await emptyDatabase();
    await inside(source, async (database) => {
      await insertExposures(database, keys(3000));
      let stop = false;
      const writing = (async () => {
        for (let batch = 1; !stop; batch++) {
          await insertExposures(database, keys(10, batch * 10_000));
        }
      })();
      const file = join(folder, "busy.backup");
      const made = await runProgram(["backup", file, "--plain", "--json"], settings(source));
      stop = true;
      await writing;
      const rows = JSON.parse(made.out).tables.find((one: { table: string }) =>
        one.table === "exposure"
      ).rows;
      expect(rows).toBeGreaterThanOrEqual(3000);
      expect(rows % 10).toBe(0);
      const target = await emptyDatabase();
      expect(await runProgram(["restore", file], settings(target))).toMatchObject({ status: 0 });
      expect(await count(target)).toBe(rows);
    });
  });
});
