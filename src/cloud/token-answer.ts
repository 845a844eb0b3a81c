import * as z from "zod";
import type { Expiring } from "./credential.ts";
import { jsonOf, type ServiceAnswer } from "./service-call.ts";

/** Azure's metadata service answers seconds as text. */
const answered = z.object({
  access_token: z.string().min(1).max(16_384),
  expires_in: z.union([z.number(), z.string().regex(/^\d{1,8}$/).transform(Number)]),
});

/** The bearer token of an OAuth 2.0 answer (RFC 6749, 5.1); undefined when the answer is something else. */
export function bearerToken(answer: ServiceAnswer, nowMs: number): Expiring<string> | undefined {
  const found = answer.status === 200 ? answered.safeParse(jsonOf(answer)) : undefined;
  if (!found?.success) return undefined;
  return { value: found.data.access_token, expiresAtMs: nowMs + found.data.expires_in * 1000 };
}

/** The `error` of an OAuth 2.0 refusal (RFC 6749, 5.2), such as ` invalid_grant`; empty when there is none. */
export function oauthError(answer: ServiceAnswer): string {
  const body = jsonOf(answer);
  const error = typeof body === "object" && body !== null && "error" in body ? body.error : "";
  return typeof error === "string" && /^[a-z_]{1,64}$/.test(error) ? ` ${error}` : "";
}

/** A POST of a form, as token endpoints take it. */
export function formPost(url: URL, fields: Readonly<Record<string, string>>): {
  readonly url: URL;
  readonly init: RequestInit;
} {
  const headers = {
    accept: "application/json",
    "content-type": "application/x-www-form-urlencoded",
  };
  return {
    url,
    init: { method: "POST", headers, body: new URLSearchParams(fields).toString() },
  };
}
