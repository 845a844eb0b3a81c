import { once } from "node:events";
import { expect, test } from "vitest";
import type { Handler } from "../../src/runtime/runtime.ts";
import { gate, listening } from "./listening.ts";
import { http2Request, http2Session, wire } from "./peers.ts";
import { SERVER } from "./certificates.ts";

const ok: Handler = () => new Response("ok");
const readAll: Handler = async (request) => {
  await request.arrayBuffer();
  return new Response("ok");
};

/** Checks that the server still works. */
async function expectAlive(port: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/`);
  expect(await response.text()).toBe("ok");
}

test("a silent connection is closed", async () => {
  const { port } = await listening(ok, { limits: { firstByteMs: 50 } });
  expect(await wire(port).said).toBe("");
});

test("a connection that stops within the preface of HTTP/2 is closed", async () => {
  const { port } = await listening(ok, { limits: { firstByteMs: 50 } });
  const { socket, said } = wire(port);
  socket.write("PR");
  expect(await said).toBe("");
});

test("a TLS connection without a handshake is closed", async () => {
  const { port } = await listening(ok, { limits: { firstByteMs: 50 }, tls: SERVER });
  expect(await wire(port).said).toBe("");
});

test("slow headers are ended with 408", async () => {
  const { port } = await listening(ok, { limits: { headersMs: 100, requestMs: 10_000 } });
  const { socket, said } = wire(port);
  socket.write("GET / HTTP/1.1\r\nhost: a\r\n");
  expect(await said).toMatch(/^HTTP\/1\.1 408 /);
});

test("a slow HTTP/1.1 body is ended", async () => {
  const { port } = await listening(readAll, { limits: { headersMs: 50, requestMs: 100 } });
  const { socket, said } = wire(port);
  socket.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc");
  expect(await said).not.toContain("200");
  await expectAlive(port);
});

test("a slow HTTP/2 body is ended", async () => {
  const { port } = await listening(readAll, { limits: { requestMs: 50 } });
  const session = http2Session(`http://127.0.0.1:${port}`);
  const stream = session.request({ ":method": "POST", ":path": "/" });
  stream.on("error", () => {});
  stream.write("abc");
  await once(stream, "close");
  expect(stream.rstCode).toBe(8);
  await expectAlive(port);
});

test("headers that are too large are refused with 431", async () => {
  const { port } = await listening(ok, { limits: { maxHeaderBytes: 1_024 } });
  const { socket, said } = wire(port);
  socket.write(`GET / HTTP/1.1\r\nhost: a\r\nx: ${"x".repeat(2_000)}\r\n\r\n`);
  expect(await said).toMatch(/^HTTP\/1\.1 431 /);
});

test.each([
  ["noise", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"],
  ["a preface without frames", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET / HTTP/1.1\r\n\r\n"],
  ["a bad preface", "PRIGET / HTTP/1.1\r\n\r\n"],
  [
    "two lengths",
    "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
])("%s does no harm", async (_, bytes) => {
  const { port } = await listening(ok);
  const { socket, said } = wire(port);
  socket.write(Buffer.from(bytes, "latin1"));
  expect(await said).not.toContain("200 OK");
  await expectAlive(port);
});

test("a client that resets request after request is disconnected", async () => {
  const { port } = await listening(() => new Promise(() => {}), { limits: { maxResets: 5 } });
  const session = http2Session(`http://127.0.0.1:${port}`);
  await once(session, "connect");
  const goneAway = new Promise((resolve) => session.once("goaway", resolve));
  const closed = new Promise<void>((resolve) => session.once("close", () => resolve()));
  for (let i = 0; i < 20; i++) {
    const stream = session.request({ ":method": "POST", ":path": "/" });
    stream.on("error", () => {});
    stream.close(8);
  }
  await closed;
  // ENHANCE_YOUR_CALM
  expect(await goneAway).toBe(11);
});

test("connection headers of a response are not sent over HTTP/2", async () => {
  const { port } = await listening(() => {
    const headers = { connection: "close", "transfer-encoding": "chunked" };
    return new Response("ok", { headers });
  });
  const seen = await http2Request(http2Session(`http://127.0.0.1:${port}`), { ":path": "/" });
  expect(seen).toMatchObject({ status: 200, text: "ok" });
});

test.each(["HTTP/1.1", "HTTP/2"])(
  "a refusal reaches a client still sending over %s",
  async (version) => {
    const { port } = await listening(() => new Response("too large", { status: 413 }));
    const body = new Uint8Array(6 * 1024 * 1024);
    if (version === "HTTP/2") {
      const session = http2Session(`http://127.0.0.1:${port}`);
      const seen = await http2Request(session, { ":method": "POST", ":path": "/" }, body);
      expect(seen).toMatchObject({ status: 413, text: "too large" });
      return;
    }
    const { socket, said } = wire(port);
    socket.write(
      `POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    socket.write(body);
    expect(await said).toMatch(/^HTTP\/1\.1 413 [^]*too large$/);
  },
);

test("a handler that throws leads to a 500 without details", async () => {
  const { port } = await listening(() => {
    throw new Error("secret");
  });
  const response = await fetch(`http://127.0.0.1:${port}/`);
  expect(response.status).toBe(500);
  expect(await response.text()).toBe("");
});

test.each(["HTTP/1.1", "HTTP/2"])(
  "a client that disconnects over %s aborts its request",
  async (version) => {
    const started = gate();
    const aborted = gate();
    const { port } = await listening((request) => {
      if (request.method === "GET") return new Response("ok");
      request.signal.addEventListener("abort", () => aborted.open());
      started.open();
      return new Promise(() => {});
    });
    if (version === "HTTP/2") {
      const stream = http2Session(`http://127.0.0.1:${port}`).request({
        ":method": "POST",
        ":path": "/",
      });
      stream.on("error", () => {});
      await started.passed;
      stream.close(8);
    } else {
      const { socket } = wire(port);
      socket.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nab");
      await started.passed;
      socket.destroy();
    }
    await aborted.passed;
    await expectAlive(port);
  },
);

test("a client that disconnects during the response does no harm", async () => {
  const { port } = await listening((request) => {
    if (new URL(request.url).pathname === "/") return new Response("ok");
    const endless = new ReadableStream({ pull: (sink) => sink.enqueue(new Uint8Array(65_536)) });
    return new Response(endless);
  });
  const { socket } = wire(port);
  socket.write("GET /endless HTTP/1.1\r\nhost: a\r\n\r\n");
  await once(socket, "data");
  socket.destroy();
  const stream = http2Session(`http://127.0.0.1:${port}`).request({ ":path": "/endless" });
  stream.on("error", () => {});
  await once(stream, "data");
  stream.close(8);
  await expectAlive(port);
});
