/** Workload identity federation: a token of another identity provider for a Google access token (RFC 8693). */

import * as z from "zod";
import type { HttpOptions, Prepared } from "../../blob/retrying-fetch.ts";
import type { Expiring } from "../credential.ts";
import { identityFailure } from "../failure.ts";
import { callService, jsonOf, type ServiceAnswer } from "../service-call.ts";
import { bearerToken, formPost, oauthError } from "../token-answer.ts";
import { watchedFile } from "../watched-file.ts";
import { GOOGLE_SCOPE } from "./service-account.ts";

const format = z.union([
  z.object({ type: z.literal("text") }),
  z.object({ type: z.literal("json"), subject_token_field_name: z.string().min(1) }),
]).default({ type: "text" });

const file = z.object({
  type: z.literal("external_account"),
  audience: z.string().min(1),
  subject_token_type: z.string().min(1),
  token_url: z.url({ protocol: /^https?$/ }),
  service_account_impersonation_url: z.url({ protocol: /^https?$/ }).optional(),
  credential_source: z.union([
    z.strictObject({ file: z.string().min(1), format }),
    z.strictObject({
      url: z.url({ protocol: /^https?$/ }),
      headers: z.record(z.string(), z.string()).default({}),
      format,
    }),
  ]),
});

/** The configuration file of workload identity federation whose token comes from a file or a URL. */
export type ExternalAccount = {
  readonly audience: string;
  readonly subject_token_type: string;
  readonly token_url: string;
  readonly service_account_impersonation_url?: string | undefined;
  readonly credential_source: SubjectSource;
};

type SubjectSource = {
  readonly format:
    | { readonly type: "text" }
    | { readonly type: "json"; readonly subject_token_field_name: string };
} & ({ readonly file: string } | UrlSource);

type UrlSource = { readonly url: string; readonly headers: Readonly<Record<string, string>> };

const CURE =
  "check the workload identity pool, its provider, and what GOOGLE_APPLICATION_CREDENTIALS names";
const LIFETIME = "3600s";

const impersonated = z.object({
  accessToken: z.string().min(1),
  expireTime: z.string().transform((text) => Date.parse(text)).refine(Number.isFinite),
});

/** An external account; undefined for anything else, also one whose token an executable or AWS gives. */
export function parseExternalAccount(json: unknown): ExternalAccount | undefined {
  return file.safeParse(json).data;
}

/** A Google access token for the token of the other provider; throws `identity_unavailable`. */
export async function externalAccountToken(
  account: ExternalAccount,
  http: HttpOptions,
): Promise<Expiring<string>> {
  const subject = await subjectToken(account.credential_source, http);
  const exchanged = await ask(
    "Google's token exchange",
    formPost(new URL(account.token_url), {
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
      audience: account.audience,
      scope: GOOGLE_SCOPE,
      subject_token: subject,
      subject_token_type: account.subject_token_type,
    }),
    http,
  );
  const token = bearerToken(exchanged, http.now());
  if (token === undefined) throw refused("Google's token exchange", exchanged);
  const url = account.service_account_impersonation_url;
  return url === undefined ? token : await impersonate(new URL(url), token.value, http);
}

/** The token of a service account in whose name a federated identity may act. */
async function impersonate(url: URL, token: string, http: HttpOptions): Promise<Expiring<string>> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const body = JSON.stringify({ scope: [GOOGLE_SCOPE], lifetime: LIFETIME });
  const answer = await ask(
    "Google's IAM credentials service",
    { url, init: { method: "POST", headers, body } },
    http,
  );
  const found = answer.status === 200 ? impersonated.safeParse(jsonOf(answer)) : undefined;
  if (!found?.success) throw refused("Google's IAM credentials service", answer);
  return { value: found.data.accessToken, expiresAtMs: found.data.expireTime };
}

async function subjectToken(
  source: SubjectSource,
  http: HttpOptions,
): Promise<string> {
  const text = "file" in source ? await fromFile(source.file) : await fromUrl(source, http);
  if (source.format.type === "text") return text.trim();
  const field = source.format.subject_token_field_name;
  const value = z.record(z.string(), z.unknown()).safeParse(parsed(text)).data?.[field];
  if (typeof value === "string") return value;
  throw identityFailure(`the subject token's document has no ${field}`, CURE);
}

async function fromFile(path: string): Promise<string> {
  return await watchedFile(path)().catch((cause: unknown) => {
    throw identityFailure(`${path} cannot be read`, CURE, cause);
  });
}

async function fromUrl({ url, headers }: UrlSource, http: HttpOptions): Promise<string> {
  const what = "the subject token's URL";
  const answer = await ask(what, { url: new URL(url), init: { headers } }, http);
  if (answer.status !== 200) throw refused(what, answer);
  return answer.text;
}

async function ask(what: string, prepared: Prepared, http: HttpOptions): Promise<ServiceAnswer> {
  return await callService({ prepare: () => Promise.resolve(prepared) }, http).catch(
    (cause: unknown) => {
      throw identityFailure(`${what} cannot be reached`, CURE, cause);
    },
  );
}

const refused = (what: string, answer: ServiceAnswer): Error =>
  identityFailure(`${what} answered ${answer.status}${oauthError(answer)}`, CURE);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
