import { createHash, createHmac } from "node:crypto";

/** A credential that a server of AWS knows. */
export type KnownKey = { readonly secret: string; readonly sessionToken?: string };

const sha256 = (text: string | Uint8Array): string =>
  createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Uint8Array, text: string): Buffer =>
  createHmac("sha256", key).update(text).digest();
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;
const SKEW_MS = 300_000;

/**
 * Whether a request carries a right signature, recomputed from the documentation ("Create a signed AWS API request");
 * else AWS's own error code. `body` is the whole body.
 */
export function checkSigV4(
  request: Request,
  body: string,
  keys: ReadonlyMap<string, KnownKey>,
  nowMs: number,
): { readonly ok: true; readonly region: string } | { readonly ok: false; readonly code: string } {
  const { headers } = request;
  const match = AUTHORIZATION.exec(headers.get("authorization") ?? "");
  if (match === null) return { ok: false, code: "MissingAuthenticationTokenException" };
  const [, id = "", date = "", region = "", service = "", names = "", signature = ""] = match;
  const known = keys.get(id);
  if (known === undefined) return { ok: false, code: "UnrecognizedClientException" };
  if (known.sessionToken !== (headers.get("x-amz-security-token") ?? undefined)) {
    return { ok: false, code: "UnrecognizedClientException" };
  }
  const timestamp = headers.get("x-amz-date") ?? "";
  const iso = timestamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z");
  if (!timestamp.startsWith(date) || !(Math.abs(Date.parse(iso) - nowMs) <= SKEW_MS)) {
    return { ok: false, code: "InvalidSignatureException" };
  }
  const { pathname, searchParams, host } = new URL(request.url);
  const query = [...searchParams].map(([name, value]) =>
    `${encodeURIComponent(name)}=${encodeURIComponent(value)}`
  ).sort().join("&");
  const canonical = [
    request.method,
    pathname,
    query,
    ...names.split(";").map((name) =>
      `${name}:${name === "host" ? host : headers.get(name)?.trim() ?? ""}`
    ),
    "",
    names,
    sha256(body),
  ].join("\n");
  const scope = `${date}/${region}/${service}/aws4_request`;
  let key: string | Uint8Array = `AWS4${known.secret}`;
  for (const part of [date, region, service, "aws4_request"]) key = hmac(key, part);
  const wanted = hmac(key, `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${sha256(canonical)}`)
    .toString("hex");
  if (wanted !== signature || !names.split(";").includes("x-amz-target")) {
    return { ok: false, code: "InvalidSignatureException" };
  }
  return { ok: true, region };
}
