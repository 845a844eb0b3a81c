import { onTestFinished } from "vitest";
import { currentRuntime } from "../../src/runtime/current.ts";

/** A vendor's server on loopback: does what Apple or Google does, or what a test commands. */
export type VendorServer = {
  readonly url: string;
  /** Requests so far. */
  readonly seen: { readonly path: string; readonly body: string; readonly authorization: string }[];
  /** What it answers from now on; undefined: what the vendor does. */
  command: ((request: Request) => Response | Promise<Response>) | undefined;
};

/** Starts one; it ends with the test. */
export async function startVendor(
  vendor: (request: Request) => Response | Promise<Response>,
): Promise<VendorServer> {
  const server: VendorServer = { url: "", seen: [], command: undefined };
  const listening = await currentRuntime().listen(async (request) => {
    const copy = request.clone();
    server.seen.push({
      path: new URL(request.url).pathname,
      body: await copy.text(),
      authorization: request.headers.get("authorization") ?? "",
    });
    return await (server.command ?? vendor)(request);
  }, { host: "127.0.0.1", port: 0 });
  onTestFinished(() => listening.close(100));
  return Object.assign(server, { url: `http://127.0.0.1:${listening.port}` });
}

/** An answer that never ends. */
export function stalled(): Response {
  return new Response(new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array(1)) }));
}
