import { Buffer } from "node:buffer";
import { importPKCS8, SignJWT } from "jose";
import type { Expiring } from "../../src/cloud/credential.ts";
import { watchedFile } from "../../src/cloud/watched-file.ts";
import { AppError } from "../../src/errors.ts";
import { pathOf } from "../../src/model/resource/members.ts";
import type { CallClient } from "../../src/model/resource/peer-call.ts";
import { callFailure, checkedToken } from "./call-token.ts";
import { askTokenEndpoint, type PostForm } from "./token-endpoint.ts";

/** What {@link clientTokens} needs. */
export type ClientTokensOptions = {
  readonly client: CallClient;
  /** `call.audience`: asked for, and looked for in what comes. */
  readonly audience: string | undefined;
  readonly post: PostForm;
  readonly crypto: Crypto;
  /** Milliseconds since the epoch. */
  readonly clockMs: () => number;
};

const MEMBER = "call.client";
const CURE = "check call.client: id, secret or key, scope and resource";
const ASSERTION_SECONDS = 300;

/** Gets access tokens with a client's own credentials (RFC 6749, 4.4); its files are read again when they change. */
export function clientTokens(options: ClientTokensOptions): () => Promise<Expiring<string>> {
  const { client, audience, post, clockMs } = options;
  const { tokenEndpoint, scope, resource } = client;
  const prove = proofOf(options);
  return async () => {
    const proof = await prove();
    const fields = {
      grant_type: "client_credentials",
      ...(scope === undefined ? {} : { scope }),
      ...(resource === undefined ? {} : { resource }),
      ...(audience === undefined ? {} : { audience }),
      ...proof.fields,
    };
    const answer = await askTokenEndpoint(post, tokenEndpoint, fields, {
      member: MEMBER,
      cure: CURE,
      headers: proof.headers,
    });
    return checkedToken({
      token: answer.access_token ?? "",
      audience,
      nowMs: clockMs(),
      lifeMs: answer.expires_in === undefined ? undefined : answer.expires_in * 1000,
      from: MEMBER,
    });
  };
}

/** How a client proves who it is. */
type Proof = {
  readonly headers: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string>>;
};

function proofOf(options: ClientTokensOptions): () => Promise<Proof> {
  const { client } = options;
  if (client.key !== undefined) return byKey(options, client.key);
  if (client.secret !== undefined) return bySecret(client, client.secret);
  throw new AppError("invalid_configuration", "call.client has neither secret nor key: give one");
}

/** By its secret, in the header (RFC 6749, 2.3.1). */
function bySecret({ id }: CallClient, reference: string): () => Promise<Proof> {
  const read = fileOf("secret", reference);
  return async () => {
    const secret = (await read()).trim();
    const pair = `${formEncoded(id)}:${formEncoded(secret)}`;
    const authorization = `Basic ${Buffer.from(pair).toString("base64")}`;
    return { headers: { authorization }, fields: {} };
  };
}

/** By an assertion that its key signs (RFC 7523, 2.2). */
function byKey(
  { client: { id, keyId, tokenEndpoint }, crypto, clockMs }: ClientTokensOptions,
  reference: string,
): () => Promise<Proof> {
  const read = fileOf("key", reference);
  return async () => {
    const { alg, key } = await signingKey(await read());
    const now = Math.floor(clockMs() / 1000);
    const assertion = await new SignJWT({ jti: crypto.randomUUID() })
      .setProtectedHeader({ alg, typ: "JWT", ...(keyId === undefined ? {} : { kid: keyId }) })
      .setIssuer(id)
      .setSubject(id)
      .setAudience(tokenEndpoint)
      .setIssuedAt(now)
      .setExpirationTime(now + ASSERTION_SECONDS)
      .sign(key);
    return {
      headers: {},
      fields: {
        client_id: id,
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: assertion,
      },
    };
  };
}

async function signingKey(pem: string): Promise<{ readonly alg: string; readonly key: CryptoKey }> {
  for (const alg of ["ES256", "RS256"]) {
    const key = await importPKCS8(pem, alg).catch(() => undefined);
    if (key !== undefined) return { alg, key };
  }
  throw callFailure(
    "call.client.key is no private key for ES256 or RS256",
    "give a P-256 or RSA key as PKCS #8 PEM, as `openssl pkcs8 -topk8 -nodes` prints it",
  );
}

function fileOf(member: "secret" | "key", reference: string): () => Promise<string> {
  const path = pathOf(reference);
  const read = watchedFile(path);
  return () =>
    read().catch(() => {
      throw callFailure(
        `call.client.${member} cannot be read`,
        `check that ${path} exists, and that the server may read it`,
      );
    });
}

/** As a form has it, which is what the header wants. */
const formEncoded = (text: string): string => new URLSearchParams([["", text]]).toString().slice(1);
