import * as z from "zod";
import type { Expiring } from "../credential.ts";
import { jsonOf, type ServiceAnswer } from "../service-call.ts";
import type { AwsCredentials } from "./sign.ts";

const role = z.object({
  AccessKeyId: z.string().min(1),
  SecretAccessKey: z.string().min(1),
  Token: z.string().min(1),
  Expiration: z.string().transform((text) => Date.parse(text)).refine(Number.isFinite),
});

/** Credentials as container and instance roles answer them; undefined when the answer is something else. */
export function roleCredentials(answer: ServiceAnswer): Expiring<AwsCredentials> | undefined {
  const found = answer.status === 200 ? role.safeParse(jsonOf(answer)) : undefined;
  if (!found?.success) return undefined;
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = found.data;
  return {
    value: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token },
    expiresAtMs: Expiration,
  };
}
