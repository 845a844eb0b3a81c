import {
  constants,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from "node:crypto";
import { signDigest } from "./sign-digest.ts";
import { json, type Service, startService } from "./service.ts";

type Version = {
  readonly id: string;
  readonly created: number;
  readonly pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
  readonly kty: string;
  enabled: boolean;
};

/** Azure Key Vault's keys and secrets as its REST reference describes them. */
export type KeyVaultServer = Service & {
  /** Access tokens that it takes. */
  readonly tokens: Set<string>;
  readonly keys: Map<string, Version[]>;
  /** By name: the value of each version. */
  readonly secrets: Map<string, { readonly id: string; readonly value: string }[]>;
  add(name: string, kty: "EC" | "RSA", curve?: string): void;
};

const refuse = (status: number, code: string): Response =>
  json({ error: { code, message: "no" } }, status);
/** Made once: RSA keys take their time. */
const RSA = generateKeyPairSync("rsa", { modulusLength: 2048 });

/** Starts one that takes the token `token`. */
export async function startKeyVaultServer(now: () => number = Date.now): Promise<KeyVaultServer> {
  const tokens = new Set(["token"]);
  const keys = new Map<string, Version[]>();
  const secrets: KeyVaultServer["secrets"] = new Map();

  const add = (name: string, kty: string, curve = "P-256"): Version => {
    const pair = kty.startsWith("RSA") ? RSA : generateKeyPairSync("ec", { namedCurve: curve });
    const created = Math.floor(now() / 1000) + (keys.get(name)?.length ?? 0);
    const version = { id: randomBytes(16).toString("hex"), created, pair, kty, enabled: true };
    keys.set(name, [...keys.get(name) ?? [], version]);
    return version;
  };
  const kid = (name: string, { id }: Version): string => `https://vault.example/keys/${name}/${id}`;
  const attributes = ({ enabled, created }: Version) => ({ enabled, created });

  const bundle = (name: string, version: Version): Response => {
    const { x, y, crv } = version.pair.publicKey.export({ format: "jwk" });
    return json({
      key: { kid: kid(name, version), kty: version.kty, crv, x, y },
      attributes: attributes(version),
    });
  };

  const operate = (
    { pair, kty, enabled }: Version,
    operation: string,
    { alg, value }: { readonly alg?: string; readonly value?: string },
  ): Response => {
    if (!enabled) return refuse(403, "Forbidden");
    const given = Buffer.from(value ?? "", "base64url");
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const answer = (bytes: Uint8Array): Response =>
      json({ value: Buffer.from(bytes).toString("base64url") });
    if (operation === "sign") {
      return kty.startsWith("EC") && alg === "ES256"
        ? answer(signDigest(given, pair.privateKey))
        : refuse(400, "BadParameter");
    }
    if (!kty.startsWith("RSA") || alg !== "RSA-OAEP-256") return refuse(400, "BadParameter");
    try {
      return answer(
        operation === "wrapkey"
          ? publicEncrypt({ key: pair.publicKey, padding, oaepHash: "sha256" }, given)
          : privateDecrypt({ key: pair.privateKey, padding, oaepHash: "sha256" }, given),
      );
    } catch {
      return refuse(400, "BadParameter");
    }
  };

  const onKey = async (request: Request, parts: readonly string[]): Promise<Response> => {
    const [name = "", part = "", operation] = parts;
    const body = request.method === "POST" ? JSON.parse(await request.text()) : {};
    if (part === "create") {
      // A module of hardware has names of its own for the same types.
      return bundle(name, add(name, String(body.kty)));
    }
    const versions = keys.get(name);
    if (versions === undefined) return refuse(404, "KeyNotFound");
    if (part === "versions") {
      const value = versions.map((one) => ({ kid: kid(name, one), attributes: attributes(one) }));
      return json({ value, nextLink: null });
    }
    const version = part === "" ? versions.at(-1) : versions.find(({ id }) => id === part);
    if (version === undefined) return refuse(404, "KeyNotFound");
    return operation === undefined ? bundle(name, version) : operate(version, operation, body);
  };

  const service = await startService(async (request) => {
    const url = new URL(request.url);
    const token = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
    if (token === undefined || !tokens.has(token)) return refuse(401, "Unauthorized");
    if (url.searchParams.get("api-version") !== "7.4") return refuse(400, "BadParameter");
    const [kind, ...parts] = url.pathname.slice(1).split("/");
    if (kind === "keys") return await onKey(request, parts);
    const [name = "", id] = parts;
    const versions = secrets.get(name) ?? [];
    const secret = id === undefined ? versions.at(-1) : versions.find((one) => one.id === id);
    return secret === undefined
      ? refuse(404, "SecretNotFound")
      : json({ value: secret.value, id: `${url.origin}/secrets/${name}/${secret.id}` });
  });
  return {
    ...service,
    tokens,
    keys,
    secrets,
    add: (name, kty, curve) => void add(name, kty, curve),
  };
}
