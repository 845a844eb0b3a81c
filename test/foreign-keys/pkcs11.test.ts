import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeDer } from "../../src/bytes/ecdsa-der.ts";
import type { KeyManager } from "../../src/keys/key-manager.ts";
import { pkcs11Keys } from "../../src/keys/pkcs11.ts";
import { keyManagerContract } from "../contract/key-manager.ts";
import { temporaryFolder } from "../support/command-io.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { makeSoftHsm, type SoftHsm } from "./softhsm.ts";

let hsm: SoftHsm;
let keys: KeyManager;
let made = 0;
beforeAll(() => {
  hsm = makeSoftHsm();
  keys = pkcs11Keys({
    module: hsm.module,
    pin: () => Promise.resolve(hsm.pin),
    crypto: NATIVE,
  });
});
afterAll(() => hsm.remove());

const reference = (object: string): string => `pkcs11:token=wayfarer;object=${object}`;

test("a wrong PIN is told before anything else", async () => {
  // The first of all: later on this process is logged in.
  const mistaken = pkcs11Keys({
    module: hsm.module,
    pin: () => Promise.resolve("654321"),
    crypto: NATIVE,
  });
  await expect(mistaken.exists(reference("nobody"))).rejects.toMatchObject({
    code: "key_unavailable",
    message: '"pkcs11:token=wayfarer;object=nobody": the hardware module refuses to log in: ' +
      "check PKCS11_PIN, and that the token is not locked",
  });
});

describe("pkcs11: on SoftHSM 2", () => {
  keyManagerContract(() =>
    Promise.resolve({
      keys,
      signingKey: async () => {
        const name = reference(`signer-${made++}`);
        await keys.create(name, "sign");
        return name;
      },
      encryptionKey: async () => {
        const name = reference(`tokens-${made++}`);
        await keys.create(name, "encrypt");
        return name;
      },
      unknownKey: reference("nobody"),
      malformedKey: "pkcs11:token=wayfarer",
    })
  );
});

test("a key that pkcs11-tool made signs, and its public key is the one that the tool reads", async () => {
  hsm.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "by tool", "--id", "0a");
  const name = "pkcs11:token=wayfarer;object=by%20tool;id=%0a";
  const file = join(await temporaryFolder(), "public.der");
  hsm.tool("--read-object", "--type", "pubkey", "--id", "0a", "--output-file", file);
  const read = createPublicKey({ key: readFileSync(file), format: "der", type: "spki" });
  expect(await keys.publicKeyPem(name)).toBe(read.export({ format: "pem", type: "spki" }));
  const data = new TextEncoder().encode("export.bin");
  const signature = encodeDer(await keys.sign(name, data));
  expect(verify("sha256", data, read, signature)).toBe(true);
  expect(await keys.versions(name)).toEqual([{ version: "0a", createdAt: 0 }]);
});

test("pkcs11-tool verifies what a key of ours signed", async () => {
  const name = `${reference("ours")};id=%0b`;
  await keys.create(name, "sign");
  const folder = await temporaryFolder();
  const [data, signature] = [join(folder, "data"), join(folder, "signature")];
  writeFileSync(data, createHash("sha256").update("export.bin").digest());
  writeFileSync(signature, await keys.sign(name, new TextEncoder().encode("export.bin")));
  const said = hsm.tool(
    ...["--verify", "--id", "0b", "--mechanism", "ECDSA"],
    ...["--input-file", data, "--signature-file", signature, "--signature-format", "rs"],
  );
  expect(said).toContain("Signature is valid");
});

test("the private half cannot be read out of the token", async () => {
  await keys.create(`${reference("kept")};id=%0c`, "sign");
  const listed = hsm.tool("--list-objects", "--type", "privkey", "--id", "0c");
  expect(listed).toContain("never extractable");
  expect(listed).toContain("sensitive");
});

test("a key on another curve, a missing token and a missing module are told apart", async () => {
  hsm.tool("--keypairgen", "--key-type", "EC:secp384r1", "--label", "p384", "--id", "0d");
  const other = reference("p384");
  const wrongCurve = {
    code: "key_not_found",
    message: `"${other}" is no ECDSA key on the curve P-256: name another key here`,
  };
  await expect(keys.sign(other, new Uint8Array())).rejects.toMatchObject(wrongCurve);
  await expect(keys.publicKeyPem(other)).rejects.toMatchObject(wrongCurve);
  const elsewhere = "pkcs11:token=elsewhere;object=x";
  await expect(keys.sign(elsewhere, new Uint8Array())).rejects.toMatchObject({
    code: "key_unavailable",
    message: expect.stringContaining("has 0 tokens that fit: name one by token="),
  });
  const without = pkcs11Keys({ pin: () => Promise.resolve("1"), crypto: NATIVE });
  await expect(without.sign(other, new Uint8Array())).rejects.toMatchObject({
    code: "key_unavailable",
    message: expect.stringContaining("set PKCS11_MODULE to the path of its library"),
  });
  const missing = pkcs11Keys({
    module: "/nowhere.so",
    pin: () => Promise.resolve("1"),
    crypto: NATIVE,
  });
  await expect(missing.sign(other, new Uint8Array())).rejects.toMatchObject({
    code: "key_unavailable",
    message: `"${other}": PKCS11_MODULE /nowhere.so cannot be loaded: check it`,
  });
});

test("destroy() takes both halves off the token", async () => {
  const name = `${reference("gone")};id=%0e`;
  await keys.create(name, "sign");
  await expect(keys.destroy(name, "0f")).rejects.toMatchObject({ code: "key_not_found" });
  await keys.destroy(name, "0e");
  expect(await keys.exists(name)).toBe(false);
  expect(hsm.tool("--list-objects", "--id", "0e")).not.toContain("gone");
});

test("operations that come at once wait for each other", async () => {
  const name = reference("busy");
  await keys.create(name, "sign");
  const signed = await Promise.all(
    Array.from({ length: 20 }, (_, index) => keys.sign(name, Uint8Array.of(index))),
  );
  expect(new Set(signed.map((one) => Buffer.from(one).toString("hex"))).size).toBe(20);
});
