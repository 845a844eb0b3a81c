import { AppError } from "../../src/errors.ts";
import { encodeBase64Url } from "../../src/bytes/base64.ts";
import { makeJwks } from "../../src/keys/jwks.ts";
import { signJwt } from "../../src/keys/jwt.ts";
import type { KeyManager } from "../../src/keys/key-manager.ts";
import type { ServerId } from "../../src/model/ids.ts";
import { type OwnKeyOptions, type OwnKeyStore, rotateOwnKeys, signingKeyOf } from "./own-keys.ts";

/** Signs our tokens, and tells others how to check them. */
export type OwnSigner = {
  /** A JWT of five minutes with a `jti` of its own, for one call. */
  token(audience: string): Promise<string>;
  /** `GET /.well-known/openid-configuration`. */
  discovery(): Response;
  /** `GET /.well-known/jwks.json`. */
  jwks(): Promise<Response>;
};

/** What {@link ownSigner} needs. */
export type OwnSignerOptions = OwnKeyOptions & {
  readonly store: OwnKeyStore;
  readonly keys: OwnKeyOptions["keys"] & Pick<KeyManager, "sign">;
  /** `iss` and `sub`: our name, a URL below which the two documents are served. */
  readonly serverId: ServerId;
};

/** How long a token of ours is valid, in seconds. */
const TOKEN_SECONDS = 300;
const JTI_BYTES = 16;
/** Shorter than what {@link rotateOwnKeys} allows for. */
const DOCUMENT_HEADERS = {
  "content-type": "application/json",
  "cache-control": "public, max-age=300",
};

/** Our own OpenID Connect issuer, without anybody to sign in. Tokens are ES256 (RFC 7518, 3.4). */
export function ownSigner(options: OwnSignerOptions): OwnSigner {
  const { store, keys, crypto, clockMs, serverId } = options;
  const listed = async () => {
    const found = await store.list();
    if (found.length > 0) return found;
    await rotateOwnKeys(options);
    return await store.list();
  };
  return {
    token: async (audience) => {
      const now = Math.floor(clockMs() / 1000);
      const key = signingKeyOf(await listed(), now);
      if (key === undefined) throw new AppError("key_unavailable");
      const jti = encodeBase64Url(crypto.getRandomValues(new Uint8Array(JTI_BYTES)));
      return await signJwt((data) => keys.sign(key.reference, data), key.kid, {
        iss: serverId,
        sub: serverId,
        aud: audience,
        iat: now,
        exp: now + TOKEN_SECONDS,
        jti,
      });
    },
    discovery: () =>
      new Response(
        JSON.stringify({
          issuer: serverId,
          jwks_uri: `${serverId}/.well-known/jwks.json`,
          response_types_supported: ["id_token"],
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: ["ES256"],
        }),
        { headers: DOCUMENT_HEADERS },
      ),
    jwks: async () =>
      new Response(JSON.stringify(makeJwks(await listed())), { headers: DOCUMENT_HEADERS }),
  };
}
