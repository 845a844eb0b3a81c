import type { ErrorCode } from "../../src/errors.ts";

type Status = {
  /** Name on the wire of Connect. */
  readonly name: string;
  /** HTTP status of Connect. */
  readonly http: number;
  /** What we call it when a peer answers it. */
  readonly code: ErrorCode;
};

const status = (name: string, http: number, code: ErrorCode): Status => ({ name, http, code });

/** The status numbers of gRPC (grpc/doc/statuscodes.md) and how Connect writes them (connectrpc.com/docs/protocol). */
const STATUSES: Readonly<Record<number, Status>> = {
  1: status("canceled", 499, "canceled"),
  2: status("unknown", 500, "fetch_failed"),
  3: status("invalid_argument", 400, "invalid_argument"),
  4: status("deadline_exceeded", 504, "deadline_exceeded"),
  5: status("not_found", 404, "not_found"),
  6: status("already_exists", 409, "invalid_argument"),
  7: status("permission_denied", 403, "permission_denied"),
  8: status("resource_exhausted", 429, "resource_exhausted"),
  9: status("failed_precondition", 400, "invalid_argument"),
  10: status("aborted", 409, "unavailable"),
  11: status("out_of_range", 400, "invalid_argument"),
  12: status("unimplemented", 501, "unimplemented"),
  13: status("internal", 500, "fetch_failed"),
  14: status("unavailable", 503, "unavailable"),
  15: status("data_loss", 500, "fetch_failed"),
  16: status("unauthenticated", 401, "unauthenticated"),
};

const UNKNOWN = 2;
const UNKNOWN_STATUS: Status = status("unknown", 500, "fetch_failed");

const BY_NAME: ReadonlyMap<string, number> = new Map(
  Object.entries(STATUSES).map(([number, { name }]) => [name, Number(number)]),
);

const BY_HTTP: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};

/** Name, HTTP status and our code of a gRPC status number; an unheard-of number counts as unknown. */
export function statusOf(grpc: number): Status {
  return STATUSES[grpc] ?? UNKNOWN_STATUS;
}

/** The number of a name on the wire of Connect, if there is such a name. */
export function statusOfName(name: string): number | undefined {
  return BY_NAME.get(name);
}

/** What an HTTP status means when nothing better is said (grpc/doc/http-grpc-status-mapping.md). */
export function statusOfHttp(http: number): number {
  return BY_HTTP[http] ?? UNKNOWN;
}

/** `grpc-message`: percent-encoded UTF-8, where only 0x20–0x7e but `%` stand for themselves. */
export function encodeGrpcMessage(text: string): string {
  let encoded = "";
  for (const byte of new TextEncoder().encode(text)) {
    encoded += byte >= 0x20 && byte <= 0x7e && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/** The text of a `grpc-message`; what is wrongly encoded stays as it is. */
export function decodeGrpcMessage(encoded: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < encoded.length; at++) {
    const hex = encoded.slice(at + 1, at + 3);
    if (encoded[at] === "%" && /^[0-9a-fA-F]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      at += 2;
    } else {
      bytes.push(encoded.charCodeAt(at) & 0xff);
    }
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}
