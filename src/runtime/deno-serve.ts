import { AppError } from "../errors.ts";
import { listenError, tlsError } from "./listen-error.ts";
import type { Handler, Listening, ListenOptions } from "./runtime.ts";

/** The used parts of the `Deno` namespace, declared here because only one of the two type checkers knows them. */
export type DenoApi = {
  readonly version: { readonly deno: string };
  serve(options: DenoServeOptions, handler: (request: Request) => Response | Promise<Response>): {
    readonly addr: { readonly port: number };
    readonly finished: Promise<void>;
    shutdown(): Promise<void>;
  };
};

type DenoServeOptions = {
  readonly hostname: string;
  readonly port: number;
  readonly cert?: string;
  readonly key?: string;
  readonly signal: AbortSignal;
  onListen(): void;
  onError(): Response;
};

/**
 * Serves with Deno.serve: HTTP/1.1 and HTTP/2, no trailers. Its own limits replace {@link ListenOptions.limits}.
 *
 * @throws AppError `invalid_configuration` when the port cannot be used, or client certificates are requested,
 * which Deno.serve would silently ignore
 */
export async function listenWithDenoServe(
  deno: DenoApi,
  handler: Handler,
  options: ListenOptions,
): Promise<Listening> {
  const { host, port, tls } = options;
  if (tls?.clientCa !== undefined) {
    const text = `client certificates cannot be checked on Deno ${deno.version.deno}: ` +
      "use Deno 2.9.3 or Node, or a proxy";
    throw new AppError("invalid_configuration", text);
  }
  const forced = new AbortController();
  const server = start();
  const close = async (timeoutMs: number) => {
    const timer = setTimeout(() => forced.abort(), timeoutMs);
    // Either event ends the server. The timer only forces the close, so this is not a deadline.
    await Promise.race([server.shutdown(), server.finished]).finally(() => clearTimeout(timer));
  };
  let closing: Promise<void> | undefined;
  return {
    port: server.addr.port,
    renewTls: () => {
      throw new AppError(
        "invalid_configuration",
        `Deno ${deno.version.deno} keeps the certificate that it began with: restart the server to show the new one`,
      );
    },
    close: (timeoutMs) => closing ??= close(timeoutMs),
  };

  function start(): ReturnType<DenoApi["serve"]> {
    try {
      return deno.serve({
        hostname: host,
        port,
        ...(tls === undefined ? {} : { cert: tls.cert, key: tls.key }),
        signal: forced.signal,
        onListen: () => {},
        onError: () => new Response(null, { status: 500 }),
      }, (request) => handler(request, {}));
    } catch (error) {
      throw isNetworkError(error) ? listenError(error, host, port) : tlsError(error);
    }
  }
}

function isNetworkError(error: unknown): boolean {
  return error instanceof Error && "code" in error;
}
