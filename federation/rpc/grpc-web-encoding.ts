import { encodeFrame, encodeTrailerFrame } from "./frame.ts";
import type { Encoding } from "./encoding.ts";
import { answerHeaders, readFramed, statusHeaders } from "./grpc-encoding.ts";

/** gRPC-Web, binary: the status goes into a last frame of the body (grpc/doc/PROTOCOL-WEB.md). */
export const grpcWebEncoding: Encoding = {
  codec: "proto",
  read: readFramed,
  succeed(message, context) {
    const frames = new Blob([encodeFrame(message), encodeTrailerFrame(statusHeaders())]);
    return new Response(frames.stream(), { headers: answerHeaders(context) });
  },
  fail(refusal, context) {
    const frame = encodeTrailerFrame(statusHeaders(refusal));
    return new Response(frame, { headers: answerHeaders(context) });
  },
};
