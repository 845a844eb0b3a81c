/** Credentials of object stores: fixed ones, or from a file that is read again when it changes. */

import { readFile, stat } from "node:fs/promises";
import { AppError } from "../errors.ts";
import type { AzureCredentials } from "./azure.ts";
import type { S3Credentials } from "./sigv4.ts";

/** Where credentials come from. */
export type CredentialSource<T> = { readonly value: T } | { readonly file: string };

/** Largest file of credentials that is read. */
const MAX_FILE_BYTES = 65_536;

/**
 * The current credentials, to be asked for each request. A file is read again when its modification time or size
 * differs; one that cannot be read or parsed throws `blob_unavailable` with its path and never its content.
 */
export function credentialsFrom<T>(
  source: CredentialSource<T>,
  parse: (text: string) => T | undefined,
): () => Promise<T> {
  if ("value" in source) return () => Promise.resolve(source.value);
  const { file } = source;
  let known: { readonly version: string; readonly value: T } | undefined;
  return async () => {
    try {
      const { mtimeMs, ino, size } = await stat(file);
      const version = `${mtimeMs} ${ino} ${size}`;
      if (known?.version === version) return known.value;
      const value = size > MAX_FILE_BYTES ? undefined : parse(await readFile(file, "utf8"));
      if (value === undefined) throw new AppError("blob_unavailable", unusable(file));
      known = { version, value };
      return value;
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw new AppError("blob_unavailable", unusable(file), { cause: error });
    }
  };
}

const unusable = (file: string): string =>
  `no credentials for blob storage can be read from ${file}: check the file, and who may read it`;

/** A profile of an AWS shared credentials file (`[default]`, `aws_access_key_id = …`); undefined when incomplete. */
export function parseS3Credentials(text: string, profile: string): S3Credentials | undefined {
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

/** An account key in base64, or a shared access signature (it has a `sig=`); undefined when neither. */
export function parseAzureCredentials(text: string): AzureCredentials | undefined {
  const secret = text.trim();
  if (/^[!-~]+$/.test(secret) && secret.includes("sig=")) return { sasToken: secret };
  return /^[A-Za-z0-9+/]+={0,2}$/.test(secret) ? { accessKey: secret } : undefined;
}
