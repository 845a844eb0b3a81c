import type { Outcome, Refusal } from "../../src/errors.ts";
import type { Connection } from "../../src/runtime/runtime.ts";
import { connectEncoding } from "./connect-encoding.ts";
import { grpcEncoding } from "./grpc-encoding.ts";
import { grpcWebEncoding } from "./grpc-web-encoding.ts";
import type { Codec } from "./method.ts";

/** What an answer is written with. */
export type AnswerContext = {
  /** The media type of the request, which the answer repeats. */
  readonly mediaType: string;
  readonly headers: Headers;
  readonly connection: Connection;
};

/** How a call is written in HTTP; the four differ only in framing and in where the status goes. */
export type Encoding = {
  readonly codec: Codec;
  /** Why this connection cannot carry the encoding, if so. */
  unusable?(connection: Connection): Refusal | undefined;
  /** The message of a request, at most `maxBytes`, packed and unpacked. Rejects when the client goes away. */
  read(request: Request, maxBytes: number): Promise<Outcome<Uint8Array<ArrayBuffer>>>;
  succeed(message: Uint8Array, context: AnswerContext): Response;
  fail(refusal: Refusal, context: AnswerContext): Response;
};

const ENCODINGS: ReadonlyMap<string, Encoding> = new Map([
  ["application/grpc", grpcEncoding],
  ["application/grpc+proto", grpcEncoding],
  ["application/grpc-web", grpcWebEncoding],
  ["application/grpc-web+proto", grpcWebEncoding],
  ["application/proto", connectEncoding("proto")],
  ["application/json", connectEncoding("json")],
]);

/** All media types that are understood, for `accept-post`. */
export const MEDIA_TYPES: string = [...ENCODINGS.keys()].join(", ");

/** The media type of a content type, without its parameters. */
export function mediaTypeOf(headers: Headers): string {
  const [mediaType = ""] = (headers.get("content-type") ?? "").split(";");
  return mediaType.trim().toLowerCase();
}

/** The encoding of a media type, if it is one of ours. */
export function encodingOf(mediaType: string): Encoding | undefined {
  return ENCODINGS.get(mediaType);
}
