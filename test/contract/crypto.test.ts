import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import {
  equalBytes,
  hmacSha256,
  importAesKey,
  importVerifyKey,
  seal,
  sha256,
  signEcdsa,
  unseal,
  verifyEcdsa,
} from "../../src/keys/crypto.ts";
import { derToPem } from "../../src/keys/pem.ts";
import { importSigningJwk, newSigningJwk } from "../../src/keys/signing-jwk.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { CRYPTOS } from "../support/crypto-providers.ts";
import {
  AES_256_GCM,
  AES_256_KW,
  ECDSA_P256,
  HKDF_SHA256,
  HMAC_SHA256,
  SHA256,
} from "../vectors/crypto.ts";

const hex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));
const text = (value: string) => new TextEncoder().encode(value);

const PROVIDERS: readonly { name: string; crypto: Crypto }[] = [
  ...CRYPTOS,
  { name: "that of this runtime", crypto: currentRuntime().crypto },
];

const ORDER = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const PRIME = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
/** The square root of b: the y of the point whose x is 0. */
const Y_OF_ZERO = "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4";
const ZERO = "0".repeat(64);
const { publicX, publicY, privateD, signatures: [sample] } = ECDSA_P256;
const SPKI_HEAD = "3059301306072a8648ce3d020106082a8648ce3d03010703420004";
const publicKeyPem = derToPem(hex(SPKI_HEAD + publicX + publicY), "PUBLIC KEY");

describe.each(PROVIDERS)("crypto on $name", ({ crypto }) => {
  const verifyKey = async () => {
    const imported = await importVerifyKey(crypto, publicKeyPem);
    if (!imported.ok) throw new Error(imported.message);
    return imported.value;
  };

  test.each(SHA256)("SHA-256, $name", async ({ data, digest }) => {
    expect(await sha256(crypto, data)).toEqual(hex(digest));
  });

  test.each(HMAC_SHA256)("HMAC-SHA-256, $name", async ({ key, data, mac }) => {
    expect(await hmacSha256(crypto, key, data)).toEqual(hex(mac));
  });

  test("HMAC-SHA-256 with an empty key is refused", async () => {
    await expect(hmacSha256(crypto, new Uint8Array(), text("x"))).rejects.toMatchObject({
      code: "invalid_argument",
      message: "an HMAC key must not be empty",
    });
  });

  test.each(HKDF_SHA256)("HKDF-SHA-256, $name", async ({ ikm, salt, info, okm }) => {
    const { subtle } = crypto;
    const key = await subtle.importKey("raw", hex(ikm), "HKDF", false, ["deriveBits"]);
    const algorithm = { name: "HKDF", hash: "SHA-256", salt: hex(salt), info: hex(info) };
    const bits = await subtle.deriveBits(algorithm, key, okm.length * 4);
    expect(new Uint8Array(bits)).toEqual(hex(okm));
  });

  test.each(AES_256_GCM)("AES-256-GCM, $name", async ({ key, nonce, aad, plain, sealed, tag }) => {
    const aes = await importAesKey(crypto, hex(key));
    const whole = hex(nonce + sealed + tag);
    expect(await unseal(crypto, aes, whole, hex(aad))).toEqual(hex(plain));
    for (const at of [0, 11, whole.length - 16, whole.length - 1]) {
      const changed = whole.map((byte, index) => index === at ? byte ^ 0x80 : byte);
      expect(await unseal(crypto, aes, changed, hex(aad))).toBeUndefined();
    }
    expect(await unseal(crypto, aes, whole.subarray(0, -1), hex(aad))).toBeUndefined();
    expect(await unseal(crypto, aes, whole, hex(`${aad}00`))).toBeUndefined();
  });

  test("AES-256 key wrap, RFC 3394, 4.6", async () => {
    const { subtle } = crypto;
    const { key, wrapped, data } = AES_256_KW;
    const wrapping = await subtle.importKey("raw", hex(key), "AES-KW", false, ["unwrapKey"]);
    const unwrap = (bytes: Uint8Array<ArrayBuffer>) =>
      subtle.unwrapKey("raw", bytes, wrapping, "AES-KW", "AES-GCM", false, ["decrypt"]);
    const iv = new Uint8Array(12);
    const sending = await subtle.importKey("raw", hex(data), "AES-GCM", false, ["encrypt"]);
    const sealed = await subtle.encrypt({ name: "AES-GCM", iv }, sending, text("wrapped"));
    const opening = await unwrap(hex(wrapped));
    expect(new Uint8Array(await subtle.decrypt({ name: "AES-GCM", iv }, opening, sealed)))
      .toEqual(text("wrapped"));
    for (const other of [hex(wrapped).with(5, 0), hex(wrapped).subarray(8), new Uint8Array()]) {
      await expect(unwrap(other)).rejects.toThrow();
    }
  });

  test("AES-256-GCM opens nothing shorter than nonce and tag", async () => {
    const aes = await importAesKey(crypto, new Uint8Array(32));
    for (const size of [0, 1, 12, 27]) {
      expect(await unseal(crypto, aes, new Uint8Array(size), text(""))).toBeUndefined();
    }
  });

  test("importAesKey() takes 32 bytes and nothing else", async () => {
    for (const size of [0, 16, 24, 31, 33]) {
      await expect(importAesKey(crypto, new Uint8Array(size))).rejects.toMatchObject({
        code: "invalid_argument",
        message: "an AES-256 key has 32 bytes",
      });
    }
  });

  test.each(ECDSA_P256.signatures)("ECDSA P-256, RFC 6979 $message", async ({ message, r, s }) => {
    const key = await verifyKey();
    expect(await verifyEcdsa(crypto, key, hex(r + s), text(message))).toBe(true);
    expect(await verifyEcdsa(crypto, key, hex(r + s), text(`${message}.`))).toBe(false);
    expect(await verifyEcdsa(crypto, key, hex(s + r), text(message))).toBe(false);
  });

  test("ECDSA P-256 refuses r or s of zero, the group order, or beyond it", async () => {
    const key = await verifyKey();
    const { r, s } = sample;
    const beyond = "f".repeat(64);
    const pairs = [ZERO, ORDER, beyond].flatMap((bad) => [bad + s, r + bad, bad + bad]);
    for (const pair of pairs) {
      expect(await verifyEcdsa(crypto, key, hex(pair), text("sample"))).toBe(false);
    }
  });

  test("ECDSA P-256 refuses signatures that are not 64 bytes, DER among them", async () => {
    const key = await verifyKey();
    const { r, s } = sample;
    const der = `3046022100${r}022100${s}`;
    for (const signature of ["", r, r + s.slice(2), `${r + s}00`, `00${r}00${s}`, der]) {
      expect(await verifyEcdsa(crypto, key, hex(signature), text("sample"))).toBe(false);
    }
  });

  test("importVerifyKey() refuses points off the curve, at infinity or compressed, and other curves", async () => {
    const head = SPKI_HEAD.slice(0, -2);
    const compressed = `3039301306072a8648ce3d020106082a8648ce3d030107032200` + `03${publicX}`;
    const p384 = "3076301006072a8648ce3d020106052b81040022036200" + "04" + "1".repeat(192);
    const secp256k1 = "3056301006072a8648ce3d020106052b8104000a034200" + "04" + publicX + publicY;
    const bad = [
      SPKI_HEAD + publicY + publicX,
      SPKI_HEAD + ZERO + ZERO,
      SPKI_HEAD + "f".repeat(128),
      SPKI_HEAD + PRIME + Y_OF_ZERO,
      `${SPKI_HEAD + publicX + publicY}00`,
      `${head}06${publicX}${publicY}`,
      `3019301306072a8648ce3d020106082a8648ce3d03010703020000`,
      compressed,
      p384,
      secp256k1,
    ];
    for (const der of bad) {
      expect(await importVerifyKey(crypto, derToPem(hex(der), "PUBLIC KEY"))).toEqual({
        ok: false,
        code: "invalid_argument",
        message: "not a public key on the curve P-256",
      });
    }
    const zero = derToPem(hex(SPKI_HEAD + ZERO + Y_OF_ZERO), "PUBLIC KEY");
    expect(await importVerifyKey(crypto, zero)).toMatchObject({ ok: true });
    for (const pem of ["", "secret", publicKeyPem.replaceAll("PUBLIC", "PRIVATE")]) {
      expect(await importVerifyKey(crypto, pem)).toEqual({
        ok: false,
        code: "invalid_argument",
        message: "must be a PEM text that begins with -----BEGIN PUBLIC KEY-----",
      });
    }
  });

  test("importSigningJwk() takes the key of RFC 6979, and refuses points off the curve", async () => {
    const b64 = (value: string) => Buffer.from(value, "hex").toString("base64url");
    const jwk = { kty: "EC", crv: "P-256", x: b64(publicX), y: b64(publicY), d: b64(privateD) };
    const pair = await importSigningJwk(crypto, jwk);
    expect(pair?.publicKeyPem).toBe(publicKeyPem);
    expect(await importSigningJwk(crypto, { ...jwk, x: jwk.y })).toBeUndefined();
  });
});

describe("providers are interchangeable", () => {
  const pairs = PROVIDERS.flatMap((one) => PROVIDERS.map((other) => ({ one, other })));

  test.each(pairs)("$one.name signs and seals, $other.name verifies and opens", async (pair) => {
    const [one, other] = [pair.one.crypto, pair.other.crypto];
    const signing = await importSigningJwk(one, JSON.parse(await newSigningJwk(one)));
    if (signing === undefined) throw new Error("no key");
    const verifyKey = await importVerifyKey(other, signing.publicKeyPem);
    if (!verifyKey.ok) throw new Error(verifyKey.message);
    const signature = await signEcdsa(one, signing.key, text("data"));
    expect(await verifyEcdsa(other, verifyKey.value, signature, text("data"))).toBe(true);

    const raw = new Uint8Array(32).fill(9);
    const sealed = await seal(one, await importAesKey(one, raw), text("plain"), text("aad"));
    const opened = await unseal(other, await importAesKey(other, raw), sealed, text("aad"));
    expect(opened).toEqual(text("plain"));
  });
});

test("equalBytes() compares content and length", () => {
  expect(equalBytes(text("abc"), text("abc"))).toBe(true);
  expect(equalBytes(text("abc"), text("abd"))).toBe(false);
  expect(equalBytes(text("abc"), text("ab"))).toBe(false);
  expect(equalBytes(text(""), text(""))).toBe(true);
});
