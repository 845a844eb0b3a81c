import { z } from "zod";
import { jsonOf } from "../../src/cloud/service-call.ts";
import { oauthError } from "../../src/cloud/token-answer.ts";
import type { Outcome } from "../../src/errors.ts";
import { callFailure } from "./call-token.ts";

/** Posts a form to an authorization server: bounded, without redirects, within the rules on addresses. */
export type PostForm = (
  url: string,
  fields: Readonly<Record<string, string>>,
  headers?: Readonly<Record<string, string>>,
) => Promise<
  Outcome<{ readonly status: number; readonly headers: Headers; readonly bytes: Uint8Array }>
>;

/** What a token endpoint gives (RFC 6749, 5.1), as far as it is looked at. */
export type TokenAnswer = {
  readonly access_token?: string | undefined;
  readonly id_token?: string | undefined;
  /** Seconds. */
  readonly expires_in?: number | undefined;
};

const MAX_LIFE_SECONDS = 31_536_000;

const answered = z.object({
  access_token: z.string().optional(),
  id_token: z.string().optional(),
  expires_in: z.coerce.number().min(0).max(MAX_LIFE_SECONDS).optional().catch(undefined),
});

/**
 * Asks a token endpoint. `member` is the part of the agreement that is to blame, `cure` what to check when it refuses.
 * Throws `identity_unavailable`, with the status and OAuth's name of the error, and nothing else of the answer.
 */
export async function askTokenEndpoint(
  post: PostForm,
  url: string,
  fields: Readonly<Record<string, string>>,
  { member, cure, headers }: {
    readonly member: string;
    readonly cure: string;
    readonly headers?: Readonly<Record<string, string>>;
  },
): Promise<TokenAnswer> {
  const answer = await post(url, fields, headers);
  if (!answer.ok) throw callFailure(`${member}: no token`, answer.message);
  const said = { ...answer.value, text: new TextDecoder().decode(answer.value.bytes) };
  const { host } = new URL(url);
  if (said.status !== 200) {
    throw callFailure(`${member}: ${host} answered ${said.status}${oauthError(said)}`, cure);
  }
  const found = answered.safeParse(jsonOf(said));
  if (found.success) return found.data;
  throw callFailure(
    `${member}: ${host} answered something else than a token`,
    "check that the URL is that of the token endpoint",
  );
}
