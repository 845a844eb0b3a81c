import type { Credential } from "../credential.ts";
import { identityFailure } from "../failure.ts";
import { watchedFile } from "../watched-file.ts";
import type { AwsCredentials } from "./sign.ts";

/** A profile of a shared credentials file. A failure names the file, never its content. */
export function fileCredentials(path: string, profile: string): Credential<AwsCredentials> {
  const read = watchedFile(path);
  return {
    get: async () => {
      const text = await read().catch((cause: unknown) => {
        throw unusable(path, profile, cause);
      });
      const found = parseCredentialsFile(text, profile);
      if (found === undefined) throw unusable(path, profile);
      return found;
    },
    refused: () => false,
  };
}

const unusable = (path: string, profile: string, cause?: unknown): Error =>
  identityFailure(
    `no AWS credentials for profile ${profile} can be read from ${path}`,
    "check AWS_SHARED_CREDENTIALS_FILE and AWS_PROFILE, and who may read the file",
    cause,
  );

/** A profile of an AWS shared credentials file (`[default]`, `aws_access_key_id = …`); undefined when incomplete. */
export function parseCredentialsFile(text: string, profile: string): AwsCredentials | undefined {
  const values = new Map<string, string>();
  let section = "";
  for (const line of text.split("\n").map((line) => line.trim())) {
    const equals = line.indexOf("=");
    if (line.startsWith("[") && line.endsWith("]")) section = line.slice(1, -1).trim();
    else if (section === profile && equals > 0) {
      values.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim());
    }
  }
  const accessKeyId = values.get("aws_access_key_id");
  const secretAccessKey = values.get("aws_secret_access_key");
  const sessionToken = values.get("aws_session_token");
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}
