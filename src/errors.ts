/**
 * The one table of error codes. A code is stable: apps, peers and operators match on it. Everything that
 * differs by surface (HTTP status, gRPC status, exit status, the text when there is no better one) is a column.
 */

/** What a code means on each surface. */
export type ErrorRow = {
  /** HTTP status. */
  readonly http: number;
  /** gRPC status number. */
  readonly grpc: number;
  /** Exit status of the command line: 1 failed, 2 used wrongly. */
  readonly exit: 1 | 2;
  /** Whether the same request may succeed later without a change. */
  readonly retryable: boolean;
  /** What the outside is told when the error carries no public text of its own. */
  readonly text: string;
};

const row = (
  http: number,
  grpc: number,
  exit: 1 | 2,
  text: string,
  retryable = false,
): ErrorRow => ({ http, grpc, exit, retryable, text });

/** A stable error code; see {@link ERRORS}. */
export type ErrorCode =
  | "bad_request"
  | "unsupported_media_type"
  | "body_too_large"
  | "request_timeout"
  | "unknown_health_authority_id"
  | "unable_to_load_health_authority"
  | "health_authority_missing_region_config"
  | "health_authority_verification_certificate_invalid"
  | "device_attestation_invalid"
  | "device_attestation_unavailable"
  | "missing_revision_token"
  | "invalid_revision_token"
  | "key_already_revised"
  | "invalid_report_type_transition"
  | "maintenance"
  | "overloaded"
  | "unauthorized"
  | "not_found"
  | "method_not_allowed"
  | "invalid_resource"
  | "version_conflict"
  | "key_unavailable"
  | "key_not_found"
  | "identity_unavailable"
  | "secret_unavailable"
  | "blob_unavailable"
  | "database_unavailable"
  | "clocks_apart"
  | "data_directory_unusable"
  | "malformed_file"
  | "signature_invalid"
  | "fetch_refused"
  | "fetch_failed"
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
  | "limit_exceeded"
  | "permission_denied"
  | "unauthenticated"
  | "invalid_argument"
  | "resource_exhausted"
  | "deadline_exceeded"
  | "canceled"
  | "unimplemented"
  | "unavailable"
  | "job_incomplete"
  | "usage"
  | "invalid_configuration"
  | "internal";

/** Code to HTTP, gRPC and exit status. */
export const ERRORS: Readonly<Record<ErrorCode, ErrorRow>> = {
  // publish.md
  bad_request: row(400, 3, 2, "bad request"),
  unsupported_media_type: row(415, 3, 2, "content type must be application/json"),
  body_too_large: row(413, 8, 2, "body too large"),
  request_timeout: row(408, 4, 1, "the request came too slowly", true),
  unknown_health_authority_id: row(401, 16, 2, "unknown health authority ID"),
  unable_to_load_health_authority: row(
    500,
    13,
    1,
    "unable to load the health authority",
    true,
  ),
  health_authority_missing_region_config: row(
    500,
    13,
    1,
    "the health authority has no region: set its regions, or DEFAULT_REGION",
  ),
  health_authority_verification_certificate_invalid: row(
    401,
    16,
    2,
    "verification certificate invalid",
  ),
  // attestation.md
  device_attestation_invalid: row(401, 16, 2, "device attestation invalid"),
  device_attestation_unavailable: row(
    503,
    14,
    1,
    "the device attestation cannot be checked now, try again",
    true,
  ),
  missing_revision_token: row(400, 9, 2, "missing revision token"),
  invalid_revision_token: row(400, 9, 2, "invalid revision token"),
  key_already_revised: row(400, 9, 2, "key already revised"),
  invalid_report_type_transition: row(400, 9, 2, "invalid report type transition"),
  maintenance: row(429, 14, 1, "down for maintenance, try again later", true),
  overloaded: row(503, 14, 1, "too many requests in flight, try again", true),
  unauthorized: row(401, 16, 2, "unauthorized"),
  // resources and admin
  not_found: row(404, 5, 1, "not found"),
  method_not_allowed: row(405, 12, 2, "this address does not take the method"),
  invalid_resource: row(422, 3, 2, "the resource breaks a rule"),
  version_conflict: row(412, 10, 1, "the resource was changed meanwhile: read it again"),
  // keys, storage, database
  key_unavailable: row(503, 14, 1, "a key cannot be reached", true),
  key_not_found: row(404, 5, 1, "no such key"),
  identity_unavailable: row(503, 14, 1, "the cloud gives this server no credentials", true),
  secret_unavailable: row(503, 14, 1, "a secret cannot be read", true),
  blob_unavailable: row(503, 14, 1, "blob storage cannot be reached", true),
  database_unavailable: row(503, 14, 1, "the database cannot be reached", true),
  clocks_apart: row(503, 14, 1, "the server's clocks disagree, try again later", true),
  data_directory_unusable: row(500, 13, 1, "the data directory cannot be used"),
  // files from outside
  malformed_file: row(400, 3, 1, "not a valid export file"),
  signature_invalid: row(400, 3, 1, "no signature verifies"),
  fetch_refused: row(400, 9, 1, "the address must not be fetched"),
  fetch_failed: row(502, 14, 1, "the other server could not be read", true),
  // why another server could not be read; the texts with host and cure are in src/http/call-failure.ts
  host_not_found: row(502, 14, 1, "the other server's name was not found", true),
  connection_refused: row(502, 14, 1, "the other server refused the connection", true),
  connection_failed: row(502, 14, 1, "the connection to the other server failed", true),
  certificate_expired: row(502, 14, 1, "the other server's certificate has expired", true),
  certificate_not_yet_valid: row(
    502,
    14,
    1,
    "the other server's certificate is not valid yet",
    true,
  ),
  certificate_wrong_host: row(
    502,
    14,
    1,
    "the other server's certificate is for another name",
    true,
  ),
  certificate_untrusted: row(
    502,
    14,
    1,
    "the other server's certificate is of an unknown authority",
    true,
  ),
  client_certificate_missing: row(
    502,
    14,
    1,
    "the other server asks for a client certificate",
    true,
  ),
  client_certificate_refused: row(
    502,
    14,
    1,
    "the other server refuses our client certificate",
    true,
  ),
  tls_failed: row(502, 14, 1, "no TLS connection to the other server came about", true),
  wrong_protocol: row(502, 14, 1, "what answers there is no server of the kind asked for", true),
  limit_exceeded: row(413, 8, 1, "a limit was exceeded"),
  // federation
  permission_denied: row(403, 7, 2, "permission denied"),
  unauthenticated: row(401, 16, 2, "unauthenticated"),
  invalid_argument: row(400, 3, 2, "invalid argument"),
  resource_exhausted: row(429, 8, 1, "resource exhausted", true),
  deadline_exceeded: row(504, 4, 1, "deadline exceeded", true),
  canceled: row(499, 1, 1, "canceled", true),
  unimplemented: row(501, 12, 2, "unimplemented"),
  unavailable: row(503, 14, 1, "unavailable, try again", true),
  // everything else
  job_incomplete: row(500, 13, 1, "some of the work could not be done", true),
  usage: row(400, 3, 2, "used wrongly"),
  invalid_configuration: row(500, 9, 2, "the configuration is invalid"),
  internal: row(500, 13, 1, "internal error"),
};

/** Codes that deployed apps know by another name: they know the reference server's list, and no other. */
const PUBLISH_CODES: Readonly<Partial<Record<ErrorCode, string>>> = {
  unsupported_media_type: "bad_request",
  body_too_large: "bad_request",
  request_timeout: "bad_request",
  internal: "internal_error",
};

/** The code by which the publish API tells apps of a refusal. */
export function publishCode(code: ErrorCode): string {
  return PUBLISH_CODES[code] ?? code;
}

/**
 * A failure with a stable code. `message` is public: it names the setting or field and the cure, and never
 * holds a TEK, token, certificate, key, address or user agent. `cause` is for the log alone.
 */
export class AppError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message?: string, options?: { cause?: unknown }) {
    super(message ?? ERRORS[code].text, options);
    this.name = "AppError";
    this.code = code;
  }
}

/** An expected refusal, returned rather than thrown. `message` is public. */
export type Refusal = { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** What may be refused: the value, or why not. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | Refusal;

/** The value of an outcome. */
export function accept<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** A refusal with a code and a public text (default: the code's own). */
export function refuse(code: ErrorCode, message: string = ERRORS[code].text): Refusal {
  return { ok: false, code, message };
}

/** Turns anything thrown into an AppError: unknown ones become `internal`, their text kept as the cause only. */
export function asAppError(error: unknown): AppError {
  return error instanceof AppError ? error : new AppError("internal", undefined, { cause: error });
}
