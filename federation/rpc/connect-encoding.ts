import { readBounded } from "../../src/bounds/read.ts";
import { ERRORS, type Outcome, refuse } from "../../src/errors.ts";
import type { Encoding } from "./encoding.ts";
import { gunzipBounded } from "./gunzip.ts";
import type { Codec } from "./method.ts";
import { statusOf } from "./status.ts";

/** Connect, unary: the status is the HTTP status, with a JSON body for errors (connectrpc.com/docs/protocol). */
export function connectEncoding(codec: Codec): Encoding {
  return {
    codec,
    read,
    succeed(message, { headers, mediaType }) {
      headers.set("content-type", mediaType);
      return new Response(new Uint8Array(message), { headers });
    },
    fail({ code, message }, { headers }) {
      const { name, http } = statusOf(ERRORS[code].grpc);
      headers.set("content-type", "application/json");
      headers.set("accept-encoding", "gzip");
      return new Response(JSON.stringify({ code: name, message }), { status: http, headers });
    },
  };
}

async function read(
  request: Request,
  maxBytes: number,
): Promise<Outcome<Uint8Array<ArrayBuffer>>> {
  const version = request.headers.get("connect-protocol-version");
  if (version !== null && version !== "1") {
    return refuse("invalid_argument", "connect-protocol-version must be 1");
  }
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity" && encoding !== "gzip") {
    return refuse("unimplemented", "content-encoding must be gzip or identity");
  }
  const body = await readBounded(request.body, { maxBytes });
  return body.ok && encoding === "gzip" ? await gunzipBounded(body.value, maxBytes) : body;
}
