import { accept, type Outcome, refuse } from "../../src/errors.ts";
import { gunzipBounded } from "./gunzip.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** flags(1) ‖ length(4, big endian) ‖ message: gRPC over HTTP/2, and gRPC-Web (grpc/doc/PROTOCOL-HTTP2.md, PROTOCOL-WEB.md). */
const HEADER_BYTES = 5;
const COMPRESSED = 0x01;
const TRAILERS = 0x80;

/** What a frame adds to a message, for limits on bodies. */
export const FRAME_OVERHEAD_BYTES: number = HEADER_BYTES;

export type Frame = { readonly flags: number; readonly message: Bytes };

/** One frame around a message that is not compressed. */
export function encodeFrame(message: Uint8Array, flags = 0): Bytes {
  const framed = new Uint8Array(HEADER_BYTES + message.byteLength);
  framed[0] = flags;
  new DataView(framed.buffer).setUint32(1, message.byteLength);
  framed.set(message, HEADER_BYTES);
  return framed;
}

/** The frames of a body. Bytes that are left over are `invalid_argument`. */
export function decodeFrames(body: Bytes): Outcome<readonly Frame[]> {
  const frames: Frame[] = [];
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  let at = 0;
  while (at < body.byteLength) {
    const start = at + HEADER_BYTES;
    if (start > body.byteLength) return refuse("invalid_argument", "the body ends within a frame");
    const end = start + view.getUint32(at + 1);
    if (end > body.byteLength) return refuse("invalid_argument", "the body ends within a message");
    frames.push({ flags: view.getUint8(at), message: body.subarray(start, end) });
    at = end;
  }
  return accept(frames);
}

/**
 * The one message of a unary body, unpacked.
 *
 * Errors: `invalid_argument` for none, several, or broken ones; `unimplemented` for a compression other than gzip;
 * `internal` for compression that the headers do not name, as gRPC asks; `body_too_large`.
 */
export async function unaryMessage(
  frames: readonly Frame[],
  encoding: string | null,
  maxBytes: number,
): Promise<Outcome<Bytes>> {
  const [frame, second] = frames;
  if (frame === undefined || second !== undefined) {
    return refuse("invalid_argument", `wanted exactly one message, got ${frames.length}`);
  }
  if (frame.flags === 0) return accept(frame.message);
  if (frame.flags !== COMPRESSED) return refuse("internal", "a frame has unknown flags");
  if (encoding === null || encoding === "identity") {
    return refuse("internal", "a message is marked as compressed, but grpc-encoding names nothing");
  }
  if (encoding !== "gzip") return refuse("unimplemented", "compression must be gzip or identity");
  return await gunzipBounded(frame.message, maxBytes);
}

/** The last frame of a gRPC-Web body: trailers as HTTP/1.1 header lines. */
export function encodeTrailerFrame(trailers: Iterable<readonly [string, string]>): Bytes {
  const lines = [...trailers].map(([name, value]) => `${name}: ${value}\r\n`);
  return encodeFrame(new TextEncoder().encode(lines.join("")), TRAILERS);
}
