import { importPKCS8, SignJWT } from "jose";
import * as z from "zod";
import { recentMap } from "../../bounds/recent.ts";
import type { GooglePlayIntegrity } from "../../model/resource/attestation.ts";
import type { ReadSecret } from "../secret-reference.ts";
import { jsonOf } from "../token-checks.ts";
import {
  type Asked,
  failedAnswer,
  type SendToVendor,
  type VendorAnswer,
  type VendorCalls,
} from "../vendor/calls.ts";

/** What Google's server says of a token: its payload, or that it refuses it. */
export type GoogleDecoded = { readonly payload: unknown } | "refused";

/** What asking Google needs. */
export type GoogleDependencies = {
  readonly vendors: VendorCalls;
  readonly readSecret: ReadSecret;
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
};

const SERVER = "https://playintegrity.googleapis.com";
const TOKEN_URL = "https://oauth2.googleapis.com/token";
const SCOPE = "https://www.googleapis.com/auth/playintegrity";
const GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const ASSERTION_SECONDS = 3600;
/** An access token is not used in the last minutes of its life. */
const BEFORE_END_MS = 5 * 60_000;
const MAX_ACCOUNTS = 64;
const MAX_ANSWER_BYTES = 16 * 1024;

const accountSchema = z.object({
  client_email: z.string().min(1).max(500),
  private_key: z.string().max(10_000),
  private_key_id: z.string().max(200).optional(),
});
const accessSchema = z.object({
  access_token: z.string().min(1),
  expires_in: z.number().positive(),
});
const decodedSchema = z.object({ tokenPayloadExternal: z.unknown() });

/** Decodes tokens on Google's server, with an access token of the service account that is kept until shortly before its end. */
export function googleDecoder(
  { vendors, readSecret, nowMs }: GoogleDependencies,
): (
  app: GooglePlayIntegrity,
  development: boolean,
  token: string,
) => Promise<Asked<GoogleDecoded>> {
  const kept = recentMap<string, { readonly token: string; readonly until: number }>({
    maxSize: MAX_ACCOUNTS,
  });

  const accessToken = async (
    app: GooglePlayIntegrity,
    url: string,
    send: SendToVendor,
  ): Promise<Asked<string>> => {
    const name = `${url} ${app.serviceAccount}`;
    const known = kept.get(name);
    if (known !== undefined && nowMs() < known.until) {
      return { asked: "answered", value: known.token };
    }
    const assertion = await signedAssertion(await readSecret(app.serviceAccount), nowMs());
    if (assertion === undefined) return { asked: "misconfigured" };
    const answer = await send({
      url,
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ grant_type: GRANT, assertion }).toString(),
    });
    if (answer?.status !== 200) return failedAnswer(answer);
    const granted = accessSchema.safeParse(parsed(answer));
    if (!granted.success) return { asked: "unavailable" };
    const { access_token: token, expires_in: seconds } = granted.data;
    kept.set(name, { token, until: nowMs() + seconds * 1000 - BEFORE_END_MS });
    return { asked: "answered", value: token };
  };

  return async (app, development, token) => {
    const own = development ? app.url : undefined;
    return await vendors.ask("google", app.packageName, async (send) => {
      const access = await accessToken(app, own === undefined ? TOKEN_URL : `${own}/token`, send);
      if (access.asked !== "answered") return access;
      const answer = await send({
        url: `${own ?? SERVER}/v1/${app.packageName}:decodeIntegrityToken`,
        headers: {
          "content-type": "application/json",
          authorization: `Bearer ${access.value}`,
        },
        body: JSON.stringify({ integrity_token: token }),
      });
      if (answer?.status !== 200) return failedAnswer<GoogleDecoded>(answer, "refused");
      const decoded = decodedSchema.safeParse(parsed(answer));
      return decoded.success
        ? { asked: "answered", value: { payload: decoded.data.tokenPayloadExternal } }
        : { asked: "unavailable" };
    });
  };
}

function parsed({ text }: VendorAnswer): unknown {
  return jsonOf(new TextEncoder().encode(text), MAX_ANSWER_BYTES);
}

/** The JWT with which a service account asks for an access token (RFC 7523); undefined without a usable key. */
async function signedAssertion(
  account: string | undefined,
  nowMs: number,
): Promise<string | undefined> {
  const json = account === undefined
    ? undefined
    : jsonOf(new TextEncoder().encode(account), 65_536);
  const known = accountSchema.safeParse(json);
  if (!known.success) return undefined;
  const { client_email, private_key, private_key_id } = known.data;
  const key = await importPKCS8(private_key, "RS256").catch(() => undefined);
  if (key === undefined) return undefined;
  const issuedAt = Math.floor(nowMs / 1000);
  return await new SignJWT({ scope: SCOPE })
    .setProtectedHeader({
      alg: "RS256",
      typ: "JWT",
      ...(private_key_id === undefined ? {} : { kid: private_key_id }),
    })
    .setIssuer(client_email)
    .setAudience(TOKEN_URL)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ASSERTION_SECONDS)
    .sign(key);
}
