import { describe, expect, it, onTestFinished } from "vitest";
import { readConfiguration } from "../../src/config/config.ts";
import { openDatabase } from "../../src/store/database.ts";
import { parseDatabaseUrl } from "../../src/store/database-url.ts";
import { migrate } from "../../src/store/migrate.ts";
import { useDatabase } from "../support/database.ts";
import { freePort } from "../support/program.ts";
import { startSilentProxy } from "../support/silent-proxy.ts";

describe("parseDatabaseUrl()", () => {
  it("reads several servers, target_session_attrs and prepare", () => {
    expect(parseDatabaseUrl(
      "postgres://u:p%40@a,b:5433,[::1]:5434/db?sslmode=require&target_session_attrs=primary&prepare=false",
    )).toEqual({
      url: "postgres://u:p%40@a/db?sslmode=require",
      hosts: [{ host: "a", port: 5432 }, { host: "b", port: 5433 }, { host: "[::1]", port: 5434 }],
      session: "primary",
      pooled: true,
    });
    expect(parseDatabaseUrl("postgresql:///db"))
      .toMatchObject({ hosts: [], session: "any", pooled: false });
  });

  it.each([
    "mysql://a/b",
    "postgres://a:1:2/b",
    "postgres://a,/b",
    "postgres://a/?target_session_attrs=best",
  ])(
    "refuses %s",
    (text) => {
      expect(parseDatabaseUrl(text)).toBeUndefined();
      expect(() => readConfiguration({ DATABASE_URL: text }))
        .toThrow("DATABASE_URL must be a URL such as postgres://user:password@host:5432/name");
    },
  );

  it("is built from DATABASE_URL and DATABASE_POOLER", () => {
    const { config } = readConfiguration({
      DATABASE_URL: "postgres://a,b/db?target_session_attrs=read-write",
      DATABASE_POOLER: "transaction",
    });
    expect(parseDatabaseUrl(config.databaseUrl ?? ""))
      .toMatchObject({ session: "read-write", pooled: true });
  });
});

describe("several servers", () => {
  const database = useDatabase();

  const open = async (session: string, hosts: number) => {
    const proxy = await startSilentProxy(database().address);
    const url = new URL(proxy.address.kind === "url" ? proxy.address.url : "");
    const dead = await Promise.all(Array.from({ length: hosts }, freePort));
    const servers = [...dead.map((port) => `127.0.0.1:${port}`), url.host].join(",");
    const login = `${url.username}:${url.password}`;
    const opened = openDatabase({
      address: {
        kind: "url",
        url: `postgres://${login}@${servers}${url.pathname}?target_session_attrs=${session}`,
      },
      statementTimeoutMs: 1000,
    });
    onTestFinished(() => opened.close(0));
    return opened;
  };

  it("connects to the first server that answers and matches", async () => {
    for (const session of ["any", "read-write", "primary", "prefer-standby"]) {
      const opened = await open(session, 2);
      expect(await opened.sql`select 1 as one`, session).toEqual([{ one: 1 }]);
    }
  });

  it("reports within seconds that none matches, and keeps its connections", async () => {
    const opened = await open("standby", 1);
    for (let time = 0; time < 20; time++) {
      await expect(opened.sql`select 1`).rejects.toMatchObject({
        code: "database_unavailable",
        message: expect.stringContaining("target_session_attrs=standby"),
      });
    }
  });

  it("does not use a read-only server for read-write, and does not wait forever", async () => {
    const name = (await database().sql<{ name: string }[]>`select current_database() as name`)[0]
      ?.name;
    await database().bulk.unsafe(`alter database ${name} set default_transaction_read_only = on`);
    const opened = await open("read-write", 0);
    await expect(opened.sql`select 1`).rejects.toMatchObject({ code: "database_unavailable" });
    await database().bulk.unsafe(`alter database ${name} reset default_transaction_read_only`);
  });
});

describe("migrate()", () => {
  const database = useDatabase();

  it("waits for another process, and stops when its signal aborts", async () => {
    const other = await database().bulk.reserve();
    await other`begin`;
    await other`select pg_advisory_xact_lock(7265101)`;
    const stop = new AbortController();
    const waiting = migrate(database(), undefined, stop.signal);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: "canceled" });
    const patient = migrate(database());
    await other`rollback`;
    other.release();
    expect(await patient).toEqual([]);
  });
});
