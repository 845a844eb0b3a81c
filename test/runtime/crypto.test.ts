import { createPublicKey, verify } from "node:crypto";
import { expect, test } from "vitest";
import { currentRuntime } from "../../src/runtime/current.ts";

const { crypto } = currentRuntime();
const { subtle } = crypto;
const hex = (bytes: ArrayBuffer) => Buffer.from(bytes).toString("hex");
const abc = new TextEncoder().encode("abc");

test("crypto computes SHA-256 (FIPS 180-4, B.1)", async () => {
  expect(hex(await subtle.digest("SHA-256", abc))).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

test("crypto creates signatures that OpenSSL verifies", async () => {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const { privateKey, publicKey } = await subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ]);
  const signature = await subtle.sign(
    { name: "ECDSA", hash: "SHA-256" },
    privateKey,
    abc,
  );
  const spki = Buffer.from(await subtle.exportKey("spki", publicKey));
  const key = createPublicKey({ key: spki, format: "der", type: "spki" });
  const format = { key, dsaEncoding: "ieee-p1363" } as const;
  expect(verify("sha256", abc, format, new Uint8Array(signature))).toBe(true);
});

test("crypto refuses a key for any usage that it was not imported for", async () => {
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

test("crypto uses keys of any origin: generated, imported, derived, exported and wrapped", async () => {
  const iv = new Uint8Array(16);
  const hkdf = { name: "HKDF", hash: "SHA-256", salt: iv, info: abc };
  const base = await subtle.importKey("raw", abc, "HKDF", false, ["deriveKey", "deriveBits"]);
  expect((await subtle.deriveBits(hkdf, base, 256)).byteLength).toBe(32);
  const aes = { name: "AES-CBC", length: 256 };
  const derived = await subtle.deriveKey(hkdf, base, aes, true, ["encrypt", "decrypt"]);
  const sealed = await subtle.encrypt({ name: "AES-CBC", iv }, derived, abc);
  const raw = await subtle.exportKey("raw", derived);
  const imported = await subtle.importKey("raw", raw, aes, true, ["decrypt"]);
  expect(new Uint8Array(await subtle.decrypt({ name: "AES-CBC", iv }, imported, sealed)))
    .toEqual(abc);

  const wrapping = await subtle.generateKey({ name: "AES-KW", length: 256 }, true, [
    "wrapKey",
    "unwrapKey",
  ]);
  const mac = await subtle.generateKey({ name: "HMAC", hash: "SHA-512" }, true, ["sign"]);
  const wrapped = await subtle.wrapKey("raw", mac, wrapping, "AES-KW");
  const algorithm = { name: "HMAC", hash: "SHA-512" };
  const again = await subtle.unwrapKey("raw", wrapped, wrapping, "AES-KW", algorithm, false, [
    "verify",
  ]);
  expect(await subtle.verify("HMAC", again, await subtle.sign("HMAC", mac, abc), abc)).toBe(true);
});
