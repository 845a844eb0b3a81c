/** Explains why a call to another server failed: one table for all outgoing calls. */

import { AppError, type ErrorCode, type Refusal, refuse } from "../errors.ts";

/** The circumstances of a failed call. */
export type CallAttempt = {
  /** With the port, as in a URL. */
  readonly host: string;
  /** Whether the call had a client certificate to present. */
  readonly showedCertificate?: boolean;
};

/** Why a call failed. */
export type CallFailureCode = Extract<
  ErrorCode,
  | "host_not_found"
  | "connection_refused"
  | "connection_failed"
  | "certificate_expired"
  | "certificate_not_yet_valid"
  | "certificate_wrong_host"
  | "certificate_untrusted"
  | "client_certificate_missing"
  | "client_certificate_refused"
  | "tls_failed"
  | "wrong_protocol"
>;

/** What happened and what to do about it. The text follows the host's name. */
const FAILURES: Readonly<Record<CallFailureCode, string>> = {
  host_not_found: "was not found: check the name, and that this machine's DNS knows it",
  connection_refused:
    "refused the connection: check the port, that the server is running, and that its firewall lets you in",
  connection_failed:
    "cannot be reached, or closed the connection before it answered: check the network, and ask its operator for the reason in its log",
  certificate_expired:
    "shows a certificate that has expired: its operator must renew it; if it has not, check this machine's clock",
  certificate_not_yet_valid:
    "shows a certificate that is not valid yet: check this machine's clock, else its operator must show another one",
  certificate_wrong_host:
    "shows a certificate for another name: check the URL, else its operator must get a certificate for this name",
  certificate_untrusted:
    "shows a certificate of an unknown authority: check the URL; for a private authority set NODE_EXTRA_CA_CERTS to the file with its certificate and restart; if the server leaves out intermediate certificates, its operator must add them",
  client_certificate_missing:
    "asks for a client certificate and got none: set TLS_CLIENT_CERT_FILE and TLS_CLIENT_KEY_FILE",
  client_certificate_refused:
    "refuses our client certificate: ask its operator whether it is known there, and check that it has not expired (TLS_CLIENT_CERT_FILE, or the certificate in the agreement)",
  tls_failed:
    "and this server could not agree on TLS: it must speak TLS 1.2 or later, and may ask for a client certificate (TLS_CLIENT_CERT_FILE)",
  wrong_protocol:
    "answers in another protocol: check scheme, port and path of the URL, and whether a proxy or another program answers there",
};

/** Some servers, such as those on Node, close the connection where others send an alert. */
const REFUSED_SILENTLY =
  "; it was shown our client certificate and may refuse it: ask its operator whether it is known there";

/** Codes of Node, also used by Deno's `node:` modules, and their meaning. */
const CODES: Readonly<Record<string, CallFailureCode>> = {
  ENOTFOUND: "host_not_found",
  EAI_AGAIN: "host_not_found",
  EAI_NONAME: "host_not_found",
  ECONNREFUSED: "connection_refused",
  ECONNRESET: "connection_failed",
  ECONNABORTED: "connection_failed",
  EPIPE: "connection_failed",
  EHOSTUNREACH: "connection_failed",
  EHOSTDOWN: "connection_failed",
  ENETUNREACH: "connection_failed",
  ENETDOWN: "connection_failed",
  EADDRNOTAVAIL: "connection_failed",
  ETIMEDOUT: "connection_failed",
  CERT_HAS_EXPIRED: "certificate_expired",
  CERT_NOT_YET_VALID: "certificate_not_yet_valid",
  ERR_TLS_CERT_ALTNAME_INVALID: "certificate_wrong_host",
  HOSTNAME_MISMATCH: "certificate_wrong_host",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "certificate_untrusted",
  UNABLE_TO_GET_ISSUER_CERT: "certificate_untrusted",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "certificate_untrusted",
  DEPTH_ZERO_SELF_SIGNED_CERT: "certificate_untrusted",
  SELF_SIGNED_CERT_IN_CHAIN: "certificate_untrusted",
  CERT_UNTRUSTED: "certificate_untrusted",
  CERT_REVOKED: "certificate_untrusted",
  CERT_SIGNATURE_FAILURE: "certificate_untrusted",
  INVALID_CA: "certificate_untrusted",
  INVALID_PURPOSE: "certificate_untrusted",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "client_certificate_missing",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "client_certificate_refused",
  ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE: "client_certificate_refused",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: "client_certificate_refused",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "client_certificate_refused",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: "client_certificate_refused",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "client_certificate_refused",
  ERR_SSL_TLSV1_ALERT_ACCESS_DENIED: "client_certificate_refused",
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: "wrong_protocol",
  ERR_SSL_WRONG_VERSION_NUMBER: "wrong_protocol",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "wrong_protocol",
  ERR_SSL_HTTP_REQUEST: "wrong_protocol",
};

/** Families of codes whose members mean the same. */
const FAMILIES: readonly (readonly [RegExp, CallFailureCode])[] = [
  [/^(HPE_|ERR_HTTP2_)/, "wrong_protocol"],
  [/^(ERR_SSL_|ERR_TLS_|EPROTO$)/, "tls_failed"],
];

/** TLS alerts by number (RFC 8446, section 6), which OpenSSL reports only in its text. */
const ALERTS: Readonly<Record<string, CallFailureCode>> = {
  42: "client_certificate_refused",
  43: "client_certificate_refused",
  44: "client_certificate_refused",
  45: "client_certificate_refused",
  46: "client_certificate_refused",
  48: "client_certificate_refused",
  49: "client_certificate_refused",
  116: "client_certificate_missing",
  120: "wrong_protocol",
};

/** The meaning of an OpenSSL text whose code is a general one. */
const WRONG_VERSION = /wrong version number|packet length too long|http request/;

const CAUSES_DEEP = 5;

/**
 * Converts a failed call to a refusal with its own code for each cause and a text with host and cure. An unknown cause
 * is `fetch_failed` with the system's code. Error texts of the runtimes hold addresses, so none of them is repeated.
 */
export function callFailure(error: unknown, { host, showedCertificate }: CallAttempt): Refusal {
  const causes = causesOf(error);
  // An HTTP/2 error says less than its cause.
  const code = firstOf(causes, exactCode) ?? firstOf(causes, familyCode);
  if (code === undefined) {
    const system = firstOf(causes, systemCode);
    return refuse(
      "fetch_failed",
      `${host} could not be reached${system === undefined ? "" : ` (${system})`}`,
    );
  }
  // A server that got no certificate cannot have refused it, so it requires one.
  const told = code === "client_certificate_refused" && showedCertificate === false
    ? "client_certificate_missing"
    : code;
  const hint = told === "connection_failed" && showedCertificate === true ? REFUSED_SILENTLY : "";
  return refuse(told, `${host} ${FAILURES[told]}${hint}`);
}

/** The same as an error to throw; returns an AppError more specific than `fetch_failed` unchanged. */
export function asCallError(error: unknown, attempt: CallAttempt): AppError {
  if (error instanceof AppError && (error.code !== "fetch_failed" || error.cause === undefined)) {
    return error;
  }
  const { code, message } = callFailure(error, attempt);
  return new AppError(code, message, { cause: error });
}

/** The refusal for a call without a response in time. */
export function lateFailure(host: string, timeoutMs: number): Refusal {
  return refuse(
    "deadline_exceeded",
    `${host} did not answer within ${timeoutMs} ms: check that the server is running, and that no firewall drops the connection`,
  );
}

/** The refusal for a response that no federation server sends. `answered` is such as `answered HTTP 404`. */
export function strangerFailure(host: string, answered: string): Refusal {
  return refuse(
    "wrong_protocol",
    `${host} ${answered}, which is not a federation server's response: check the URL, and whether a proxy or another program answers there`,
  );
}

/** Whether a code means that there was no response at all, so the next call to that server would fail too. */
export function isUnreachable(code: ErrorCode): boolean {
  return code === "fetch_failed" || code === "deadline_exceeded" || Object.hasOwn(FAILURES, code);
}

/** An error and its causes, including the errors of parallel attempts. */
function causesOf(error: unknown): readonly Error[] {
  const found: Error[] = [];
  const look = (one: unknown, depth: number): void => {
    if (!(one instanceof Error) || depth > CAUSES_DEEP) return;
    found.push(one);
    look(one.cause, depth + 1);
    if (one instanceof AggregateError) { for (const each of one.errors) look(each, depth + 1); }
  };
  look(error, 0);
  return found;
}

function firstOf<T>(
  causes: readonly Error[],
  look: (cause: Error) => T | undefined,
): T | undefined {
  for (const cause of causes) {
    const found = look(cause);
    if (found !== undefined) return found;
  }
  return undefined;
}

function exactCode(error: Error): CallFailureCode | undefined {
  const code = systemCode(error) ?? "";
  if (code !== "EPROTO") return CODES[code];
  const alert = /SSL alert number (\d{1,3})/.exec(error.message)?.[1] ?? "";
  return ALERTS[alert] ?? (WRONG_VERSION.test(error.message) ? "wrong_protocol" : undefined);
}

function familyCode(error: Error): CallFailureCode | undefined {
  const code = systemCode(error) ?? "";
  return FAMILIES.find(([family]) => family.test(code))?.[1];
}

/** The system's code, such as `ECONNREFUSED`. */
function systemCode(error: Error): string | undefined {
  return "code" in error && typeof error.code === "string" && /^[A-Z0-9_]{3,60}$/.test(error.code)
    ? error.code
    : undefined;
}
