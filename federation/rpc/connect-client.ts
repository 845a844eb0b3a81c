import { readBounded } from "../../src/bounds/read.ts";
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
import { statusOfName } from "./status.ts";

export type ConnectClientOptions = RpcClientLimits & {
  /** For example `https://keys.other.example`; a path in it is kept. */
  readonly baseUrl: string;
  /** Refuses addresses that must not be spoken to, if there are such. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
};

const MAX_ERROR_BYTES = 16 * 1024;

/** Speaks Connect with a peer (connectrpc.com/docs/protocol): one POST a call, over whatever fetch speaks. */
export function connectClient(options: ConnectClientOptions): RpcClient {
  const { maxBytes, timeoutMs } = { ...DEFAULT_CLIENT_LIMITS, ...options };
  const base = options.baseUrl.replace(/\/+$/, "");
  const { host } = new URL(base);
  return (path, message, { authorization, signal: canceled } = {}) =>
    boundedCall({ host, timeoutMs, canceled }, async (signal) => {
      const response = await options.fetch(`${base}${path}`, {
        method: "POST",
        headers: {
          "content-type": "application/proto",
          "connect-protocol-version": "1",
          "connect-timeout-ms": String(timeoutMs),
          ...(authorization === undefined ? {} : { authorization }),
        },
        body: new Uint8Array(message),
        redirect: "manual",
        signal,
      });
      const isAnswer = response.status === 200 &&
        response.headers.get("content-type")?.split(";")[0]?.trim() === "application/proto";
      return isAnswer
        ? fromAnswer(await readBounded(response.body, { maxBytes }))
        : await refusalOf(response, host);
    });
}

async function refusalOf(response: Response, host: string): Promise<RpcOutcome> {
  const { status, headers } = response;
  const body = await readBounded(response.body, { maxBytes: MAX_ERROR_BYTES });
  const { code, message } = body.ok ? errorOf(body.value) : {};
  const named = typeof code === "string" ? statusOfName(code) : undefined;
  if (named === undefined) return httpRefusal(status, host, headers);
  return peerRefusal(
    named,
    typeof message === "string" ? message : `HTTP status ${status}`,
    headers,
  );
}

function errorOf(body: Uint8Array): { readonly code?: unknown; readonly message?: unknown } {
  try {
    const error: unknown = JSON.parse(new TextDecoder().decode(body));
    return typeof error === "object" && error !== null ? error : {};
  } catch {
    return {};
  }
}
