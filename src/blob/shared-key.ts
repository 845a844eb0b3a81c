/**
 * Azure's Shared Key authorization for Blob storage, service version 2015-02-21 and later.
 * Source: Microsoft, "Authorize with Shared Key".
 */

/** The parts of a request that are signed; header names are lower-case. */
export type SharedKeyRequest = {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyBytes: number;
};

/** The headers that have a line of their own after Content-Length, in this order. */
const STANDARD = [
  "content-md5",
  "content-type",
  "date",
  "if-modified-since",
  "if-match",
  "if-none-match",
  "if-unmodified-since",
  "range",
];

const byName = ([a]: [string, string], [b]: [string, string]): number => (a < b ? -1 : 1);

/** The Authorization header for an account and its key (base64). */
export async function signSharedKey(
  request: SharedKeyRequest,
  account: string,
  key: string,
  subtle: SubtleCrypto,
): Promise<string> {
  const { method, url, headers, bodyBytes } = request;
  const lines = [
    method,
    headers["content-encoding"] ?? "",
    headers["content-language"] ?? "",
    bodyBytes === 0 ? "" : String(bodyBytes),
    ...STANDARD.map((name) => headers[name] ?? ""),
    ...Object.entries(headers)
      .filter(([name]) => name.startsWith("x-ms-"))
      .sort(byName)
      .map(([name, value]) => `${name}:${value}`),
    `/${account}${url.pathname}`,
    ...[...url.searchParams].sort(byName).map(([name, value]) => `${name}:${value}`),
  ];
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const secret = new Uint8Array(Buffer.from(key, "base64"));
  const imported = await subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  const signature = await subtle.sign("HMAC", imported, new TextEncoder().encode(lines.join("\n")));
  return `SharedKey ${account}:${Buffer.from(signature).toString("base64")}`;
}
