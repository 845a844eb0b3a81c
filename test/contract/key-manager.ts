import { expect, test } from "vitest";
import { importVerifyKey, verifyEcdsa } from "../../src/keys/crypto.ts";
import { type KeyManager, MAX_PLAINTEXT_BYTES } from "../../src/keys/key-manager.ts";
import { NATIVE } from "../support/crypto-providers.ts";

/** A key manager under test: how its keys come to be, and what it does when asked to make one itself. */
export type KeyManagerUnderTest = {
  readonly keys: KeyManager;
  readonly signingKey: () => Promise<string>;
  readonly encryptionKey: () => Promise<string>;
  /** A reference that it could hold, but does not. */
  readonly unknownKey: string;
  /** A reference that it could never hold. */
  readonly malformedKey: string;
};

const text = (value: string) => new TextEncoder().encode(value);

/** What every back end promises, see src/keys/key-manager.ts. */
export function keyManagerContract(start: () => Promise<KeyManagerUnderTest>): void {
  test("sign() makes r ‖ s that the public key verifies, over exactly these bytes", async () => {
    const { keys, signingKey } = await start();
    const reference = await signingKey();
    const signature = await keys.sign(reference, text("export.bin"));
    expect(signature).toHaveLength(64);
    const imported = await importVerifyKey(NATIVE, await keys.publicKeyPem(reference));
    if (!imported.ok) throw new Error(imported.message);
    expect(await verifyEcdsa(NATIVE, imported.value, signature, text("export.bin"))).toBe(true);
    expect(await verifyEcdsa(NATIVE, imported.value, signature, text("export.bim"))).toBe(false);
  });

  test("publicKeyPem() is the same SPKI PEM each time", async () => {
    const { keys, signingKey } = await start();
    const reference = await signingKey();
    const pem = await keys.publicKeyPem(reference);
    expect(pem).toMatch(/^-----BEGIN PUBLIC KEY-----\n[^-]+\n-----END PUBLIC KEY-----\n$/);
    expect(await keys.publicKeyPem(reference)).toBe(pem);
  });

  test("decrypt() takes back what encrypt() gave", async () => {
    const { keys, encryptionKey } = await start();
    const reference = await encryptionKey();
    for (const bytes of [1, 32, MAX_PLAINTEXT_BYTES]) {
      const plaintext = new Uint8Array(bytes).fill(7);
      const sealed = await keys.encrypt(reference, plaintext, text("aad"));
      expect(await keys.decrypt(reference, sealed, text("aad"))).toEqual(plaintext);
    }
  });

  test("encrypt() never gives the same bytes twice", async () => {
    const { keys, encryptionKey } = await start();
    const reference = await encryptionKey();
    const one = await keys.encrypt(reference, text("same"), text("aad"));
    expect(await keys.encrypt(reference, text("same"), text("aad"))).not.toEqual(one);
  });

  test("decrypt() refuses other additional data, and any changed, missing or added byte", async () => {
    const { keys, encryptionKey } = await start();
    const reference = await encryptionKey();
    const sealed = await keys.encrypt(reference, text("data key"), text("aad"));
    const refusal = {
      code: "key_unavailable",
      message: expect.stringMatching(/cannot decrypt this: it was made with another key/),
    };
    await expect(keys.decrypt(reference, sealed, text("aae"))).rejects.toMatchObject(refusal);
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.map((byte, index) => index === at ? byte ^ 1 : byte);
      await expect(keys.decrypt(reference, changed, text("aad"))).rejects.toMatchObject(refusal);
      const cut = sealed.subarray(0, at);
      await expect(keys.decrypt(reference, cut, text("aad"))).rejects.toMatchObject(refusal);
    }
    const longer = new Uint8Array([...sealed, 0]);
    await expect(keys.decrypt(reference, longer, text("aad"))).rejects.toMatchObject(refusal);
  });

  test("a key is for one purpose", async () => {
    const { keys, signingKey, encryptionKey } = await start();
    const signing = await signingKey();
    const encryption = await encryptionKey();
    const isSigning = {
      code: "key_not_found",
      message: expect.stringContaining("is a signing key: name another key here"),
    };
    const isEncryption = {
      code: "key_not_found",
      message: expect.stringContaining("is an encryption key: name another key here"),
    };
    await expect(keys.encrypt(signing, text("x"), text(""))).rejects.toMatchObject(isSigning);
    await expect(keys.sign(encryption, text("x"))).rejects.toMatchObject(isEncryption);
    await expect(keys.publicKeyPem(encryption)).rejects.toMatchObject(isEncryption);
  });

  test("versions() and exists() know the key", async () => {
    const { keys, signingKey } = await start();
    const reference = await signingKey();
    const versions = await keys.versions(reference);
    expect(versions).toHaveLength(1);
    expect(versions[0]?.version).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
    expect(Number.isSafeInteger(versions[0]?.createdAt)).toBe(true);
    expect(await keys.exists(reference)).toBe(true);
  });

  test("an unknown key is absent, and using it throws key_not_found with its reference", async () => {
    const { keys, unknownKey } = await start();
    expect(await keys.exists(unknownKey)).toBe(false);
    expect(await keys.versions(unknownKey)).toEqual([]);
    const refusal = {
      code: "key_not_found",
      message: `${
        JSON.stringify(unknownKey)
      } does not exist: check the reference, or make the key first`,
    };
    await expect(keys.sign(unknownKey, text("x"))).rejects.toMatchObject(refusal);
    await expect(keys.publicKeyPem(unknownKey)).rejects.toMatchObject(refusal);
    await expect(keys.encrypt(unknownKey, text("x"), text(""))).rejects.toMatchObject(refusal);
    await expect(keys.decrypt(unknownKey, new Uint8Array(64), text(""))).rejects.toMatchObject(
      refusal,
    );
  });

  test("a malformed reference throws key_not_found in every operation", async () => {
    const { keys, malformedKey } = await start();
    const code = { code: "key_not_found", message: expect.stringContaining("write ") };
    await expect(keys.exists(malformedKey)).rejects.toMatchObject(code);
    await expect(keys.versions(malformedKey)).rejects.toMatchObject(code);
    await expect(keys.sign(malformedKey, text("x"))).rejects.toMatchObject(code);
    await expect(keys.publicKeyPem(malformedKey)).rejects.toMatchObject(code);
    await expect(keys.encrypt(malformedKey, text("x"), text(""))).rejects.toMatchObject(code);
    await expect(keys.decrypt(malformedKey, new Uint8Array(64), text(""))).rejects.toMatchObject(
      code,
    );
  });
}
