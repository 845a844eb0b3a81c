import { decodeFrames, encodeFrame } from "../../../federation/rpc/frame.ts";
import { decodeGrpcMessage, statusOfName } from "../../../federation/rpc/status.ts";
import type { Handler } from "../../../src/runtime/runtime.ts";

/** The ways to write a call. */
export const ENCODINGS = ["grpc", "grpc-web", "connect", "json"] as const;
export type EncodingName = (typeof ENCODINGS)[number];

const MEDIA_TYPES = {
  grpc: "application/grpc+proto",
  "grpc-web": "application/grpc-web+proto",
  connect: "application/proto",
  json: "application/json",
} as const satisfies Record<EncodingName, string>;

/** How a call ended. */
export type CallEnd = {
  /** Status of gRPC. */
  readonly status: number;
  readonly message: string;
  /** The message of an answer that is no refusal. */
  readonly body: Uint8Array;
  readonly retryAfter: string | null;
};

export type CallInput = {
  readonly encoding: EncodingName;
  readonly path: string;
  /** The message, or in JSON its text; framed where the encoding asks for it, unless it is a stream. */
  readonly message: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
};

/** Calls a handler without sockets. Throws for an answer that is none of the encoding. */
export async function callIn(handler: Handler, input: CallInput): Promise<CallEnd> {
  const { encoding, path, message, token, headers, signal } = input;
  const framed = encoding.startsWith("grpc") && message instanceof Uint8Array;
  const request = new Request(`https://callee.example${path}`, {
    method: "POST",
    headers: {
      "content-type": MEDIA_TYPES[encoding],
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: framed ? encodeFrame(message) : message,
    duplex: "half",
    signal: signal ?? null,
  } as RequestInit);
  const trailers = new Headers();
  const setTrailer = (name: string, value: string) => trailers.set(name, value);
  const response = await handler(request, encoding === "grpc" ? { setTrailer } : {});
  const body = new Uint8Array(await response.arrayBuffer());
  const retryAfter = response.headers.get("retry-after");
  if (encoding === "grpc") return { ...framedEnd(body, trailers), retryAfter };
  if (encoding === "grpc-web") return { ...webEnd(body), retryAfter };
  if (response.status === 200) return { status: 0, message: "", body, retryAfter };
  const { code, message: said } = JSON.parse(new TextDecoder().decode(body));
  const status = statusOfName(code);
  if (status === undefined) throw new TypeError(`no status ${code}`);
  return { status, message: said, body: new Uint8Array(0), retryAfter };
}

function framedEnd(body: Uint8Array<ArrayBuffer>, trailers: Headers) {
  const frames = decodeFrames(body);
  const status = trailers.get("grpc-status");
  if (!frames.ok || status === null) throw new TypeError("no gRPC answer");
  return {
    status: Number(status),
    message: decodeGrpcMessage(trailers.get("grpc-message") ?? ""),
    body: frames.value[0]?.message ?? new Uint8Array(0),
  };
}

function webEnd(body: Uint8Array<ArrayBuffer>) {
  const frames = decodeFrames(body);
  const last = frames.ok ? frames.value.at(-1) : undefined;
  if (!frames.ok || last === undefined) throw new TypeError("no gRPC-Web answer");
  const lines = new TextDecoder().decode(last.message).trim().split("\r\n");
  const trailers = new Headers(lines.map((line): [string, string] => {
    const at = line.indexOf(":");
    return [line.slice(0, at), line.slice(at + 1).trim()];
  }));
  const data = frames.value.slice(0, -1);
  return framedEnd(
    data[0] === undefined ? new Uint8Array(0) : encodeFrame(data[0].message),
    trailers,
  );
}
