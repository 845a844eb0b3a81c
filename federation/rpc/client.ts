import { startDeadline, untilAborted } from "../../src/bounds/deadline.ts";
import { type Outcome, type Refusal, refuse } from "../../src/errors.ts";
import {
  asCallError,
  type CallAttempt,
  lateFailure,
  strangerFailure,
} from "../../src/http/call-failure.ts";
import { statusOf, statusOfHttp } from "./status.ts";

/** A refusal that came from a peer, or from the way to it. */
export type RpcRefusal = Refusal & {
  /** How long the peer asks us to wait, in milliseconds. */
  readonly retryAfterMs?: number;
};

export type RpcOutcome = { readonly ok: true; readonly value: Uint8Array } | RpcRefusal;

export type RpcCallOptions = {
  /** The whole value of the `authorization` header. */
  readonly authorization?: string;
  readonly signal?: AbortSignal;
};

/**
 * Calls a unary method of one peer: `path` as `/Federation/Fetch`, the message encoded. Never rejects. Bounded in
 * size and time; no redirects; what a peer says of an error is cut to 1 KiB.
 */
export type RpcClient = (
  path: string,
  message: Uint8Array,
  options?: RpcCallOptions,
) => Promise<RpcOutcome>;

/** What all clients are bounded by. */
export type RpcClientLimits = {
  /** Largest answer, packed and unpacked. Default 4 MiB. */
  readonly maxBytes?: number;
  /** Longest time a call may take. Default 20 s. */
  readonly timeoutMs?: number;
};

export const DEFAULT_CLIENT_LIMITS: Required<RpcClientLimits> = {
  maxBytes: 4 * 1024 * 1024,
  timeoutMs: 20_000,
};

const MAX_DETAIL_BYTES = 1024;

/** Runs one call under its time limit and turns whatever is thrown into a refusal. */
export async function boundedCall(
  { timeoutMs, canceled, ...attempt }: CallAttempt & {
    readonly timeoutMs: number;
    readonly canceled: AbortSignal | undefined;
  },
  call: (signal: AbortSignal) => Promise<RpcOutcome>,
): Promise<RpcOutcome> {
  const deadline = startDeadline(timeoutMs, { canceledBy: [canceled] });
  try {
    return await untilAborted(deadline.signal, () => call(deadline.signal));
  } catch (error) {
    if (canceled?.aborted === true) return refuse("canceled");
    if (deadline.signal.aborted) return lateFailure(attempt.host, timeoutMs);
    const { code, message } = asCallError(error, attempt);
    return refuse(code, message);
  } finally {
    deadline.end();
  }
}

/** HTTP statuses of proxies and of servers that are busy or ask for a token; whatever else is no peer's answer. */
const STATUSES_ON_THE_WAY: ReadonlySet<number> = new Set([
  401,
  403,
  407,
  408,
  413,
  429,
  500,
  502,
  503,
  504,
]);

/** The refusal for an answer that is none of the protocol's own. */
export function httpRefusal(status: number, host: string, headers: Headers): RpcRefusal {
  if (STATUSES_ON_THE_WAY.has(status)) {
    return peerRefusal(statusOfHttp(status), `HTTP status ${status}`, headers);
  }
  return strangerFailure(host, `answered HTTP ${status}`);
}

/** The refusal that a gRPC status of a peer amounts to. */
export function peerRefusal(grpc: number, detail: string, headers: Headers): RpcRefusal {
  const { name, code } = statusOf(grpc);
  const said = cutDetail(detail);
  const refusal = refuse(
    code,
    said === "" ? `the peer answered ${name}` : `the peer answered ${name}: ${said}`,
  );
  const retryAfterMs = retryAfterOf(headers);
  return retryAfterMs === undefined ? refusal : { ...refusal, retryAfterMs };
}

/** Refusals of our own bounds, in the words of a client. */
function answerRefusal(refusal: Refusal): RpcRefusal {
  if (refusal.code === "body_too_large") {
    return refuse("limit_exceeded", `the answer has ${refusal.message}`);
  }
  return refuse("fetch_failed", `the answer is broken: ${refusal.message}`);
}

/** An outcome, with a refusal put in the words of a client. */
export function fromAnswer(outcome: Outcome<Uint8Array>): RpcOutcome {
  return outcome.ok ? outcome : answerRefusal(outcome);
}

/** At most 1 KiB of printable text. */
function cutDetail(detail: string): string {
  const bytes = new TextEncoder().encode(detail.replaceAll(/\p{Cc}+/gu, " "));
  // A character that was cut in two is dropped.
  return new TextDecoder().decode(bytes.subarray(0, MAX_DETAIL_BYTES)).replace(/\uFFFD$/, "")
    .trim();
}

function retryAfterOf(headers: Headers): number | undefined {
  const value = headers.get("retry-after") ?? "";
  return /^\d{1,7}$/.test(value) ? Number(value) * 1_000 : undefined;
}
