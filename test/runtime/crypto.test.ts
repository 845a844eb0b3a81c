import { createPublicKey, verify } from "node:crypto";
import { expect, test } from "vitest";
import { currentRuntime } from "../../src/runtime/current.ts";

const { signatures, digests } = currentRuntime().crypto;
const hex = (bytes: ArrayBuffer) => Buffer.from(bytes).toString("hex");
const abc = new TextEncoder().encode("abc");

test.each([["signatures", signatures], ["digests", digests]])(
  "%s knows SHA-256 (FIPS 180-4, B.1)",
  async (_, crypto) => {
    expect(hex(await crypto.subtle.digest("SHA-256", abc))).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
  },
);

test("signatures signs so that OpenSSL verifies", async () => {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const { privateKey, publicKey } = await signatures.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ]);
  const signature = await signatures.subtle.sign(
    { name: "ECDSA", hash: "SHA-256" },
    privateKey,
    abc,
  );
  const spki = Buffer.from(await signatures.subtle.exportKey("spki", publicKey));
  const key = createPublicKey({ key: spki, format: "der", type: "spki" });
  const format = { key, dsaEncoding: "ieee-p1363" } as const;
  expect(verify("sha256", abc, format, new Uint8Array(signature))).toBe(true);
});
