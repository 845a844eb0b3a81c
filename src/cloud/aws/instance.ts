import type { HttpOptions, Prepared } from "../../blob/retrying-fetch.ts";
import type { Expiring } from "../credential.ts";
import { identityFailure } from "../failure.ts";
import { callService, type ServiceAnswer } from "../service-call.ts";
import { roleCredentials } from "./role-answer.ts";
import type { AwsCredentials } from "./sign.ts";

const CURE = "give the instance a role, allow the hop limit of 2 for containers, " +
  "or set AWS_ACCESS_KEY_ID, AWS_WEB_IDENTITY_TOKEN_FILE or AWS_SHARED_CREDENTIALS_FILE";
/** A session is for this fetch alone. */
const SESSION_SECONDS = "60";
/** Where no metadata service is, nothing answers: one second and two attempts tell. */
const TIMEOUT_MS = 1000;
const ATTEMPTS = 2;
const ROLES = "/latest/meta-data/iam/security-credentials/";

/** Credentials of an instance's role from its metadata service, version 2 only; throws `identity_unavailable`. */
export async function instanceCredentials(
  endpoint: URL,
  http: HttpOptions,
): Promise<Expiring<AwsCredentials>> {
  const options = {
    ...http,
    timeoutMs: Math.min(http.timeoutMs, TIMEOUT_MS),
    attempts: Math.min(http.attempts, ATTEMPTS),
  };
  const ask = async (path: string, init: RequestInit): Promise<ServiceAnswer> => {
    const prepared: Prepared = { url: new URL(path, endpoint), init };
    return await callService({ prepare: () => Promise.resolve(prepared) }, options).catch(
      (cause: unknown) => {
        throw identityFailure("the instance's metadata service cannot be reached", CURE, cause);
      },
    );
  };
  const session = await ask("/latest/api/token", {
    method: "PUT",
    headers: { "x-aws-ec2-metadata-token-ttl-seconds": SESSION_SECONDS },
  });
  if (session.status !== 200) throw refused(session);
  const headers = { "x-aws-ec2-metadata-token": session.text };
  const roles = await ask(ROLES, { headers });
  const [role = ""] = roles.text.split("\n");
  if (roles.status !== 200 || !/^[\w+=,.@-]{1,64}$/.test(role)) throw refused(roles);
  const answer = await ask(`${ROLES}${role}`, { headers });
  const credentials = roleCredentials(answer);
  if (credentials === undefined) throw refused(answer);
  return credentials;
}

const refused = ({ status }: ServiceAnswer): Error =>
  identityFailure(`the instance's metadata service answered ${status}`, CURE);
