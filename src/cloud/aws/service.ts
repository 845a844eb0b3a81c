/** Calls of AWS services that take and give JSON (KMS, Secrets Manager). */

import type { HttpOptions } from "../../blob/retrying-fetch.ts";
import type { Credential } from "../credential.ts";
import { callService, jsonOf, type ServiceAnswer } from "../service-call.ts";
import { type AwsCredentials, signAws } from "./sign.ts";

/** An action of a service. */
export type AwsAction = {
  readonly service: "kms" | "secretsmanager";
  readonly region: string;
  readonly endpoint: URL;
  /** `TrentService.Sign` and so on. */
  readonly target: string;
  readonly input: Readonly<Record<string, unknown>>;
};

/** Calls an action; rejects when there is no answer, or no credentials (`identity_unavailable`). */
export type AwsCall = (action: AwsAction) => Promise<ServiceAnswer>;

/** Signed with `credential`, which is renewed once when the service says that it has expired. */
export function awsCaller(credential: Credential<AwsCredentials>, http: HttpOptions): AwsCall {
  return async ({ service, region, endpoint, target, input }) => {
    let used: AwsCredentials | undefined;
    return await callService({
      prepare: async () => {
        const credentials = used = await credential.get();
        return await signAws({
          method: "POST",
          url: endpoint,
          headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": target },
          body: JSON.stringify(input),
        }, { credentials, service, region, nowMs: http.now() });
      },
      isThrottled: (answer) => THROTTLED.has(awsErrorCode(answer)),
      renewed: (answer) =>
        EXPIRED.has(awsErrorCode(answer)) && used !== undefined && credential.refused(used),
    }, http);
  };
}

const THROTTLED: ReadonlySet<string> = new Set([
  "ThrottlingException",
  "Throttling",
  "RequestLimitExceeded",
  "LimitExceededException",
  "KMSInternalException",
  "DependencyTimeoutException",
  "KeyUnavailableException",
]);

const EXPIRED: ReadonlySet<string> = new Set([
  "ExpiredTokenException",
  "ExpiredToken",
  "UnrecognizedClientException",
  "InvalidClientTokenId",
]);

/** The error code of an answer, such as `AccessDeniedException`; empty when it has none. */
export function awsErrorCode(answer: ServiceAnswer): string {
  if (answer.status < 400) return "";
  const body = jsonOf(answer);
  const type = typeof body === "object" && body !== null && "__type" in body ? body.__type : "";
  const code = typeof type === "string" ? type.slice(type.indexOf("#") + 1) : "";
  return /^[A-Za-z0-9.]{1,64}$/.test(code) ? code : "";
}
