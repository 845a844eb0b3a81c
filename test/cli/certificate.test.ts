import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { jwtVerify } from "jose";
import { expect, test } from "vitest";
import { certificateCommand } from "../../src/cli/certificate.ts";
import { runCommand, temporaryFolder } from "../support/command-io.ts";

const TEKMAC = "2u1nHt5WWurJytFLF3xitNzM99oNrad2y4YGOL53AeY=";

test.each(["pkcs8", "sec1"] as const)("certificate signs with a key in %s", async (type) => {
  const path = join(await temporaryFolder(), "issuer.pem");
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await writeFile(path, pair.privateKey.export({ format: "pem", type }));
  const args = ["--key", path, "--tekmac", TEKMAC, "--iss", "org.example", "--aud", "keyserver"];
  const more = ["--kid", "v2", "--report-type", "likely", "--onset-interval", "2642976"];
  const time = ["--at", "2026-03-10T12:00:00Z", "--valid", "5m"];
  const { status, out } = await runCommand(certificateCommand, [...args, ...more, ...time]);
  expect(status).toBe(0);
  const { protectedHeader, payload } = await jwtVerify(out.join("\n"), pair.publicKey, {
    currentDate: new Date("2026-03-10T12:04:00Z"),
  });
  expect(protectedHeader).toEqual({ alg: "ES256", kid: "v2", typ: "JWT" });
  expect(payload).toEqual({
    iss: "org.example",
    aud: "keyserver",
    iat: 1_773_144_000,
    nbf: 1_773_144_000,
    exp: 1_773_144_300,
    tekmac: TEKMAC,
    reportType: "likely",
    symptomOnsetInterval: 2_642_976,
  });
});

test.each([
  [[], "--tekmac is missing: give the MAC that wayfarer hmac prints"],
  [["--tekmac", "AAAA"], "--tekmac must be base64 of 32 bytes, as wayfarer hmac prints it"],
  [["--tekmac", TEKMAC], "--key is missing: give the file of the issuer's private key"],
  [
    ["--tekmac", TEKMAC, "--key", "x", "--iss", "a", "--aud", "b", "--report-type", "sure"],
    "--report-type must be one of confirmed, likely, user-report, negative",
  ],
  [
    ["--tekmac", TEKMAC, "--key", "x", "--iss", "a", "--aud", "b", "--at", "yesterday"],
    "--at must be a time such as 2026-01-31T00:00:00Z",
  ],
  [
    ["--tekmac", TEKMAC, "--key", "x", "--iss", "a", "--aud", "b", "--onset-interval", "1.5"],
    "--onset-interval must be a whole number from 0 to 2147483647",
  ],
])("certificate %j is used wrongly", async (args, message) => {
  const { error } = await runCommand(certificateCommand, args);
  expect(error).toMatchObject({ code: "usage", message });
});

test("certificate names a key file that is not there", async () => {
  const args = ["--tekmac", TEKMAC, "--key", "/no/such.pem", "--iss", "a", "--aud", "b"];
  const { error } = await runCommand(certificateCommand, args);
  expect(error?.code).toBe("key_not_found");
  expect(error?.message).toContain("/no/such.pem");
});
