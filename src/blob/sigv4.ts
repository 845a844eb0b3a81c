/**
 * AWS Signature Version 4 in the Authorization header, as S3 wants it (the path is encoded once).
 * Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header".
 */

import { toHex } from "./hex.ts";

/** An access key of S3, or of what speaks like it (HMAC keys of Google Cloud Storage). */
export type S3Credentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string;
};

/** What is signed. All `headers` are signed; names are lower-case; `host` is taken from the URL. */
export type SigV4Request = {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body in lower-case hex. */
  readonly bodySha256: string;
};

/** Who signs, when (milliseconds since 1970), and for which region. */
export type SigV4Context = {
  readonly credentials: S3Credentials;
  readonly region: string;
  readonly nowMs: number;
  readonly subtle: SubtleCrypto;
};

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** The headers to send: those given, `x-amz-date`, `x-amz-content-sha256`, `authorization`, and the session token. */
export async function signV4(
  request: SigV4Request,
  { credentials, region, nowMs, subtle }: SigV4Context,
): Promise<Record<string, string>> {
  const timestamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const date = timestamp.slice(0, 8);
  const scope = `${date}/${region}/s3/aws4_request`;
  const headers: Record<string, string> = {
    ...request.headers,
    "x-amz-content-sha256": request.bodySha256,
    "x-amz-date": timestamp,
    ...(credentials.sessionToken === undefined
      ? {}
      : { "x-amz-security-token": credentials.sessionToken }),
  };
  const signed = Object.entries({ ...headers, host: request.url.host }).sort(byName);
  const names = signed.map(([name]) => name).join(";");
  const canonical = [
    request.method,
    request.url.pathname.split("/").map((part) => encode(decodeURIComponent(part))).join("/"),
    canonicalQuery(request.url.searchParams),
    ...signed.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, " ")}`),
    "",
    names,
    request.bodySha256,
  ].join("\n");
  const hash = toHex(await subtle.digest("SHA-256", utf8(canonical)));

  let key = utf8(`AWS4${credentials.secretAccessKey}`);
  for (const part of [date, region, "s3", "aws4_request"]) key = await hmac(subtle, key, part);
  const signature = toHex(
    await hmac(subtle, key, `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${hash}`),
  );
  headers["authorization"] = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope},` +
    `SignedHeaders=${names},Signature=${signature}`;
  return headers;
}

function byName([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Percent-encodes all but the unreserved characters of RFC 3986. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function canonicalQuery(parameters: URLSearchParams): string {
  return [...parameters]
    .map(([name, value]): [string, string] => [encode(name), encode(value)])
    .sort((a, b) => byName(a, b) || byName([a[1], ""], [b[1], ""]))
    .map((pair) => pair.join("="))
    .join("&");
}

async function hmac(
  subtle: SubtleCrypto,
  key: Uint8Array<ArrayBuffer>,
  text: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return new Uint8Array(await subtle.sign("HMAC", imported, utf8(text)));
}
