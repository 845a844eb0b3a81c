import {
  createCipheriv,
  createDecipheriv,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { signDigest } from "./sign-digest.ts";
import { json, type Service, startService } from "./service.ts";

type Version = {
  readonly createdMs: number;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly secret: Uint8Array;
};
type Key = { readonly type: string; readonly versions: Version[] };

/** Transit and KV 2 of Vault as its API documentation describes them. */
export type VaultServer = Service & {
  readonly tokens: Set<string>;
  readonly keys: Map<string, Key>;
  /** By path below `secret/data/`: the members of each version, oldest first. */
  readonly secrets: Map<string, Readonly<Record<string, string>>[]>;
  sealed: boolean;
};

const refuse = (status: number): Response => json({ errors: ["no"] }, status);
const bytes = (value: unknown): Buffer => Buffer.from(String(value ?? ""), "base64");
const CURVES: Readonly<Record<string, string>> = { "ecdsa-p256": "P-256", "ecdsa-p384": "P-384" };

/** Starts one that takes the token `token`. */
export async function startVaultServer(now: () => number = Date.now): Promise<VaultServer> {
  const keys = new Map<string, Key>();
  const secrets: VaultServer["secrets"] = new Map();

  const addVersion = (key: Key): void => {
    const pair = generateKeyPairSync("ec", { namedCurve: CURVES[key.type] ?? "P-256" });
    key.versions.push({ createdMs: now(), secret: randomBytes(32), ...pair });
  };

  const describe = ({ type, versions }: Key): Response => {
    const described = versions.map(({ createdMs, publicKey }, index) => [
      index + 1,
      type in CURVES
        ? {
          creation_time: new Date(createdMs).toISOString(),
          public_key: publicKey.export({ format: "pem", type: "spki" }),
        }
        : Math.floor(createdMs / 1000),
    ]);
    const data = { type, latest_version: versions.length, keys: Object.fromEntries(described) };
    return json({ data });
  };

  const crypt = (key: Key, action: string, body: Readonly<Record<string, unknown>>): Response => {
    const aad = bytes(body["associated_data"]);
    if (key.type !== "aes256-gcm96") return refuse(400);
    const [, number, text] = /^vault:v(\d+):(.*)$/.exec(String(body["ciphertext"])) ?? [];
    const index = action === "encrypt" ? key.versions.length - 1 : Number(number) - 1;
    const version = key.versions[index];
    if (version === undefined) return refuse(400);
    if (action === "encrypt") {
      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", version.secret, iv).setAAD(aad);
      const parts = [cipher.update(bytes(body["plaintext"])), cipher.final(), cipher.getAuthTag()];
      const ciphertext = `vault:v${index + 1}:${Buffer.concat([iv, ...parts]).toString("base64")}`;
      return json({ data: { ciphertext } });
    }
    try {
      const given = bytes(text);
      const decipher = createDecipheriv("aes-256-gcm", version.secret, given.subarray(0, 12))
        .setAAD(aad).setAuthTag(given.subarray(-16));
      const plain = Buffer.concat([decipher.update(given.subarray(12, -16)), decipher.final()]);
      return json({ data: { plaintext: plain.toString("base64") } });
    } catch {
      return refuse(400);
    }
  };

  const signed = (key: Key, body: Readonly<Record<string, unknown>>): Response => {
    const index = Number(body["key_version"] ?? key.versions.length) - 1;
    const version = key.versions[index];
    const asked = body["prehashed"] === true && body["marshaling_algorithm"] === "jws";
    if (key.type !== "ecdsa-p256" || version === undefined || !asked) return refuse(400);
    const signature = signDigest(bytes(body["input"]), version.privateKey).toString("base64url");
    return json({ data: { signature: `vault:v${index + 1}:${signature}` } });
  };

  const transit = (path: string, method: string, body: Readonly<Record<string, unknown>>) => {
    const [action = "", name = "", more = ""] = path.split("/");
    const key = keys.get(name);
    if (key === undefined && action === "keys" && method === "POST") {
      const made: Key = { type: String(body["type"]), versions: [] };
      addVersion(made);
      keys.set(name, made);
      return new Response(null, { status: 204 });
    }
    if (key === undefined) return refuse(action === "keys" ? 404 : 400);
    if (action === "keys" && method === "GET") return describe(key);
    if (action === "keys" && more === "rotate") {
      addVersion(key);
      return new Response(null, { status: 204 });
    }
    if (action === "sign" && more === "sha2-256") return signed(key, body);
    return action === "encrypt" || action === "decrypt" ? crypt(key, action, body) : refuse(404);
  };

  const read = (path: string, version: string | null): Response => {
    const versions = secrets.get(path) ?? [];
    const number = Number(version ?? versions.length);
    const data = versions[number - 1];
    return data === undefined
      ? refuse(404)
      : json({ data: { data, metadata: { version: number } } });
  };

  const state = { sealed: false, tokens: new Set(["token"]) };
  const service = await startService(async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (state.sealed) return refuse(503);
    const { headers, method } = request;
    const token = headers.get("x-vault-token") ?? "";
    if (headers.get("x-vault-request") !== "true" || !state.tokens.has(token)) return refuse(403);
    const text = await request.text();
    const body = text === "" ? {} : JSON.parse(text);
    const [, engine, path = ""] = /^\/v1\/(transit|secret\/data)\/(.+)$/.exec(pathname) ?? [];
    if (engine === "transit") return transit(path, method, body);
    return engine === undefined ? refuse(404) : read(path, searchParams.get("version"));
  });
  return Object.assign(state, { ...service, keys, secrets });
}
