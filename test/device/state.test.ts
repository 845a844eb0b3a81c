import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type DeviceState, loadState, saveState } from "../../src/device/state.ts";
import { asSeconds } from "../../src/model/ids.ts";
import { temporaryFolder } from "../support/command-io.ts";

const STATE: DeviceState = {
  healthAuthorityId: "mag",
  teks: [{ key: new Uint8Array(16).fill(1), intervalNumber: 144, intervalCount: 144 }],
  revisionToken: "token",
  sightings: [{ rpi: new Uint8Array(16).fill(2), heardAt: asSeconds(90_000) }],
  encounters: [{ from: asSeconds(90_000), rpis: 1 }],
};

test("saveState() and loadState() keep everything, readable only by the owner", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "device", "state.json");
  await saveState(path, STATE);
  await saveState(path, { ...STATE, revisionToken: "next" });
  expect(await loadState(path)).toEqual({ version: 1, ...STATE, revisionToken: "next" });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(folder, "device"))).toEqual(["state.json"]);
});

test("loadState() returns undefined without a file", async () => {
  expect(await loadState(join(await temporaryFolder(), "state.json"))).toBeUndefined();
});

test.each([
  ["no JSON", "{", "not JSON"],
  ["another version", '{"version":2}', "version: must be 1"],
  [
    "a key that is none",
    '{"version":1,"healthAuthorityId":"","teks":[{"key":"AAAA","rollingStart":1,"rollingPeriod":1}]}',
    "teks.0.key: must be base64 of 16 bytes",
  ],
])("loadState() refuses a file with %s", async (_, text, fault) => {
  const path = join(await temporaryFolder(), "state.json");
  await writeFile(path, text);
  const loading = loadState(path);
  await expect(loading).rejects.toMatchObject({ code: "usage" });
  await expect(loading).rejects.toThrow(`${path} does not hold the state of a device (${fault}`);
});

test("loadState() refuses what is not a file", async () => {
  const path = await temporaryFolder();
  await expect(loadState(path)).rejects.toThrow(
    "(not a file, or too large): delete it, or name another",
  );
});

test("saveState() leaves nothing behind when it fails", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "taken");
  await mkdir(join(path, "inside"), { recursive: true });
  await expect(saveState(path, STATE)).rejects.toMatchObject({
    code: "usage",
    message: `${path} cannot be written: name another file with --state`,
  });
  expect(await readdir(folder)).toEqual(["taken"]);
});

test("saveState() writes JSON", async () => {
  const path = join(await temporaryFolder(), "state.json");
  await saveState(path, STATE);
  expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ version: 1 });
});
