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

test("digests refuses a key for anything that it was not imported for", async () => {
  const { subtle } = digests;
  const raw = new Uint8Array(32).fill(7);
  const aes = { name: "AES-GCM", iv: new Uint8Array(12) };
  const encrypting = await subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt"]);
  const sealed = await subtle.encrypt(aes, encrypting, abc);
  const refusal = { name: "InvalidAccessError" };
  await expect(subtle.decrypt(aes, encrypting, sealed)).rejects.toMatchObject(refusal);
  await expect(subtle.sign("HMAC", encrypting, abc)).rejects.toMatchObject(refusal);
  const decrypting = await subtle.importKey("raw", raw, "AES-GCM", false, ["decrypt"]);
  expect(new Uint8Array(await subtle.decrypt(aes, decrypting, sealed))).toEqual(abc);
  for (const length of [0, 8, 15, 18]) {
    await expect(subtle.decrypt(aes, decrypting, sealed.slice(0, length))).rejects.toMatchObject({
      name: "OperationError",
    });
  }
});
