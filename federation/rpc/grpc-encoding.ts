import { readBounded } from "../../src/bounds/read.ts";
import { ERRORS, type Outcome, type Refusal, refuse } from "../../src/errors.ts";
import type { Connection } from "../../src/runtime/runtime.ts";
import type { AnswerContext, Encoding } from "./encoding.ts";
import { decodeFrames, encodeFrame, FRAME_OVERHEAD_BYTES, unaryMessage } from "./frame.ts";
import { encodeGrpcMessage } from "./status.ts";

/** Native gRPC over HTTP/2: the status goes into trailers (grpc/doc/PROTOCOL-HTTP2.md). */
export const grpcEncoding: Encoding = {
  codec: "proto",
  unusable,
  read: readFramed,
  succeed(message, context) {
    setTrailers(context.connection, statusHeaders());
    return new Response(encodeFrame(message), { headers: answerHeaders(context) });
  },
  fail(refusal, context) {
    const headers = answerHeaders(context);
    const status = statusHeaders(refusal);
    // Where there are trailers they must be used: an answer that ends with its headers cannot be asked for there.
    if (context.connection.setTrailer !== undefined) setTrailers(context.connection, status);
    else for (const [name, value] of status) headers.set(name, value);
    return new Response(null, { headers });
  },
};

/** The one message of a framed request. */
export async function readFramed(
  request: Request,
  maxBytes: number,
): Promise<Outcome<Uint8Array<ArrayBuffer>>> {
  const body = await readBounded(request.body, {
    maxBytes: maxBytes + FRAME_OVERHEAD_BYTES,
    tooLarge: () => refuse("body_too_large", `more than ${maxBytes} bytes`),
  });
  if (!body.ok) return body;
  const frames = decodeFrames(body.value);
  if (!frames.ok) return frames;
  return await unaryMessage(frames.value, request.headers.get("grpc-encoding"), maxBytes);
}

/** `grpc-status` and `grpc-message` of an outcome; no refusal is success. */
export function statusHeaders(refusal?: Refusal): readonly (readonly [string, string])[] {
  if (refusal === undefined) return [["grpc-status", "0"]];
  return [
    ["grpc-status", String(ERRORS[refusal.code].grpc)],
    ["grpc-message", encodeGrpcMessage(refusal.message)],
  ];
}

/** Headers of every gRPC and gRPC-Web answer. */
export function answerHeaders({ headers, mediaType }: AnswerContext): Headers {
  headers.set("content-type", mediaType);
  headers.set("grpc-accept-encoding", "identity,gzip");
  return headers;
}

function unusable(connection: Connection): Refusal | undefined {
  if (connection.setTrailer !== undefined) return undefined;
  return refuse("unimplemented", "native gRPC needs HTTP/2 trailers here: use gRPC-Web or Connect");
}

function setTrailers(
  connection: Connection,
  trailers: readonly (readonly [string, string])[],
): void {
  for (const [name, value] of trailers) connection.setTrailer?.(name, value);
}
