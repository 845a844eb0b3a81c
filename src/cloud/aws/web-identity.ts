/** STS AssumeRoleWithWebIdentity: a token that a cluster mounts, for the temporary credentials of a role. */

import type { HttpOptions } from "../../blob/retrying-fetch.ts";
import { xmlLeaves } from "../../blob/xml.ts";
import type { Expiring } from "../credential.ts";
import { identityFailure } from "../failure.ts";
import { callService, type ServiceAnswer } from "../service-call.ts";
import { watchedFile } from "../watched-file.ts";
import type { AwsIdentity } from "./identity.ts";
import type { AwsCredentials } from "./sign.ts";

const CURE = "check AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE and the role's trust policy";
const RESULT = "AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult/Credentials/";

/** Credentials of the role; throws `identity_unavailable`. The token is read anew: clusters replace it. */
export async function webIdentityCredentials(
  identity: Extract<AwsIdentity, { kind: "web-identity" }>,
  http: HttpOptions,
): Promise<Expiring<AwsCredentials>> {
  const { tokenFile, roleArn, sessionName, stsEndpoint } = identity;
  const token = await watchedFile(tokenFile)().catch((cause: unknown) => {
    throw identityFailure(`${tokenFile} cannot be read`, CURE, cause);
  });
  const body = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: roleArn,
    RoleSessionName: sessionName,
    WebIdentityToken: token.trim(),
  }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const answer = await callService({
    prepare: () => Promise.resolve({ url: stsEndpoint, init: { method: "POST", headers, body } }),
  }, http).catch((cause: unknown) => {
    throw identityFailure("AWS STS cannot be reached", "check AWS_REGION and the network", cause);
  });
  const credentials = answer.status === 200 ? read(answer) : undefined;
  if (credentials === undefined) throw identityFailure(`AWS STS answered ${said(answer)}`, CURE);
  return credentials;
}

function read({ text }: ServiceAnswer): Expiring<AwsCredentials> | undefined {
  const values = leaves(text);
  const accessKeyId = values.get(`${RESULT}AccessKeyId`);
  const secretAccessKey = values.get(`${RESULT}SecretAccessKey`);
  const sessionToken = values.get(`${RESULT}SessionToken`);
  const expiresAtMs = Date.parse(values.get(`${RESULT}Expiration`) ?? "");
  if (!accessKeyId || !secretAccessKey || !sessionToken || Number.isNaN(expiresAtMs)) {
    return undefined;
  }
  return { value: { accessKeyId, secretAccessKey, sessionToken }, expiresAtMs };
}

/** The status, and the error code such as `InvalidIdentityToken`. */
function said({ status, text }: ServiceAnswer): string {
  const code = leaves(text).get("ErrorResponse/Error/Code") ?? "";
  return /^[A-Za-z0-9.]{1,64}$/.test(code) ? `${status} ${code}` : String(status);
}

function leaves(text: string): ReadonlyMap<string, string> {
  try {
    return new Map([...xmlLeaves(text)].map((leaf) => [leaf.path, leaf.text.trim()]));
  } catch {
    return new Map();
  }
}
