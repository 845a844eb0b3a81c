import { Buffer } from "node:buffer";
import * as z from "zod";
import { awsEndpoint } from "../cloud/aws/region.ts";
import { type AwsCall, awsErrorCode } from "../cloud/aws/service.ts";
import { jsonOf } from "../cloud/service-call.ts";
import { reach, refusal, unavailable } from "./failure.ts";
import type { SecretManager } from "./secret-manager.ts";

const TITLE = "AWS Secrets Manager";
const NAME = /^([\w/+=.:-]{1,600})(?:@([\w-]{1,64}))?(?:#(\w{1,256}))?$/;
const answered = z.object({
  SecretString: z.string().optional(),
  SecretBinary: z.string().optional(),
});

/** AWS_SECRETS_MANAGER: `NAME-OR-ARN`, with `@VERSION-ID` or `#VERSION-STAGE` for another version than the current. */
export function awsSecrets(
  options: { readonly call: AwsCall; readonly region: string; readonly endpoint?: URL },
): SecretManager {
  const { call, region } = options;
  return {
    read: async (name) => {
      const [, id, version, stage] = NAME.exec(name) ?? [];
      if (id === undefined) throw unavailable(name, "must be a name or an ARN");
      const answer = await reach(TITLE, name, "AWS_REGION", () =>
        call({
          service: "secretsmanager",
          region,
          endpoint: options.endpoint ?? awsEndpoint("secretsmanager", region),
          target: "secretsmanager.GetSecretValue",
          input: {
            SecretId: id,
            ...(version === undefined ? {} : { VersionId: version }),
            ...(stage === undefined ? {} : { VersionStage: stage }),
          },
        }));
      if (answer.status !== 200) {
        const missing = awsErrorCode(answer) === "ResourceNotFoundException";
        throw refusal(TITLE, name, answer, missing);
      }
      const { SecretString, SecretBinary } = answered.safeParse(jsonOf(answer)).data ?? {};
      const binary = SecretBinary === undefined
        ? undefined
        : Buffer.from(SecretBinary, "base64").toString("utf8");
      const text = SecretString ?? binary;
      if (text === undefined) throw unavailable(name, "is empty");
      return text;
    },
  };
}
