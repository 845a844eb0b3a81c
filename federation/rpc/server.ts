import { startDeadline, untilAborted } from "../../src/bounds/deadline.ts";
import { AppError, ERRORS, type Outcome, type Refusal, refuse } from "../../src/errors.ts";
import type { Connection, Handler } from "../../src/runtime/runtime.ts";
import type { Encoding } from "./encoding.ts";
import { encodingOf, MEDIA_TYPES, mediaTypeOf } from "./encodings.ts";
import { FRAME_OVERHEAD_BYTES } from "./frame.ts";
import type { RpcCall, RpcMethod } from "./method.ts";
import { timeoutOf } from "./timeout.ts";

export type RpcServerOptions = {
  readonly methods: readonly RpcMethod[];
  /** Largest message, packed and unpacked. Default 4 MiB. */
  readonly maxBytes?: number;
  /** Longest time a call may take, whatever its deadline. Default 20 s. */
  readonly maxTimeoutMs?: number;
  /** Milliseconds of any epoch that only grow, to tell a call how much of its time is left. */
  readonly monotonicMs: () => number;
  /** The name of a request in logs, and all that a caller gets to know of an unknown error. */
  requestId(request: Request): string;
  /** Told what was thrown and is not the caller's to know. */
  onError?(error: unknown, requestId: string): void;
};

const DEFAULT_MAX_BYTES = 4 * 1024 * 1024;
const DEFAULT_MAX_TIMEOUT_MS = 20_000;

/**
 * Answers unary calls in native gRPC, gRPC-Web, Connect and Connect JSON, told apart by content type. Anything
 * but POST is 405, any other content type 415; everything else, unknown paths included, is a gRPC status in the
 * caller's own encoding. Never rejects.
 */
export function rpcServer(options: RpcServerOptions): Handler {
  const methods = new Map(options.methods.map((method) => [method.path, method]));
  return async (request, connection) => {
    if (request.method !== "POST") {
      return new Response(null, { status: 405, headers: { allow: "POST" } });
    }
    const mediaType = mediaTypeOf(request.headers);
    const encoding = encodingOf(mediaType);
    if (encoding === undefined) {
      return new Response(null, { status: 415, headers: { "accept-post": MEDIA_TYPES } });
    }
    const headers = new Headers();
    const context = { mediaType, headers, connection };
    const method = methods.get(new URL(request.url).pathname);
    const outcome = await callMethod(options, method, encoding, request, context);
    return outcome.ok ? encoding.succeed(outcome.value, context) : encoding.fail(outcome, context);
  };
}

async function callMethod(
  options: RpcServerOptions,
  method: RpcMethod | undefined,
  encoding: Encoding,
  request: Request,
  context: { readonly headers: Headers; readonly connection: Connection },
): Promise<Outcome<Uint8Array>> {
  const unusable = encoding.unusable?.(context.connection);
  if (unusable !== undefined) return unusable;
  if (method === undefined) return refuse("unimplemented", "no such method");
  const timeoutMs = timeoutOf(request.headers);
  if (!timeoutMs.ok) return timeoutMs;
  const longest = options.maxTimeoutMs ?? DEFAULT_MAX_TIMEOUT_MS;
  const limitMs = Math.min(timeoutMs.value ?? longest, longest);
  const endsAt = options.monotonicMs() + limitMs;
  const { signal, end } = startDeadline(limitMs, { canceledBy: [request.signal] });
  const time = { signal, timeLeftMs: () => endsAt - options.monotonicMs() };
  const requestId = options.requestId(request);
  try {
    return await untilAborted(
      signal,
      () => readAndAnswer(options, method, encoding, request, time, context, requestId),
    );
  } catch (error) {
    return explain(error, requestId, options);
  } finally {
    end();
  }
}

async function readAndAnswer(
  options: RpcServerOptions,
  method: RpcMethod,
  encoding: Encoding,
  request: Request,
  time: Pick<RpcCall, "signal" | "timeLeftMs">,
  { headers, connection }: { readonly headers: Headers; readonly connection: Connection },
  requestId: string,
): Promise<Outcome<Uint8Array>> {
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  const message = () => untilAborted(time.signal, () => readMessage(encoding, request, maxBytes));
  const { clientCertificateFingerprint } = connection;
  return await method.answer(encoding.codec, message, {
    ...time,
    headers: request.headers,
    requestId,
    answerHeaders: headers,
    ...(clientCertificateFingerprint === undefined ? {} : { clientCertificateFingerprint }),
  });
}

async function readMessage(
  encoding: Encoding,
  request: Request,
  maxBytes: number,
): Promise<Outcome<Uint8Array>> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > maxBytes + FRAME_OVERHEAD_BYTES) {
    return refuse("body_too_large", `more than ${maxBytes} bytes`);
  }
  try {
    return await encoding.read(request, maxBytes);
  } catch (error) {
    // A body that breaks off is the caller's doing, or its network's.
    throw new AppError("canceled", "the request broke off", { cause: error });
  }
}

/** What the caller may know of a thrown error. */
function explain(error: unknown, requestId: string, options: RpcServerOptions): Refusal {
  const internal = refuse("internal", `${ERRORS.internal.text}, request ${requestId}`);
  if (error instanceof AppError && ERRORS[error.code].http < 500) {
    return refuse(error.code, error.message);
  }
  if (error instanceof AppError && error.code === "deadline_exceeded") return refuse(error.code);
  options.onError?.(error, requestId);
  if (!(error instanceof AppError) || error.code === "internal") return internal;
  return refuse(error.code, error.message);
}
