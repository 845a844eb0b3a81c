import { currentRuntime } from "../../../src/runtime/current.ts";

/** What a fault does to the next request: an answer in place of the service's own, or none for ever. */
export type ServiceFault = (() => Response) | "silence";

/** A service of another on a free port of 127.0.0.1. */
export type Service = {
  readonly url: URL;
  /** Used up, one a request; after that requests reach the service. */
  readonly faults: ServiceFault[];
  /** Method and path of each request, without its query. */
  readonly seen: string[];
  stop(): Promise<void>;
};

/** Starts one that answers by `handler`. */
export async function startService(
  handler: (request: Request) => Promise<Response> | Response,
): Promise<Service> {
  const faults: ServiceFault[] = [];
  const seen: string[] = [];
  const stopped = new AbortController();
  const listening = await currentRuntime().listen(async (request) => {
    seen.push(`${request.method} ${new URL(request.url).pathname}`);
    const fault = faults.shift();
    if (fault === undefined) return await handler(request);
    if (fault !== "silence") return fault();
    await new Promise((resolve) => stopped.signal.addEventListener("abort", resolve));
    return new Response();
  }, { host: "127.0.0.1", port: 0 });
  return {
    url: new URL(`http://127.0.0.1:${listening.port}`),
    faults,
    seen,
    stop: async () => {
      stopped.abort();
      await listening.close(100);
    },
  };
}

/** An answer in JSON. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });
}
