import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { connectClient } from "../../../federation/rpc/connect-client.ts";
import { encodeFrame } from "../../../federation/rpc/frame.ts";
import { grpcClient } from "../../../federation/rpc/grpc-client.ts";
import { AppError } from "../../../src/errors.ts";
import { currentRuntime } from "../../../src/runtime/current.ts";
import { pinnedFetch } from "../../../src/runtime/pinned-fetch.ts";
import type { Handler, ListenOptions } from "../../../src/runtime/runtime.ts";
import { AUTHORITY, SERVER } from "../../runtime/certificates.ts";
import { gate, listening } from "../../runtime/listening.ts";
import { echoServer, SAY } from "./echo.ts";

const LIMITS = { maxBytes: 1024, timeoutMs: 2_000 };
const message = new TextEncoder().encode("hello");
const { exchange } = currentRuntime();

async function grpc(
  handler: Handler,
  options: Partial<Parameters<typeof grpcClient>[0]> = {},
  listen: Partial<ListenOptions> = {},
) {
  const { port } = await listening(handler, listen);
  const scheme = listen.tls === undefined ? "http" : "https";
  return grpcClient({ baseUrl: `${scheme}://localhost:${port}`, exchange, ...LIMITS, ...options });
}

async function connect(
  handler: Handler,
  options: Partial<Parameters<typeof connectClient>[0]> = {},
) {
  const { port } = await listening(handler);
  return connectClient({ baseUrl: `http://127.0.0.1:${port}/`, fetch, ...LIMITS, ...options });
}

/** A gRPC peer that answers with a body and trailers as they are. */
function grpcPeer(
  body: Uint8Array<ArrayBuffer>,
  trailers: Record<string, string>,
  headers: Record<string, string> = {},
): Handler {
  return async (request, connection) => {
    await request.arrayBuffer();
    for (const [name, value] of Object.entries(trailers)) connection.setTrailer?.(name, value);
    return new Response(body, { headers: { "content-type": "application/grpc", ...headers } });
  };
}

const OK = { "grpc-status": "0" };

describe("grpcClient()", () => {
  test("speaks over TLS with an authority that it is given", async () => {
    const call = await grpc(echoServer().handler, { ca: AUTHORITY }, { tls: SERVER });
    expect(await call(SAY, message)).toEqual({ ok: true, value: message });
  });

  test("does not speak with a server that it cannot verify", async () => {
    const call = await grpc(echoServer().handler, {}, { tls: SERVER });
    expect(await call(SAY, message)).toEqual({
      ok: false,
      code: "certificate_untrusted",
      message: expect.stringContaining(
        "shows a certificate of an unknown authority",
      ),
    });
  });

  test("sends its token", async () => {
    const { handler, events } = echoServer();
    await (await grpc(handler))(SAY, message, { authorization: "Bearer abc" });
    expect(events.calls[0]?.headers.get("authorization")).toBe("Bearer abc");
  });

  test("connects to the address that it is told", async () => {
    const { port } = await listening(echoServer().handler);
    const hosts: string[] = [];
    const resolve = (host: string) => {
      hosts.push(host);
      return Promise.resolve("127.0.0.1");
    };
    const call = grpcClient({ baseUrl: `http://peer.example:${port}`, exchange, resolve });
    expect((await call(SAY, message)).ok).toBe(true);
    expect(hosts).toEqual(["peer.example"]);
  });

  test("does not connect where it must not", async () => {
    const resolve = () => Promise.reject(new AppError("fetch_refused", "a private address"));
    const call = grpcClient({ baseUrl: "http://localhost:1", exchange, resolve });
    expect(await call(SAY, message)).toEqual({
      ok: false,
      code: "fetch_refused",
      message: "a private address",
    });
  });

  test.each<[string, Handler, string, string]>([
    ["no status", grpcPeer(encodeFrame(message), {}), "fetch_failed", "the peer answered unknown"],
    [
      "an unknown status",
      grpcPeer(encodeFrame(message), { "grpc-status": "99" }),
      "fetch_failed",
      "the peer answered unknown",
    ],
    [
      "a status that is no number",
      grpcPeer(encodeFrame(message), { "grpc-status": "x" }),
      "fetch_failed",
      "the peer answered unknown",
    ],
    [
      "no message",
      grpcPeer(new Uint8Array(0), OK),
      "fetch_failed",
      "the peer answered without a message",
    ],
    [
      "two messages",
      grpcPeer(new Uint8Array([...encodeFrame(message), ...encodeFrame(message)]), OK),
      "fetch_failed",
      "the answer is broken: wanted exactly one message, got 2",
    ],
    [
      "half a message",
      grpcPeer(encodeFrame(message).slice(0, 7), OK),
      "fetch_failed",
      "the answer is broken: the body ends within a message",
    ],
    [
      "too much",
      grpcPeer(encodeFrame(new Uint8Array(1025)), OK),
      "limit_exceeded",
      "the answer is larger than 1029 bytes",
    ],
    [
      "a bomb",
      grpcPeer(encodeFrame(gzipSync(new Uint8Array(500_000)), 1), OK, { "grpc-encoding": "gzip" }),
      "limit_exceeded",
      "the answer has more than 1024 bytes when unpacked",
    ],
    [
      "a web page",
      () => new Response("<html>", { status: 200 }),
      "wrong_protocol",
      expect.stringContaining("answered HTTP 200, which is not a federation server's response"),
    ],
    [
      "HTTP status 503",
      () => new Response("", { status: 503, headers: { "retry-after": "30" } }),
      "unavailable",
      "the peer answered unavailable: HTTP status 503",
    ],
    [
      "HTTP status 401",
      () => new Response("", { status: 401 }),
      "unauthenticated",
      "the peer answered unauthenticated: HTTP status 401",
    ],
    [
      "a redirect",
      () => Response.redirect("http://localhost/", 302),
      "wrong_protocol",
      expect.stringContaining("answered HTTP 302, which is not a federation server's response"),
    ],
  ])("refuses %s", async (_, handler, code, said) => {
    expect(await (await grpc(handler))(SAY, message)).toMatchObject({
      ok: false,
      code,
      message: said,
    });
  });

  test("understands a gzip answer", async () => {
    const call = await grpc(
      grpcPeer(encodeFrame(gzipSync(message), 1), OK, { "grpc-encoding": "gzip" }),
    );
    expect(await call(SAY, message)).toEqual({ ok: true, value: message });
  });

  test("cuts what a peer says of an error to 1 KiB of printable text", async () => {
    const said = `%1b[31m${"%e2%82%ac".repeat(1_000)}`;
    const call = await grpc(
      grpcPeer(new Uint8Array(0), { "grpc-status": "3", "grpc-message": said }),
    );
    const outcome = await call(SAY, message);
    expect(outcome).toMatchObject({ code: "invalid_argument" });
    const text = outcome.ok
      ? ""
      : outcome.message.replace("the peer answered invalid_argument: ", "");
    expect(text).toMatch(/^\[31m€+$/);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024);
    expect(Buffer.byteLength(text)).toBeGreaterThan(1000);
  });

  test("is not kept waiting", async () => {
    const call = await grpc(() => new Promise(() => {}), { timeoutMs: 50 });
    expect(await call(SAY, message)).toMatchObject({ ok: false, code: "deadline_exceeded" });
  });

  test("says when nobody is there", async () => {
    const server = await listening(() => new Response(""));
    await server.close(0);
    const call = grpcClient({ baseUrl: `http://127.0.0.1:${server.port}`, exchange });
    expect(await call(SAY, message)).toMatchObject({ ok: false, code: "connection_refused" });
  });

  test("says when the connection is cut", async () => {
    const asked = gate();
    const server = await listening(() => {
      asked.open();
      return new Promise(() => {});
    });
    const call = grpcClient({ baseUrl: `http://127.0.0.1:${server.port}`, exchange });
    const outcome = call(SAY, message);
    await asked.passed;
    await server.close(0);
    expect(await outcome).toMatchObject({ ok: false, code: "connection_failed" });
  });
});

describe("grpcClient() where trailers cannot be seen", () => {
  const blind = (headers: Record<string, string>, body: Uint8Array<ArrayBuffer>) =>
    grpcClient({
      baseUrl: "https://peer.example",
      exchange: () =>
        Promise.resolve({
          status: 200,
          headers: new Headers({ "content-type": "application/grpc", ...headers }),
          body,
        }),
    });

  test("takes a message for success", async () => {
    expect(await blind({}, encodeFrame(message))(SAY, message)).toMatchObject({
      ok: true,
      value: message,
    });
  });

  test("finds the status of an error in the headers", async () => {
    const call = blind({ "grpc-status": "7", "grpc-message": "not%20yours" }, new Uint8Array(0));
    expect(await call(SAY, message)).toEqual({
      ok: false,
      code: "permission_denied",
      message: "the peer answered permission_denied: not yours",
    });
  });

  test("takes neither for unknown", async () => {
    expect(await blind({}, new Uint8Array(0))(SAY, message)).toMatchObject({
      code: "fetch_failed",
      message: "the peer answered unknown",
    });
  });
});

describe("connectClient()", () => {
  const json =
    (status: number, body: unknown, headers: Record<string, string> = {}): Handler => () =>
      new Response(JSON.stringify(body), {
        status,
        headers: { "content-type": "application/json", ...headers },
      });

  test("sends its token", async () => {
    const { handler, events } = echoServer();
    await (await connect(handler))(SAY, message, { authorization: "Bearer abc" });
    expect(events.calls[0]?.headers.get("authorization")).toBe("Bearer abc");
  });

  test.each<[string, Handler, string, string]>([
    [
      "an error",
      json(403, { code: "permission_denied", message: "not yours" }),
      "permission_denied",
      "the peer answered permission_denied: not yours",
    ],
    [
      "an error without text",
      json(403, { code: "permission_denied" }),
      "permission_denied",
      "the peer answered permission_denied: HTTP status 403",
    ],
    [
      "an unknown error",
      json(503, { code: "odd", message: "odd" }),
      "unavailable",
      "the peer answered unavailable: HTTP status 503",
    ],
    ["null", json(404, null), "wrong_protocol", expect.stringContaining("answered HTTP 404")],
    [
      "a web page",
      () => new Response("<html>"),
      "wrong_protocol",
      expect.stringContaining("answered HTTP 200, which is not a federation server's response"),
    ],
    [
      "an endless error",
      () => new Response("x".repeat(100_000), { status: 429 }),
      "unavailable",
      "the peer answered unavailable: HTTP status 429",
    ],
    [
      "a redirect",
      () => Response.redirect("http://localhost:1/", 307),
      "wrong_protocol",
      expect.stringContaining("answered HTTP 307, which is not a federation server's response"),
    ],
    [
      "too much",
      () =>
        new Response(new Uint8Array(1025), { headers: { "content-type": "application/proto" } }),
      "limit_exceeded",
      "the answer has more than 1024 bytes",
    ],
    [
      "a bomb",
      () =>
        new Response(gzipSync(new Uint8Array(500_000)), {
          headers: { "content-type": "application/proto", "content-encoding": "gzip" },
        }),
      "limit_exceeded",
      "the answer has more than 1024 bytes",
    ],
  ])("refuses %s", async (_, handler, code, said) => {
    expect(await (await connect(handler))(SAY, message)).toMatchObject({
      ok: false,
      code,
      message: said,
    });
  });

  test("tells how long to wait", async () => {
    const call = await connect(
      json(429, { code: "resource_exhausted", message: "slow down" }, { "retry-after": "30" }),
    );
    expect(await call(SAY, message)).toMatchObject({
      code: "resource_exhausted",
      retryAfterMs: 30_000,
    });
  });

  test("is not kept waiting by an answer that trickles", async () => {
    const trickle = new ReadableStream({ start: (sink) => sink.enqueue(new Uint8Array(1)) });
    const call = await connect(
      () => new Response(trickle, { headers: { "content-type": "application/proto" } }),
      { timeoutMs: 100 },
    );
    expect(await call(SAY, message)).toMatchObject({ ok: false, code: "deadline_exceeded" });
  });

  test("says when nobody is there", async () => {
    const server = await listening(() => new Response(""));
    await server.close(0);
    const pinned = pinnedFetch();
    const call = connectClient({
      baseUrl: `http://127.0.0.1:${server.port}`,
      fetch: (url, init) => pinned(url, init, ["127.0.0.1"]),
    });
    expect(await call(SAY, message)).toEqual({
      ok: false,
      code: "connection_refused",
      message: expect.stringContaining(`127.0.0.1:${server.port} refused the connection`),
    });
  });
});
