import { describe, expect, test } from "vitest";
import { grpcClient } from "../../federation/rpc/grpc-client.ts";
import { exchangeOverHttp2 } from "../../src/runtime/http2-exchange.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { DenoApi } from "../../src/runtime/deno-serve.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { CALLERS } from "../federation/rpc/callers.ts";
import { echoServer, SAY } from "../federation/rpc/echo.ts";
import { CLIENT, SERVER } from "./certificates.ts";

const { Deno } = globalThis as unknown as { readonly Deno?: DenoApi };

/** Deno as if it were another version; without a server if there is none. */
const ofVersion = (deno: string): DenoApi => ({
  version: { deno },
  serve(options, handler) {
    if (Deno === undefined) throw new TypeError("not on Deno");
    return Deno.serve(options, handler);
  },
});

test("the runtime knows its name", () => {
  expect(currentRuntime().name).toBe(Deno === undefined ? "node" : "deno");
});

test.each(["2.8.3", "2.9.0", "2.9.3", "2.9.7"])("Deno %s has trailers", (version) => {
  expect(denoRuntime(ofVersion(version)).trailers).toEqual({ ok: true });
});

test.each(["2.9.4", "2.9.5", "2.9.6"])("Deno %s reports why it has no trailers", (version) => {
  expect(denoRuntime(ofVersion(version)).trailers).toEqual({
    ok: false,
    reason:
      `native gRPC is off: node:http2 of Deno ${version} can crash (denoland/deno#36788); use Deno 2.9.3`,
  });
});

test("Deno.serve is not trusted with client certificates", async () => {
  const tls = { ...SERVER, clientCa: CLIENT.cert };
  const listen = denoRuntime(ofVersion("2.9.5")).listen(() => new Response(), {
    host: "127.0.0.1",
    port: 0,
    tls,
  });
  await expect(listen).rejects.toMatchObject({
    code: "invalid_configuration",
    message:
      "client certificates cannot be checked on Deno 2.9.5: use Deno 2.9.3 or Node, or a proxy",
  });
});

test.each(["http", "https"])(
  "native gRPC over %s is refused without node:http2",
  async (scheme) => {
    const { exchange } = denoRuntime(ofVersion("2.9.5"));
    const call = grpcClient({ baseUrl: `${scheme}://peer.example`, exchange });
    expect(await call(SAY, new Uint8Array(0))).toEqual({
      ok: false,
      code: "fetch_refused",
      message:
        "native gRPC is not available on Deno 2.9.5: use Deno 2.9.3, or a peer with protocol: connect",
    });
  },
);

if (Deno !== undefined) describe("Deno.serve", denoServeAnswers);

function denoServeAnswers(): void {
  const serve = (handler: Parameters<ReturnType<typeof denoRuntime>["listen"]>[0]) =>
    denoRuntime(ofVersion("2.9.5")).listen(handler, { host: "127.0.0.1", port: 0 });

  test.each(CALLERS)("answers $name, or UNIMPLEMENTED", async ({ name, say }) => {
    const server = await serve(echoServer().handler);
    const { status, text } = await say(server.port, "hello");
    await server.close(1_000);
    if (name.includes("gRPC") && name !== "gRPC-Web") {
      expect(status).toBe(12);
      expect(text).toContain("native gRPC needs HTTP/2 trailers");
    } else {
      expect({ status, text }).toEqual({ status: 0, text: "hello" });
    }
  });

  test("names HOST and PORT when the port is taken", async () => {
    const server = await serve(() => new Response());
    const second = denoRuntime(ofVersion("2.9.5")).listen(() => new Response(), {
      host: "127.0.0.1",
      port: server.port,
    });
    await expect(second).rejects.toMatchObject({
      code: "invalid_configuration",
      message: expect.stringContaining("is in use"),
    });
    await server.close(1_000);
  });

  test("close() ends requests that do not finish in time", async () => {
    const server = await serve(() => new Promise(() => {}));
    const answer = fetch(`http://127.0.0.1:${server.port}/`).catch(() => "broken");
    await server.close(20);
    expect(await answer).toBe("broken");
  });
}

test("both runtimes use node:http2 for exchanges here", () => {
  expect(currentRuntime().exchange).toBe(exchangeOverHttp2);
});
