/** JSON Web Key Sets (RFC 7517): read from other servers, and made of our own public keys. */

import * as z from "zod";
import { accept, type Outcome, refuse } from "../errors.ts";
import { decodeBase64, encodeBase64Url } from "../bytes/base64.ts";
import { derToPem, pemToDer } from "./pem.ts";
import { ed25519Spki, p256Point, p256Spki } from "./spki.ts";

/** What a public key verifies: the `alg` of a JWS. */
export type JwksAlgorithm = "ES256" | "RS256" | "EdDSA";

/** A public key of another server. */
export type JwksKey = {
  readonly kid: string;
  readonly algorithm: JwksAlgorithm;
  /** SPKI PEM. */
  readonly publicKeyPem: string;
};

/** The usable keys of a set, and how many other members it had: of another kind or use, malformed, or without `kid`. */
export type ParsedJwks = { readonly keys: readonly JwksKey[]; readonly ignored: number };

/** A key set is at most this large. */
export const MAX_JWKS_BYTES = 262_144;
/** A key set has at most this many keys, whatever they are. */
export const MAX_JWKS_KEYS = 100;
/** Control characters and lone surrogates: no text for a database, a log or a page. */
const UNWRITABLE = /[\p{Cc}\p{Cs}]/u;
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;

/** d: EC, RSA, OKP; k: symmetric; the others: RSA (RFC 7518, RFC 8037). */
const PRIVATE_MEMBERS = ["d", "k", "p", "q", "dp", "dq", "qi", "oth"];

const bytes = z.string().max(2048).transform((text, context) => {
  const decoded = decodeBase64(text);
  if (decoded !== undefined) return decoded;
  context.addIssue({ code: "custom", message: "not base64url" });
  return z.NEVER;
});
const ecKey = z.object({ x: bytes, y: bytes });
const rsaKey = z.object({ n: bytes, e: bytes });
const okpKey = z.object({ x: bytes });
const anyKey = z.looseObject({
  kty: z.string(),
  kid: z.string().min(1).max(256).optional(),
  use: z.string().optional(),
  alg: z.string().optional(),
  key_ops: z.array(z.string()).optional(),
});
const keySet = z.union([z.object({ keys: z.array(z.unknown()) }), z.array(z.unknown())]);

type Jwk = z.infer<typeof anyKey>;
type Reader = {
  readonly algorithm: JwksAlgorithm;
  /** The one curve that we use. */
  readonly curve?: string;
  /** Undefined or an error thrown for a key that is malformed or too weak. */
  readonly spki: (crypto: Crypto, jwk: Jwk) => Promise<Uint8Array | undefined>;
};

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["EC", { algorithm: "ES256", curve: "P-256", spki: ecSpki }],
  ["RSA", { algorithm: "RS256", spki: rsaSpki }],
  ["OKP", { algorithm: "EdDSA", curve: "Ed25519", spki: okpSpki }],
]);

/**
 * Reads a key set of another server: `{"keys": […]}`, or a bare array as deployed verification servers publish. EC on
 * P-256, RSA of 2048 to 8192 bits, and Ed25519 are returned, in order. Members that are not understood are skipped and
 * counted, and never lose the others (RFC 7517, section 5): another kind of key, a malformed or weak one, a `kid` with
 * control characters, a key whose private part is published, and different keys of one algorithm under one `kid`, of
 * which nobody can tell the right one. The set is refused as a whole only when it is no key set (`malformed_file`), or
 * has too many bytes or members (`limit_exceeded`).
 */
export async function parseJwks(
  crypto: Crypto,
  document: Uint8Array,
): Promise<Outcome<ParsedJwks>> {
  if (document.length > MAX_JWKS_BYTES) {
    return refuse("limit_exceeded", `the key set has more than ${MAX_JWKS_BYTES} bytes`);
  }
  const set = keySet.safeParse(parseJson(document));
  if (!set.success) {
    return refuse(
      "malformed_file",
      'the key set must be {"keys": […]} or an array of keys (RFC 7517)',
    );
  }
  const members = Array.isArray(set.data) ? set.data : set.data.keys;
  if (members.length > MAX_JWKS_KEYS) {
    return refuse("limit_exceeded", `the key set has more than ${MAX_JWKS_KEYS} keys`);
  }
  const keys = new Map<string, JwksKey>();
  const ambiguous = new Set<string>();
  for (const member of members) {
    const key = await readKey(crypto, member);
    if (key === undefined) continue;
    const id = `${key.algorithm} ${key.kid}`;
    const same = keys.get(id);
    if (same !== undefined && same.publicKeyPem !== key.publicKeyPem) ambiguous.add(id);
    keys.set(id, key);
  }
  for (const id of ambiguous) keys.delete(id);
  return accept({ keys: [...keys.values()], ignored: members.length - keys.size });
}

/** A public key as we publish it: P-256 in SPKI PEM, under its `kid`. */
export type PublishedKey = { readonly kid: string; readonly publicKeyPem: string };

/** One member of the set that {@link makeJwks} makes. */
export type PublicJwk = {
  readonly kty: "EC";
  readonly crv: "P-256";
  readonly x: string;
  readonly y: string;
  readonly kid: string;
  readonly alg: "ES256";
  readonly use: "sig";
};

/** Our own key set, for `/.well-known/jwks`. Throws a RangeError for a PEM that is no P-256 public key. */
export function makeJwks(
  keys: readonly PublishedKey[],
): { readonly keys: readonly PublicJwk[] } {
  return {
    keys: keys.map(({ kid, publicKeyPem }) => {
      const der = pemToDer(publicKeyPem, "PUBLIC KEY");
      const point = der === undefined ? undefined : p256Point(der);
      if (point === undefined) throw new RangeError("not a P-256 public key in PEM");
      const [x, y] = [encodeBase64Url(point.x), encodeBase64Url(point.y)];
      return { kty: "EC", crv: "P-256", x, y, kid, alg: "ES256", use: "sig" };
    }),
  };
}

/** Undefined for a member that is not understood. */
async function readKey(crypto: Crypto, member: unknown): Promise<JwksKey | undefined> {
  const parsed = anyKey.safeParse(member);
  if (!parsed.success) return undefined;
  const { data: jwk } = parsed;
  const { kid } = jwk;
  const reader = READERS.get(jwk.kty);
  if (reader === undefined || kid === undefined || !isForVerifying(jwk, reader)) return undefined;
  if (PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name))) return undefined;
  if (UNWRITABLE.test(kid)) return undefined;
  const spki = await reader.spki(crypto, jwk).catch(() => undefined);
  if (spki === undefined) return undefined;
  return { kid, algorithm: reader.algorithm, publicKeyPem: derToPem(spki, "PUBLIC KEY") };
}

function isForVerifying(jwk: Jwk, { algorithm, curve }: Reader): boolean {
  return jwk["crv"] === curve &&
    (jwk.use === undefined || jwk.use === "sig") &&
    (jwk.key_ops === undefined || jwk.key_ops.includes("verify")) &&
    (jwk.alg === undefined || jwk.alg === algorithm ||
      (algorithm === "EdDSA" && jwk.alg === "Ed25519"));
}

async function ecSpki(_: Crypto, jwk: Jwk): Promise<Uint8Array | undefined> {
  return p256Spki(ecKey.parse(jwk));
}

async function rsaSpki(crypto: Crypto, jwk: Jwk): Promise<Uint8Array> {
  const { n, e } = rsaKey.parse(jwk);
  const bits = n.length * 8 - Math.clz32(n[0] ?? 0) + 24;
  const exponent = e.reduce((value, byte) => value * 256 + byte, 0);
  if (n[0] === 0 || bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) throw new RangeError("modulus");
  if (e.length > 4 || exponent < 3 || exponent % 2 === 0) throw new RangeError("exponent");
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const { subtle } = crypto;
  const key = await subtle.importKey(
    "jwk",
    { kty: "RSA", n: encodeBase64Url(n), e: encodeBase64Url(e) },
    algorithm,
    true,
    ["verify"],
  );
  return new Uint8Array(await subtle.exportKey("spki", key));
}

async function okpSpki(_: Crypto, jwk: Jwk): Promise<Uint8Array | undefined> {
  return ed25519Spki(okpKey.parse(jwk).x);
}

function parseJson(document: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(document));
  } catch {
    return undefined;
  }
}
