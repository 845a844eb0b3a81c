import { importPKCS8, SignJWT } from "jose";
import * as z from "zod";
import type { HttpOptions } from "../../blob/retrying-fetch.ts";
import type { Expiring } from "../credential.ts";
import { clockNote, identityFailure } from "../failure.ts";
import { callService } from "../service-call.ts";
import { bearerToken, formPost, oauthError } from "../token-answer.ts";

const file = z.object({
  type: z.literal("service_account"),
  client_email: z.string().min(1),
  private_key: z.string().min(1),
  private_key_id: z.string().optional(),
  token_uri: z.url(),
});

/** The key file of a service account. */
export type ServiceAccount = {
  readonly client_email: string;
  readonly private_key: string;
  readonly private_key_id?: string | undefined;
  readonly token_uri: string;
};

/** What tokens are for: everything that IAM lets the account do. */
export const GOOGLE_SCOPE = "https://www.googleapis.com/auth/cloud-platform";
const ASSERTION_SECONDS = 3600;
const CURE =
  "check that the key in GOOGLE_APPLICATION_CREDENTIALS is not revoked, and this machine's clock";

/** A service account's key file; undefined for anything else. */
export function parseServiceAccount(json: unknown): ServiceAccount | undefined {
  return file.safeParse(json).data;
}

/** An access token for a signed assertion (RFC 7523); throws `identity_unavailable`. */
export async function serviceAccountToken(
  account: ServiceAccount,
  http: HttpOptions,
): Promise<Expiring<string>> {
  const url = new URL(account.token_uri);
  const answer = await callService({
    prepare: async () => {
      const assertion = await signAssertion(account, { scope: GOOGLE_SCOPE }, http.now())
        .catch(() => {
          throw identityFailure("the service account's private_key is no PKCS #8 PEM", CURE);
        });
      const grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
      return formPost(url, { grant_type: grant, assertion });
    },
  }, http).catch((cause: unknown) => {
    throw identityFailure("Google's token endpoint cannot be reached", CURE, cause);
  });
  const token = bearerToken(answer, http.now());
  if (token !== undefined) return token;
  throw identityFailure(
    `Google's token endpoint answered ${answer.status}${oauthError(answer)}`,
    `${CURE}${clockNote(answer)}`,
  );
}

/**
 * What the account shows to its token endpoint, of an hour: who it is, and with the claims what it wants. Rejects when
 * its key cannot be used.
 */
export async function signAssertion(
  account: ServiceAccount,
  claims: Readonly<Record<string, string>>,
  nowMs: number,
): Promise<string> {
  const now = Math.floor(nowMs / 1000);
  const key = await importPKCS8(account.private_key, "RS256");
  const { private_key_id: kid } = account;
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: "RS256", typ: "JWT", ...(kid === undefined ? {} : { kid }) })
    .setIssuer(account.client_email)
    .setAudience(account.token_uri)
    .setIssuedAt(now)
    .setExpirationTime(now + ASSERTION_SECONDS)
    .sign(key);
}
