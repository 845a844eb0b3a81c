import { expect, test } from "vitest";
import { type LocalKeyRows, localKeys } from "../../src/keys/local.ts";
import type { LocalKeyRow } from "../../src/keys/local-wrap.ts";
import type { KeyManager } from "../../src/keys/key-manager.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { memoryKeyRows, oneMasterKey } from "../support/local-key-rows.ts";

const text = (value: string) => new TextEncoder().encode(value);
const T0 = 1_600_000_000_000;

/** A store, and servers on it whose clocks the test sets. */
function database() {
  const rows = new Map<string, LocalKeyRow>();
  const clock = { ms: T0 };
  const reads = { count: 0 };
  const store = memoryKeyRows(rows);
  const counted: LocalKeyRows = {
    ...store,
    versions(name) {
      reads.count += 1;
      return store.versions(name);
    },
  };
  const server = (masterKeyByte = 1, over: LocalKeyRows = counted): KeyManager =>
    localKeys({
      rows: over,
      masters: oneMasterKey(NATIVE, new Uint8Array(32).fill(masterKeyByte)),
      crypto: NATIVE,
      now: () => clock.ms,
      cacheMs: 60_000,
    });
  return { rows, clock, reads, store, server };
}

test("create() numbers versions and stores nothing in the clear", async () => {
  const { rows, server } = database();
  const keys = server();
  expect(await keys.create("local:a", "sign")).toEqual({ version: "1", createdAt: T0 / 1000 });
  expect(await keys.create("local:a", "sign")).toEqual({ version: "2", createdAt: T0 / 1000 });
  expect(await keys.versions("local:a")).toHaveLength(2);
  for (const { wrapped } of rows.values()) {
    expect(new TextDecoder().decode(wrapped)).not.toMatch(/P-256|kty/);
  }
});

test("create() gives each of many servers a version of its own", async () => {
  const { server } = database();
  const servers = Array.from({ length: 8 }, () => server());
  const made = await Promise.all(servers.map((keys) => keys.create("local:a", "encrypt")));
  expect(made.map(({ version }) => Number(version)).sort((a, b) => a - b))
    .toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test("create() refuses a name that is taken for another purpose", async () => {
  const { server } = database();
  const keys = server();
  await keys.create("local:a", "encrypt");
  await expect(keys.create("local:a", "sign")).rejects.toMatchObject({
    code: "key_not_found",
    message: '"local:a" is an encryption key: name another key here',
  });
});

test("create() gives up, retryable, when every version is always taken", async () => {
  const { server, store } = database();
  const keys = server(1, { ...store, insert: () => Promise.resolve(false) });
  await expect(keys.create("local:a", "encrypt")).rejects.toMatchObject({
    code: "key_unavailable",
    message: expect.stringContaining("try again"),
  });
});

test("the newest version signs and encrypts, older ones still decrypt until destroyed", async () => {
  const { server } = database();
  const keys = server();
  await keys.create("local:t", "encrypt");
  const old = await keys.encrypt("local:t", text("old"), text(""));
  await keys.create("local:t", "encrypt");
  const recent = await keys.encrypt("local:t", text("recent"), text(""));
  expect(old[3]).toBe(1);
  expect(recent[3]).toBe(2);
  expect(await keys.decrypt("local:t", old, text(""))).toEqual(text("old"));
  await keys.destroy("local:t", "1");
  await expect(keys.decrypt("local:t", old, text(""))).rejects.toMatchObject({
    code: "key_unavailable",
  });
  expect(await keys.decrypt("local:t", recent, text(""))).toEqual(text("recent"));
});

test("destroy() of a version that is not there throws key_not_found", async () => {
  const { server } = database();
  const keys = server();
  await keys.create("local:t", "encrypt");
  for (const version of ["2", "0", "01", "1 ", "one", ""]) {
    await expect(keys.destroy("local:t", version)).rejects.toMatchObject({
      code: "key_not_found",
      message: `"local:t" has no version ${JSON.stringify(version)}`,
    });
  }
  expect(await keys.versions("local:t")).toHaveLength(1);
});

test("keys are read once in cacheMs; another server's new version is used after that", async () => {
  const { server, clock, reads } = database();
  const mine = server();
  const theirs = server();
  await mine.create("local:s", "sign");
  const first = await mine.publicKeyPem("local:s");
  await theirs.create("local:s", "sign");
  const before = reads.count;
  clock.ms = T0 + 59_999;
  await mine.sign("local:s", text("x"));
  expect(await mine.publicKeyPem("local:s")).toBe(first);
  expect(reads.count).toBe(before);
  clock.ms = T0 + 60_000;
  expect(await mine.publicKeyPem("local:s")).toBe(await theirs.publicKeyPem("local:s"));
  expect(await mine.publicKeyPem("local:s")).not.toBe(first);
});

test("decrypt() knows another server's new version at once", async () => {
  const { server } = database();
  const mine = server();
  const theirs = server();
  await mine.create("local:t", "encrypt");
  await mine.encrypt("local:t", text("x"), text(""));
  await theirs.create("local:t", "encrypt");
  const sealed = await theirs.encrypt("local:t", text("new"), text(""));
  expect(await mine.decrypt("local:t", sealed, text(""))).toEqual(text("new"));
});

test("decrypt() sees through a version number that was destroyed and given again elsewhere", async () => {
  const { server } = database();
  const mine = server();
  const theirs = server();
  await mine.create("local:t", "encrypt");
  await mine.encrypt("local:t", text("x"), text(""));
  await theirs.destroy("local:t", "1");
  await theirs.create("local:t", "encrypt");
  const sealed = await theirs.encrypt("local:t", text("new"), text(""));
  expect(await mine.decrypt("local:t", sealed, text(""))).toEqual(text("new"));
});

test("a list read while a version is destroyed is not kept", async () => {
  const { server, store } = database();
  let release = () => {};
  const released = new Promise<void>((resolve) => release = resolve);
  let held = false;
  const keys = server(1, {
    ...store,
    async versions(name) {
      const slow = held;
      const found = await store.versions(name);
      if (slow) await released;
      return found;
    },
  });
  await keys.create("local:t", "encrypt");
  held = true;
  const slow = keys.encrypt("local:t", text("x"), text(""));
  held = false;
  await keys.destroy("local:t", "1");
  release();
  await slow;
  await expect(keys.encrypt("local:t", text("x"), text(""))).rejects.toMatchObject({
    code: "key_not_found",
  });
});

test("another master key, a changed row, a row of another name: key_unavailable naming the cure", async () => {
  const { rows, server } = database();
  await server().create("local:t", "encrypt");
  const refusal = {
    code: "key_unavailable",
    message:
      '"local:t" version 1 cannot be unwrapped: MASTER_KEY is not the one it was made with, ' +
      "or the row was changed; restore that master key",
  };
  const use = (keys: KeyManager) => keys.encrypt("local:t", text("x"), text(""));
  await expect(use(server(2))).rejects.toMatchObject(refusal);
  const [[id, row] = ["", undefined]] = rows;
  if (row === undefined) throw new Error("no row");
  rows.set(id, { ...row, wrapped: row.wrapped.map((byte, at) => at === 20 ? byte ^ 1 : byte) });
  await expect(use(server())).rejects.toMatchObject(refusal);
  rows.set(id, { ...row, wrapped: new Uint8Array(3) });
  await expect(use(server())).rejects.toMatchObject(refusal);
  rows.set(id, row);
  rows.set("u/1", { ...row, name: "u" });
  await expect(server().encrypt("local:u", text("x"), text(""))).rejects.toMatchObject({
    code: "key_unavailable",
    message: expect.stringContaining('"local:u" version 1 cannot be unwrapped'),
  });
  rows.set(id, { ...row, purpose: "sign" });
  await expect(server().sign("local:t", text("x"))).rejects.toMatchObject(refusal);
});

test("a database that does not answer is key_unavailable, and its error stays inside", async () => {
  const cause = new Error("connection to 10.0.0.1 refused");
  const { server, store } = database();
  const keys = server(1, { ...store, versions: () => Promise.reject(cause) });
  await expect(keys.sign("local:s", text("x"))).rejects.toMatchObject({
    code: "key_unavailable",
    message: '"local:s" cannot be reached: the database does not answer',
    cause,
  });
});
