import { Buffer } from "node:buffer";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileKeys } from "../../src/keys/file.ts";
import { CRYPTOS, NATIVE } from "../support/crypto-providers.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "wayfarer-file-keys-"));
});
afterEach(() => rm(folder, { recursive: true }));

const keys = fileKeys({ crypto: NATIVE });
const data = new Uint8Array([1, 2, 3]);

/** A P-256 key from a 32 byte scalar, so that the tests know the file they write. */
function scalarKey(last: number) {
  const d = Buffer.alloc(32);
  d[31] = last;
  const head = Buffer.from(
    "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420",
    "hex",
  );
  return createPrivateKey({ key: Buffer.concat([head, d]), format: "der", type: "pkcs8" });
}

async function put(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
  return `file:${path}`;
}

test("PKCS #8, SEC 1 with and without parameters, and JWK of one key have one public key", async () => {
  const key = scalarKey(9);
  const pkcs8 = key.export({ type: "pkcs8", format: "pem" }).toString();
  const sec1 = key.export({ type: "sec1", format: "pem" }).toString();
  const parameters =
    "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
  const jwk = JSON.stringify({ ...key.export({ format: "jwk" }), kid: "2026", use: "sig" });
  const references = await Promise.all([
    put("pkcs8.pem", pkcs8),
    put("sec1.pem", sec1),
    put("openssl.pem", parameters + sec1),
    put("crlf.pem", sec1.replaceAll("\n", "\r\n")),
    put("key.jwk", jwk),
  ]);
  const pems = await Promise.all(references.map((reference) => keys.publicKeyPem(reference)));
  expect(new Set(pems).size).toBe(1);
  for (const reference of references) expect(await keys.sign(reference, data)).toHaveLength(64);
  expect(await keys.versions(references[4] ?? "")).toMatchObject([{ version: "2026" }]);
  const fromUrl = `file://${(references[0] ?? "").slice("file:".length)}`;
  expect(await keys.publicKeyPem(fromUrl)).toBe(pems[0]);
});

test("a file that changed is read again, one that went is gone", async () => {
  const pem = (last: number) => scalarKey(last).export({ type: "pkcs8", format: "pem" }).toString();
  const reference = await put("key.pem", pem(1));
  const first = await keys.publicKeyPem(reference);
  const [version] = await keys.versions(reference);
  await put("key.pem", pem(2));
  expect(await keys.publicKeyPem(reference)).not.toBe(first);
  expect((await keys.versions(reference))[0]?.version).not.toBe(version?.version);
  await rm(join(folder, "key.pem"));
  expect(await keys.exists(reference)).toBe(false);
  await expect(keys.sign(reference, data)).rejects.toMatchObject({ code: "key_not_found" });
  await put("key.pem", pem(1));
  expect(await keys.publicKeyPem(reference)).toBe(first);
});

test("what is no usable key is refused with what is wanted, never with what is in it", async () => {
  const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey;
  const other = scalarKey(3).export({ format: "jwk" });
  const jwk = scalarKey(4).export({ format: "jwk" });
  const encrypted = scalarKey(5).export({
    type: "pkcs8",
    format: "pem",
    cipher: "aes-256-cbc",
    passphrase: "secret",
  }).toString();
  const wanted = /must hold an unencrypted P-256 private key/;
  const cases: [string, RegExp][] = [
    ["", wanted],
    ["secret", wanted],
    ["{", wanted],
    ["{}", wanted],
    ["-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----", wanted],
    [p384.export({ type: "pkcs8", format: "pem" }).toString(), wanted],
    [p384.export({ type: "sec1", format: "pem" }).toString(), wanted],
    [encrypted, wanted],
    [JSON.stringify({ ...jwk, d: undefined }), wanted],
    [JSON.stringify({ ...jwk, d: "c2VjcmV0" }), wanted],
    [JSON.stringify({ ...jwk, crv: "P-384" }), wanted],
    [JSON.stringify({ ...jwk, d: "A".repeat(43) }), wanted],
    [JSON.stringify({ kty: "oct", k: "c2VjcmV0" }), /must hold 32 bytes in the member k/],
    ["x".repeat(70_000), /is no file of at most 65536 bytes/],
  ];
  for (const [content, message] of cases) {
    const reference = await put("bad", content);
    const refused = keys.sign(reference, data);
    await expect(refused).rejects.toMatchObject({
      code: "key_unavailable",
      message: expect.stringMatching(message),
    });
    await expect(refused).rejects.not.toMatchObject({
      message: expect.stringMatching(/secret|c2Vj/),
    });
  }
  const mixed = await put("mixed", JSON.stringify({ ...jwk, x: other.x, y: other.y }));
  for (const { crypto } of CRYPTOS) {
    await expect(fileKeys({ crypto }).sign(mixed, data)).rejects.toMatchObject({
      code: "key_unavailable",
      message: expect.stringMatching(wanted),
    });
  }
  const mended = await put("bad", JSON.stringify(jwk));
  expect(await keys.sign(mended, data)).toHaveLength(64);
});

test("a folder is no key file", async () => {
  await mkdir(join(folder, "key"));
  await expect(keys.exists(`file:${join(folder, "key")}`)).rejects.toMatchObject({
    code: "key_unavailable",
    message: expect.stringMatching(/is no file/),
  });
});

test("file: URLs of other machines are refused", async () => {
  await expect(keys.exists("file://elsewhere/key.pem")).rejects.toMatchObject({
    code: "key_not_found",
    message: expect.stringMatching(/write file:PATH, or file:\/\/\/ and an absolute path/),
  });
});

test("create() and destroy() are refused with the way to do it by hand", async () => {
  await expect(keys.create("file:/key.pem", "sign")).rejects.toMatchObject({
    code: "unimplemented",
    message: expect.stringMatching(
      /^"file:\/key\.pem": key files are made by hand, for example with "openssl genpkey/,
    ),
  });
  await expect(keys.destroy("file:/key.pem", "1")).rejects.toMatchObject({
    code: "unimplemented",
    message: '"file:/key.pem": delete the key file by hand',
  });
});
