import { AwsV4Signer } from "aws4fetch";
import type { Prepared } from "../../blob/retrying-fetch.ts";

/** An access key, as AWS and what speaks like it give them (HMAC keys of Google Cloud Storage too). */
export type AwsCredentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string;
};

/** What is signed: the whole request, with every header given. Names are lower-case; `host` comes from the URL. */
export type AwsRequest = {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | string;
};

/** Who signs, when (milliseconds since the epoch), and for which service. */
export type AwsContext = {
  readonly credentials: AwsCredentials;
  /** `s3`, `kms` and so on, as in the scope of a signature. */
  readonly service: string;
  readonly region: string;
  readonly nowMs: number;
};

/** SHA-256 of nothing, in hex. */
const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** The request with AWS Signature Version 4 in its Authorization header. */
export async function signAws(request: AwsRequest, context: AwsContext): Promise<Prepared> {
  const { method, url, body } = request;
  const { credentials, service, region, nowMs } = context;
  const headers: Record<string, string> = { ...request.headers };
  if (service === "s3") headers["x-amz-content-sha256"] = await sha256Hex(body);
  const signer = new AwsV4Signer({
    method,
    url: url.href,
    headers,
    ...(body === undefined ? {} : { body }),
    ...credentials,
    service,
    region,
    datetime: new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, ""),
    allHeaders: true,
  });
  const signed = await signer.sign();
  return { url, init: { method, headers: signed.headers, body: body ?? null } };
}

async function sha256Hex(body: AwsRequest["body"]): Promise<string> {
  if (body === undefined || body.length === 0) return EMPTY_SHA256;
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return Buffer.from(digest).toString("hex");
}
