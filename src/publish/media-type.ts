import { type Refusal, refuse } from "../errors.ts";

/** Why a body of this type is not taken: it must be `application/json`, whatever parameters follow, and not compressed. */
export function mediaTypeFault(request: Request): Refusal | undefined {
  const encoding = request.headers.get("content-encoding");
  if (encoding !== null && !/^\s*(identity)?\s*$/i.test(encoding)) {
    return refuse(
      "unsupported_media_type",
      "Content-Encoding is not supported here: send the JSON uncompressed",
    );
  }
  if (/^\s*application\/json\s*(;|$)/i.test(request.headers.get("content-type") ?? "")) {
    return undefined;
  }
  return refuse("unsupported_media_type");
}
