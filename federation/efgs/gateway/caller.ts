import { createHash } from "node:crypto";
import { decodeBase64, encodeHex } from "../../../src/bytes/base64.ts";
import { isValidAt } from "../../../src/keys/certificate.ts";
import type { Connection } from "../../../src/runtime/runtime.ts";
import { isRevoked, type RegisteredCertificate, type Registry } from "./registry.ts";

/** Which proxies end TLS for us, and in which headers they say who called. */
export type TrustedProxies = {
  /** IP addresses. Empty: headers are not looked at. */
  readonly addresses: readonly string[];
  /** SHA-256 of the certificate: base64 or hex. */
  readonly certificateHeader: string;
  /** The subject's distinguished name. */
  readonly subjectHeader: string;
};

/** Who calls, or the status and text to answer. */
export type CallerOutcome =
  | { readonly ok: true; readonly caller: RegisteredCertificate }
  | { readonly ok: false; readonly status: 400 | 403; readonly detail: string };

/**
 * Who calls: by the certificate of the TLS connection, or by the headers of a proxy that is trusted. The certificate
 * must be registered for authentication, valid, and not revoked; subject and registration must name one country.
 */
export function callerOf(
  request: Request,
  connection: Connection,
  registry: Registry,
  proxies: TrustedProxies,
  nowSeconds: number,
): CallerOutcome {
  const proxied = connection.remoteAddress !== undefined &&
    proxies.addresses.includes(connection.remoteAddress);
  const shown = proxied ? shownByProxy(request, proxies) : shownInTls(connection);
  if (!shown.ok) return shown;
  const caller = registry.get(shown.thumbprint);
  if (caller === undefined || caller.type !== "AUTHENTICATION") {
    return refused("the certificate is not registered for authentication");
  }
  if (shown.country !== undefined && shown.country !== caller.country) {
    return refused("the certificate is registered for another country than its subject says");
  }
  if (isRevoked(caller, nowSeconds)) return refused("the certificate is revoked");
  if (!isValidAt(caller.certificate, nowSeconds)) {
    return refused("the certificate is not valid at this time");
  }
  return { ok: true, caller };
}

type Shown =
  | { readonly ok: true; readonly thumbprint: string; readonly country?: string }
  | Extract<CallerOutcome, { ok: false }>;

const refused = (detail: string) => ({ ok: false, status: 403, detail }) as const;

function shownInTls({ clientCertificate }: Connection): Shown {
  if (clientCertificate === undefined) return refused("the connection shows no client certificate");
  const thumbprint = encodeHex(createHash("sha256").update(clientCertificate).digest());
  return { ok: true, thumbprint };
}

const MAX_HEADER_CHARACTERS = 2000;

function shownByProxy({ headers }: Request, proxies: TrustedProxies): Shown {
  const [certificate, subject] = [proxies.certificateHeader, proxies.subjectHeader]
    .map((name) => decoded(headers.get(name) ?? ""));
  const thumbprint = thumbprintOf(certificate ?? "");
  if (thumbprint === undefined || subject === undefined || subject === "") {
    return refused("the proxy names no client certificate");
  }
  const countries = countriesOf(subject);
  const [country, second] = countries;
  if (country === undefined) {
    return { ok: false, status: 400, detail: "the certificate's subject must have a C" };
  }
  if (second !== undefined) return refused("the certificate's subject must have only one C");
  return { ok: true, thumbprint, country };
}

/** URL-encoded or not; undefined for what cannot be decoded. A plus is a digit of base64. */
function decoded(text: string): string | undefined {
  if (text.length > MAX_HEADER_CHARACTERS) return undefined;
  try {
    return decodeURIComponent(text).trim();
  } catch {
    return undefined;
  }
}

const SHA256_BYTES = 32;

/** 64 lower-case hex digits; leading zeros stay. */
function thumbprintOf(text: string): string | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  const bytes = decodeBase64(text);
  return bytes?.length === SHA256_BYTES ? encodeHex(bytes) : undefined;
}

/** Every C of a subject such as `CN=a,C=DE`. Parts with another `=` are not looked at. */
function countriesOf(subject: string): readonly string[] {
  return subject.split(",").flatMap((part) => {
    const [name = "", value, more] = part.split("=").map((text) => text.trim());
    return name.toUpperCase() === "C" && value !== undefined && more === undefined
      ? [value.toUpperCase()]
      : [];
  });
}
