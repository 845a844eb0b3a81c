import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hmacCommand } from "../../src/cli/hmac.ts";
import { runCommand, temporaryFolder } from "../support/command-io.ts";

const HMAC_KEY = "AQIDBAUGBwgJCgsMDQ4PEA==";
const FIRST = { key: "z2Cx9hdz2SlxZ8GEgqTYpA==", rollingStartNumber: 1, rollingPeriod: 144 };
const SECOND = { key: "dPCphLzfG4uzXneNimkPRQ==", rollingStartNumber: 144 };

async function fileOf(value: unknown): Promise<string> {
  const path = join(await temporaryFolder(), "keys.json");
  await writeFile(path, typeof value === "string" ? value : JSON.stringify(value));
  return path;
}

test("hmac prints the known values", async () => {
  const risky = [{ ...FIRST, transmissionRisk: 3 }, { ...SECOND, transmissionRisk: 5 }];
  const path = await fileOf(risky);
  expect(await runCommand(hmacCommand, [path, "--hmac-key", HMAC_KEY])).toMatchObject({
    status: 0,
    out: ["tekmac 2u1nHt5WWurJytFLF3xitNzM99oNrad2y4YGOL53AeY=", `hmackey ${HMAC_KEY}`],
  });
});

test("hmac prints both forms when all risks are 0, for a publish request too", async () => {
  const path = await fileOf({ temporaryExposureKeys: [FIRST, SECOND], healthAuthorityID: "mag" });
  const { out } = await runCommand(hmacCommand, [path, "--hmac-key", HMAC_KEY], { json: true });
  expect(JSON.parse(out.join("\n"))).toEqual({
    tekmac: "mFNI9zhTA17n4ndd1Vu5tsn4XQX0gPrIKyjeh/9noUE=",
    tekmacWithoutRisk: "J9S7xVebH/66dm14wGsIcAnSUR3PHD4NtDQEOGZbDUo=",
    hmackey: HMAC_KEY,
  });
});

test("hmac makes a key when none is given", async () => {
  const path = await fileOf([FIRST]);
  const [first, second] = await Promise.all([1, 2].map(() => runCommand(hmacCommand, [path])));
  expect(first?.out.at(-1)).toMatch(/^hmackey [A-Za-z0-9+/]{22}==$/);
  expect(first?.out.at(-1)).not.toBe(second?.out.at(-1));
});

test.each([
  ["no JSON", "{", "is not JSON: write a list of keys"],
  ["no list", '"keys"', "the file: must be "],
  ["a bad key", [FIRST, { ...SECOND, key: "AAAA" }], "1.key: must be base64 of 16 bytes"],
  ["a bad period", { keys: [{ ...FIRST, rollingPeriod: 145 }] }, "keys.0.rollingPeriod: "],
  ["a bad risk", [{ ...FIRST, transmissionRisk: 9 }], "0.transmissionRisk: "],
  ["a bad type", [{ ...FIRST, reportType: "sure" }], "0.reportType: must be one of confirmed"],
])("hmac refuses a file with %s and says where", async (_, value, fault) => {
  const path = await fileOf(value);
  const { error } = await runCommand(hmacCommand, [path]);
  expect(error?.code).toBe("usage");
  expect(error?.message).toContain(`${path}: `);
  expect(error?.message).toContain(fault);
  expect(error?.message).not.toContain(FIRST.key);
});

test.each([
  [[], "an argument is missing: give the file of a request, or - for standard input; see --help"],
  [["/does/not/exist.json"], "/does/not/exist.json cannot be read: give the path of a file"],
  [["/"], "/ is no file: give the path of one"],
  [["x", "--hmac-key", "*"], "--hmac-key must be base64 of at least one byte"],
  [["x", "--hmac-key="], "--hmac-key must be base64 of at least one byte"],
])("hmac %j is used wrongly", async (args, message) => {
  expect((await runCommand(hmacCommand, args)).error).toMatchObject({ code: "usage", message });
});
