import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { importSPKI, jwtVerify } from "jose";
import { expect, test } from "vitest";
import {
  type CertificateClaims,
  ensureIssuer,
  issueCertificate,
  loadIssuer,
} from "../../src/device/issuer.ts";
import { asSeconds } from "../../src/model/ids.ts";
import { temporaryFolder } from "../support/command-io.ts";
import { NATIVE } from "../support/crypto-providers.ts";

const CLAIMS: CertificateClaims = {
  keyVersion: "v1",
  issuer: "org.example.mag",
  audience: "keyserver",
  reportType: "likely",
  tekmac: "2u1nHt5WWurJytFLF3xitNzM99oNrad2y4YGOL53AeY=",
  symptomOnsetInterval: 2_642_976,
  issuedAt: asSeconds(1_600_000_000),
  lifetimeSeconds: 300,
};

test("issueCertificate() creates a JWT that another implementation verifies", async () => {
  const { issuer } = await ensureIssuer(NATIVE, join(await temporaryFolder(), "issuer.pem"));
  const certificate = await issueCertificate(issuer, CLAIMS);
  const key = await importSPKI(issuer.publicKeyPem, "ES256");
  const verified = await jwtVerify(certificate, key, { currentDate: new Date(1_600_000_100_000) });
  expect(verified.protectedHeader).toEqual({ alg: "ES256", kid: "v1", typ: "JWT" });
  expect(verified.payload).toEqual({
    iss: "org.example.mag",
    aud: "keyserver",
    iat: 1_600_000_000,
    nbf: 1_600_000_000,
    exp: 1_600_000_300,
    reportType: "likely",
    tekmac: CLAIMS.tekmac,
    symptomOnsetInterval: 2_642_976,
  });
});

test("ensureIssuer() creates a key once, readable only by its owner", async () => {
  const path = join(await temporaryFolder(), "new", "issuer.pem");
  const first = await ensureIssuer(NATIVE, path);
  const second = await ensureIssuer(NATIVE, path);
  expect([first.made, second.made]).toEqual([true, false]);
  expect(second.issuer.publicKeyPem).toBe(first.issuer.publicKeyPem);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(path, "utf8")).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
});

test("ensureIssuer() never replaces a file that holds something else", async () => {
  const path = join(await temporaryFolder(), "issuer.pem");
  await writeFile(path, "precious");
  await expect(ensureIssuer(NATIVE, path)).rejects.toMatchObject({ code: "key_unavailable" });
  expect(await readFile(path, "utf8")).toBe("precious");
});

test("ensureIssuer() names a file that it cannot create", async () => {
  const file = join(await temporaryFolder(), "file");
  await writeFile(file, "");
  const path = join(file, "issuer.pem");
  await expect(ensureIssuer(NATIVE, path)).rejects.toMatchObject({
    code: "key_unavailable",
    message:
      `${path} cannot be written: name a file for the issuer key that this process may create`,
  });
});

test("loadIssuer() does not create a key", async () => {
  const path = join(await temporaryFolder(), "issuer.pem");
  await expect(loadIssuer(NATIVE, path)).rejects.toMatchObject({ code: "key_not_found" });
});
