import type { HttpOptions } from "../../blob/retrying-fetch.ts";
import type { Expiring } from "../credential.ts";
import { identityFailure } from "../failure.ts";
import { callService } from "../service-call.ts";
import { watchedFile } from "../watched-file.ts";
import type { AwsIdentity } from "./identity.ts";
import { roleCredentials } from "./role-answer.ts";
import type { AwsCredentials } from "./sign.ts";

const CURE =
  "check the task role (ECS) or the pod identity association (EKS), and AWS_CONTAINER_CREDENTIALS_…";

/** Credentials of a container's role from its agent; throws `identity_unavailable`. */
export async function containerCredentials(
  { url, token, tokenFile }: Extract<AwsIdentity, { kind: "container" }>,
  http: HttpOptions,
): Promise<Expiring<AwsCredentials>> {
  const authorization = tokenFile === undefined
    ? token
    : (await watchedFile(tokenFile)().catch((cause: unknown) => {
      throw identityFailure(`${tokenFile} cannot be read`, CURE, cause);
    })).trim();
  const headers: Record<string, string> = {
    accept: "application/json",
    ...(authorization === undefined ? {} : { authorization }),
  };
  const answer = await callService(
    { prepare: () => Promise.resolve({ url, init: { headers } }) },
    http,
  ).catch((cause: unknown) => {
    throw identityFailure("the container's credentials endpoint cannot be reached", CURE, cause);
  });
  const credentials = roleCredentials(answer);
  if (credentials !== undefined) return credentials;
  throw identityFailure(`the container's credentials endpoint answered ${answer.status}`, CURE);
}

/** The hosts to which plain HTTP may carry credentials: this machine, and the agents of ECS and EKS. */
const AGENTS: ReadonlySet<string> = new Set([
  "localhost",
  "127.0.0.1",
  "[::1]",
  "169.254.170.2",
  "169.254.170.23",
  "[fd00:ec2::23]",
]);

/** Whether a full URI may be asked for credentials: over https, or an address that cannot be somewhere else. */
export function isContainerEndpoint(url: URL): boolean {
  return url.protocol === "https:" || (url.protocol === "http:" && AGENTS.has(url.hostname));
}
