import { accept, refuse } from "../../src/errors.ts";
import type { Http2Answer, Http2Exchange, TlsIdentity } from "../../src/runtime/runtime.ts";
import {
  boundedCall,
  DEFAULT_CLIENT_LIMITS,
  fromAnswer,
  httpRefusal,
  peerRefusal,
  type RpcClient,
  type RpcClientLimits,
  type RpcOutcome,
} from "./client.ts";
import { decodeFrames, encodeFrame, FRAME_OVERHEAD_BYTES, unaryMessage } from "./frame.ts";
import { decodeGrpcMessage } from "./status.ts";

export type GrpcClientOptions = RpcClientLimits & {
  readonly baseUrl: string;
  /** The runtime's. */
  readonly exchange: Http2Exchange;
  /** The address to speak to for a host name; rejects with an AppError when there is none that may be. */
  resolve?(host: string): Promise<string>;
  /** PEM certificates of authorities to trust in place of the system's. */
  readonly ca?: string;
  /** Shown over https to servers that ask for a certificate. */
  readonly identity?: TlsIdentity;
};

const OK = 0;
const UNKNOWN = 2;

/** Speaks native gRPC with a peer (grpc/doc/PROTOCOL-HTTP2.md); what deployed peers understand. */
export function grpcClient(options: GrpcClientOptions): RpcClient {
  const { baseUrl, exchange, resolve, ca, identity } = options;
  const { maxBytes, timeoutMs } = { ...DEFAULT_CLIENT_LIMITS, ...options };
  const { host } = new URL(baseUrl);
  const attempt = { host, showedCertificate: identity !== undefined };
  return (path, message, { authorization, signal: canceled } = {}) =>
    boundedCall({ ...attempt, timeoutMs, canceled }, async (signal) => {
      const answer = await exchange({
        // The path of a gRPC call has no prefix.
        url: new URL(path, baseUrl),
        headers: {
          "content-type": "application/grpc+proto",
          te: "trailers",
          "grpc-timeout": `${Math.min(timeoutMs, 99_999_999)}m`,
          "grpc-accept-encoding": "identity,gzip",
          ...(authorization === undefined ? {} : { authorization }),
        },
        body: encodeFrame(message),
        maxBytes: maxBytes + FRAME_OVERHEAD_BYTES,
        signal,
        ...(resolve === undefined ? {} : { resolve }),
        ...(ca === undefined ? {} : { ca }),
        ...(identity === undefined ? {} : { identity }),
      });
      return await messageOf(answer, host, maxBytes);
    });
}

async function messageOf(
  answer: Http2Answer,
  host: string,
  maxBytes: number,
): Promise<RpcOutcome> {
  const { status, headers, trailers, body } = answer;
  const isGrpc = headers.get("content-type")?.startsWith("application/grpc") === true;
  const sink = trailers?.has("grpc-status") === true ? trailers : headers;
  const said = sink.get("grpc-status");
  if (said === null && (status !== 200 || !isGrpc)) {
    return httpRefusal(status, host, headers);
  }
  // Where trailers cannot be seen, a message is the sign of success.
  const unseen = trailers === undefined && body.byteLength > 0 ? OK : UNKNOWN;
  const grpc = said === null ? unseen : /^\d{1,3}$/.test(said) ? Number(said) : UNKNOWN;
  if (grpc !== OK) {
    // Where the status went, or before it.
    const advice = sink.has("retry-after") ? sink : headers;
    return peerRefusal(grpc, decodeGrpcMessage(sink.get("grpc-message") ?? ""), advice);
  }
  const frames = decodeFrames(body);
  if (!frames.ok) return fromAnswer(frames);
  if (frames.value.length === 0) {
    return refuse("fetch_failed", "the peer answered without a message");
  }
  const message = await unaryMessage(frames.value, headers.get("grpc-encoding"), maxBytes);
  return message.ok ? accept(message.value) : fromAnswer(message);
}
