import {
  createCipheriv,
  createDecipheriv,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { encodeDer } from "../../../src/bytes/ecdsa-der.ts";
import { signDigest } from "./sign-digest.ts";
import { json, type Service, startService } from "./service.ts";

type Version = {
  state: "ENABLED" | "DISABLED" | "DESTROY_SCHEDULED";
  readonly createTime: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly secret: Uint8Array;
};
type Key = { readonly purpose: string; readonly algorithm: string; readonly versions: Version[] };

/** Google Cloud KMS as its REST reference describes it. */
export type GcpKmsServer = Service & {
  /** Bearer tokens that it takes. */
  readonly tokens: Set<string>;
  /** By resource name, `…/cryptoKeys/K`. */
  readonly keys: Map<string, Key>;
};

const CODES: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
};
const CURVES: Readonly<Record<string, string>> = { EC_SIGN_P384_SHA384: "P-384" };

/** A refusal in Google's form. */
export const googleRefusal = (status: string): Response =>
  json({ error: { code: CODES[status], message: "no", status } }, CODES[status] ?? 500);

const bytes = (value: unknown): Buffer => Buffer.from(String(value ?? ""), "base64");

/** Starts one that takes the token `token`. Two versions that it lists make a page. */
export async function startGcpKmsServer(now: () => number = Date.now): Promise<GcpKmsServer> {
  const tokens = new Set(["token"]);
  const keys = new Map<string, Key>();

  const addVersion = (key: Key): number => {
    const pair = generateKeyPairSync("ec", { namedCurve: CURVES[key.algorithm] ?? "P-256" });
    const createTime = new Date(now() + key.versions.length).toISOString();
    return key.versions.push({ state: "ENABLED", createTime, secret: randomBytes(32), ...pair });
  };
  const describe = (name: string, index: number, { state, createTime }: Version) => ({
    name: `${name}/cryptoKeyVersions/${index + 1}`,
    state,
    createTime,
  });

  const create = (ring: string, id: string, body: Readonly<Record<string, unknown>>): Response => {
    const name = `${ring}/cryptoKeys/${id}`;
    if (keys.has(name)) return googleRefusal("ALREADY_EXISTS");
    const { algorithm } = body["versionTemplate"] as { readonly algorithm: string };
    const key = { purpose: String(body["purpose"]), algorithm, versions: [] };
    keys.set(name, key);
    addVersion(key);
    return json({ name });
  };

  const list = (name: string, { versions }: Key, query: URLSearchParams): Response => {
    const enabled = versions.map((version, index) => describe(name, index, version))
      .filter(({ state }) => state === "ENABLED" || query.get("filter") !== "state=ENABLED");
    const from = Number(query.get("pageToken") ?? 0);
    const next = from + 2 < enabled.length ? { nextPageToken: String(from + 2) } : {};
    return json({ cryptoKeyVersions: enabled.slice(from, from + 2), ...next });
  };

  const crypt = (key: Key, action: string, body: Readonly<Record<string, unknown>>): Response => {
    if (key.purpose !== "ENCRYPT_DECRYPT") return googleRefusal("INVALID_ARGUMENT");
    const newest = key.versions.findLastIndex(({ state }) => state === "ENABLED");
    const given = bytes(body["ciphertext"]);
    const index = action === "encrypt" ? newest : (given[0] ?? 0) - 1;
    const version = key.versions[index];
    if (version === undefined) return googleRefusal("INVALID_ARGUMENT");
    if (version.state !== "ENABLED") return googleRefusal("FAILED_PRECONDITION");
    const aad = bytes(body["additionalAuthenticatedData"]);
    if (action === "encrypt") {
      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", version.secret, iv).setAAD(aad);
      const parts = [cipher.update(bytes(body["plaintext"])), cipher.final(), cipher.getAuthTag()];
      const sealed = Buffer.concat([Buffer.from([index + 1]), iv, ...parts]);
      return json({ ciphertext: sealed.toString("base64") });
    }
    try {
      const decipher = createDecipheriv("aes-256-gcm", version.secret, given.subarray(1, 13))
        .setAAD(aad).setAuthTag(given.subarray(-16));
      const plain = Buffer.concat([decipher.update(given.subarray(13, -16)), decipher.final()]);
      return json({ plaintext: plain.toString("base64") });
    } catch {
      return googleRefusal("INVALID_ARGUMENT");
    }
  };

  const onVersion = (
    key: Key,
    index: number,
    action: string,
    body: Readonly<Record<string, unknown>>,
  ): Response => {
    const version = key.versions[index];
    if (version === undefined) return googleRefusal("NOT_FOUND");
    if (action === "destroy") {
      version.state = "DESTROY_SCHEDULED";
      return json({});
    }
    if (key.purpose !== "ASYMMETRIC_SIGN") return googleRefusal("INVALID_ARGUMENT");
    if (version.state !== "ENABLED") return googleRefusal("FAILED_PRECONDITION");
    const { algorithm } = key;
    if (action === "publicKey") {
      return json({ pem: version.publicKey.export({ format: "pem", type: "spki" }), algorithm });
    }
    const { sha256 } = (body["digest"] ?? {}) as { readonly sha256?: string };
    if (sha256 === undefined || algorithm !== "EC_SIGN_P256_SHA256") {
      return googleRefusal("INVALID_ARGUMENT");
    }
    const der = encodeDer(signDigest(bytes(sha256), version.privateKey));
    return json({ signature: Buffer.from(der).toString("base64") });
  };

  const service = await startService(async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const token = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
    if (token === undefined || !tokens.has(token)) return googleRefusal("UNAUTHENTICATED");
    const body = request.method === "POST" ? JSON.parse(await request.text()) : {};
    const [, ring = "", id, rest = ""] =
      /^\/v1\/(projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+)\/cryptoKeys(?:\/([^/:]+)(.*))?$/
        .exec(pathname) ?? [];
    if (id === undefined) return create(ring, searchParams.get("cryptoKeyId") ?? "", body);
    const name = `${ring}/cryptoKeys/${id}`;
    const key = keys.get(name);
    if (key === undefined) return googleRefusal("NOT_FOUND");
    if (rest === "") return json({ name, purpose: key.purpose });
    if (rest === ":encrypt" || rest === ":decrypt") return crypt(key, rest.slice(1), body);
    if (rest === "/cryptoKeyVersions") {
      if (request.method === "GET") return list(name, key, searchParams);
      return json({ name: `${name}/cryptoKeyVersions/${addVersion(key)}` });
    }
    const [, number, action = ""] = /^\/cryptoKeyVersions\/(\d+)[:/](\w+)$/.exec(rest) ?? [];
    return onVersion(key, Number(number) - 1, action, body);
  });
  return { ...service, tokens, keys };
}
