import { connectEncoding } from "./connect-encoding.ts";
import type { Encoding } from "./encoding.ts";
import { grpcEncoding } from "./grpc-encoding.ts";
import { grpcWebEncoding } from "./grpc-web-encoding.ts";

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

/** Whether a request is a call by its content type alone; JSON could be anything. */
export function isRpcCall({ method, headers }: Request): boolean {
  const mediaType = mediaTypeOf(headers);
  return method === "POST" && mediaType !== "application/json" && ENCODINGS.has(mediaType);
}

/** The encoding of a media type, if it is one of ours. */
export function encodingOf(mediaType: string): Encoding | undefined {
  return ENCODINGS.get(mediaType);
}
