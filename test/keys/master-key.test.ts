import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { encodeBase64 } from "../../src/bytes/base64.ts";
import { loadMasterKey, type MasterKeyOptions } from "../../src/keys/master-key.ts";
import { NATIVE } from "../support/crypto-providers.ts";

let dataDirectory = "";
let warnings: string[] = [];
beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), "wayfarer-master-"));
  warnings = [];
});
afterEach(() => rm(dataDirectory, { recursive: true }));

const load = (more: Partial<MasterKeyOptions> = {}) =>
  loadMasterKey({ dataDirectory, crypto: NATIVE, warn: (text) => warnings.push(text), ...more });
const keyFile = () => join(dataDirectory, "secrets", "master.key");
const bytes = new Uint8Array(32).map((_, index) => index);

test("loadMasterKey() makes a key at first start that later starts find", async () => {
  const first = await load();
  expect(first).toMatchObject({ origin: "DATA_DIR", created: true });
  expect(first.bytes).toHaveLength(32);
  expect((await stat(keyFile())).mode & 0o777).toBe(0o600);
  expect((await stat(join(dataDirectory, "secrets"))).mode & 0o777).toBe(0o700);
  expect(await readdir(join(dataDirectory, "secrets"))).toEqual(["master.key"]);
  const second = await load({ expectedFingerprint: first.fingerprint });
  expect(second).toEqual({ ...first, created: false });
  expect(warnings).toEqual([]);
});

test("loadMasterKey() gives everyone the same key when many start at once", async () => {
  const all = await Promise.all(Array.from({ length: 12 }, () => load()));
  expect(new Set(all.map(({ fingerprint }) => fingerprint)).size).toBe(1);
  expect(all.filter(({ created }) => created)).toHaveLength(1);
  expect(await readdir(join(dataDirectory, "secrets"))).toEqual(["master.key"]);
});

test("loadMasterKey() makes a missing data directory that others may pass through, not read", async () => {
  const below = join(dataDirectory, "a", "b");
  await load({ dataDirectory: below });
  expect((await stat(below)).mode & 0o777).toBe(0o711);
  expect((await stat(join(below, "secrets"))).mode & 0o777).toBe(0o700);
});

test("loadMasterKey() takes MASTER_KEY, and writes nothing then", async () => {
  const key = await load({ value: encodeBase64(bytes) });
  expect(key).toMatchObject({ bytes, origin: "MASTER_KEY", created: false });
  expect(key.fingerprint).toMatch(/^[0-9a-f]{32}$/);
  expect(await readdir(dataDirectory)).toEqual([]);
});

test("loadMasterKey() warns about a file that others can read", async () => {
  await load();
  await chmod(keyFile(), 0o644);
  await load();
  expect(warnings).toEqual([
    `the master key file ${keyFile()} is open to other users of this machine: chmod 600 it`,
  ]);
});

test("loadMasterKey() refuses a MASTER_KEY that is not 32 bytes, without showing it", async () => {
  for (const value of ["", "c2VjcmV0", "secret secret", encodeBase64(new Uint8Array(33))]) {
    await expect(load({ value })).rejects.toMatchObject({
      code: "invalid_configuration",
      message: 'MASTER_KEY must be base64 of 32 bytes: make one with "openssl rand -base64 32"',
    });
  }
});

test("loadMasterKey() refuses a damaged file with the cure, and leaves it as it is", async () => {
  await mkdir(join(dataDirectory, "secrets"));
  for (const damaged of ["", "AAAA\n", "\0".repeat(44), encodeBase64(bytes).slice(1)]) {
    await writeFile(keyFile(), damaged, { mode: 0o600 });
    await expect(load()).rejects.toMatchObject({
      code: "data_directory_unusable",
      message: expect.stringMatching(/master\.key is damaged .*: put it back from a backup\./),
    });
    expect(await readFile(keyFile(), "utf8")).toBe(damaged);
  }
});

test("loadMasterKey() refuses a lost key and makes no other", async () => {
  const { fingerprint } = await load();
  await rm(keyFile());
  await expect(load({ expectedFingerprint: fingerprint })).rejects.toMatchObject({
    code: "data_directory_unusable",
    message: expect.stringMatching(
      /master\.key is lost.*: put it back from a backup, or set MASTER_KEY/,
    ),
  });
  expect(await readdir(join(dataDirectory, "secrets"))).toEqual([]);
});

test("loadMasterKey() refuses another key than the database was first used with", async () => {
  const { fingerprint } = await load();
  const refused = load({ value: encodeBase64(bytes), expectedFingerprint: fingerprint });
  await expect(refused).rejects.toMatchObject({
    code: "data_directory_unusable",
    message: expect.stringMatching(/^MASTER_KEY is not the master key that this database/),
  });
});

test("loadMasterKey() names the cure when the data directory cannot hold a key", async () => {
  await writeFile(join(dataDirectory, "secrets"), "a file where the folder should be");
  await expect(load()).rejects.toMatchObject({
    code: "data_directory_unusable",
    message: expect.stringMatching(
      /cannot be read or made: .*secrets, which belongs to .*, is not a folder.*Or set MASTER_KEY$/,
    ),
  });
});
