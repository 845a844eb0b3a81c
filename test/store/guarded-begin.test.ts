import process from "node:process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readCopyRows } from "../../src/store/exposure/copy-rows.ts";
import { type Database, openDatabase } from "../../src/store/database.ts";
import type { Transaction } from "../../src/store/sql.ts";
import { useDatabase } from "../support/database.ts";

const database = useDatabase();
/** A pool of one connection, so that its state shows in the next statement. */
let single: Database;
/** Errors that the driver threw where nothing could catch them, which would have ended the process. */
let uncaught: Error[] = [];
const note = (error: Error): void => {
  uncaught.push(error);
};

beforeEach(() => {
  uncaught = [];
  process.on("uncaughtException", note);
  const { address } = database();
  single = openDatabase({ address, statementTimeoutMs: 10_000, bulkConnections: 1 });
});

afterEach(async () => {
  await single.close();
  process.off("uncaughtException", note);
  expect(uncaught).toEqual([]);
});

/** The server process of a transaction. */
async function begun(sql: Transaction): Promise<number> {
  const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
  return row?.pid ?? 0;
}

/** Ends it and waits until it is gone. */
async function cut(pid: number): Promise<void> {
  await database().bulk`select pg_terminate_backend(${pid}, 5000)`;
}

/** Makes the pool reconnect; the driver may reject the first statement because the old connection ended. */
async function reconnect(): Promise<void> {
  await single.bulk`select 1`.catch(() => {});
  const [row] = await single.bulk<{ one: number }[]>`select 1 as one`;
  expect(row?.one).toBe(1);
}

const LOST = { code: "CONNECTION_CLOSED" };

test("a transaction whose connection is cut during a statement rejects, and the pool still works", async () => {
  const failing = single.bulk.begin(async (sql) => {
    const statement = sql`select pg_sleep(60)`.execute();
    await Promise.all([statement, begunElsewhere()]);
  });
  await expect(failing).rejects.toMatchObject(LOST);
  await reconnect();
});

/** Cuts the transaction that sleeps, as soon as it does. */
async function begunElsewhere(): Promise<void> {
  let pid: number | undefined;
  while (pid === undefined) {
    const [row] = await database().sql<{ pid: number }[]>`
      select pid from pg_stat_activity
      where datname = current_database() and query like '%pg_sleep(60)%' and pid <> pg_backend_pid()`;
    pid = row?.pid;
  }
  await cut(pid);
}

test("a transaction whose connection is cut during a COPY rejects, and the pool still works", async () => {
  let rows = 0;
  let cutting: Promise<void> | undefined;
  const failing = single.bulk.begin(async (sql) => {
    const pid = await begun(sql);
    await readCopyRows(sql, "select n from generate_series(1::bigint, 5000000) n", 14, () => {
      rows += 1;
      cutting ??= cut(pid);
    });
  });
  await expect(failing).rejects.toMatchObject(LOST);
  await cutting;
  expect(rows).toBeLessThan(5_000_000);
  await reconnect();
});

test("a statement after the connection was lost does not run outside of the transaction", async () => {
  await database().bulk`create table kept (n int)`;
  const failing = single.bulk.begin(async (sql) => {
    await cut(await begun(sql));
    await reconnect();
    await sql`insert into kept values (1)`;
  });
  await expect(failing).rejects.toMatchObject(LOST);
  expect(await database().bulk`select n from kept`).toEqual([]);
  await reconnect();
});

test.each([
  ["returns", () => 5],
  ["throws", () => {
    throw new Error("its own");
  }],
])("a transaction rejects when its work %s after the connection was lost", async (_, last) => {
  const failing = single.bulk.begin(async (sql) => {
    await cut(await begun(sql));
    await reconnect();
    return last();
  });
  await expect(failing).rejects.toMatchObject(LOST);
  await reconnect();
});

test("a savepoint whose connection is cut rejects, and so does its transaction", async () => {
  let inner: unknown;
  const failing = single.bulk.begin(async (sql) => {
    const pid = await begun(sql);
    const savepoint = sql.savepoint(async (nested) => {
      await nested`select 1`;
      await cut(pid);
      await nested`select 2`;
    });
    await savepoint.catch((error: unknown) => {
      inner = error;
    });
  });
  await expect(failing).rejects.toMatchObject(LOST);
  expect(inner).toMatchObject(LOST);
  await reconnect();
});

test("a transaction returns its work's result, and undoes a savepoint that fails", async () => {
  await database().bulk`create table tried (n int)`;
  const answer = await single.bulk.begin("isolation level serializable", async (sql) => {
    await sql`insert into tried values (1)`;
    const failing = sql.savepoint(async (nested) => {
      await nested`insert into tried values (2)`;
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    const [row] = await sql<{ level: string }[]>`
      select current_setting('transaction_isolation') as level`;
    return row?.level;
  });
  expect(answer).toBe("serializable");
  expect(await database().bulk`select n from tried`).toEqual([{ n: 1 }]);
});

test("a transaction whose work fails is rolled back", async () => {
  await database().bulk`create table undone (n int)`;
  const failing = single.bulk.begin(async (sql) => {
    await sql`insert into undone values (1)`;
    throw new Error("its own");
  });
  await expect(failing).rejects.toThrow("its own");
  expect(await database().bulk`select n from undone`).toEqual([]);
});
