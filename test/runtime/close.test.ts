import { once } from "node:events";
import { expect, test } from "vitest";
import type { Handler } from "../../src/runtime/runtime.ts";
import { AUTHORITY, SERVER } from "./certificates.ts";
import { gate, listening } from "./listening.ts";
import { http2Request, http2Session, wire } from "./peers.ts";

/** Longer than any test may take, so a test that waits for it fails. */
const LONG_MS = 1_000_000;

const GET = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

/** A handler that reports when it is called, and answers when released. */
function held(): { handler: Handler; started: Promise<void>; release(): void } {
  const started = gate();
  const released = gate();
  const handler: Handler = async () => {
    started.open();
    await released.passed;
    return new Response("held");
  };
  return { handler, started: started.passed, release: () => released.open() };
}

test("close() ends connections without any request at once", async () => {
  const server = await listening(() => new Response("ok"));
  const { socket, said } = wire(server.port);
  await once(socket, "connect");
  await server.close(LONG_MS);
  expect(await said).toBe("");
});

test("close() ends idle connections at once", async () => {
  const server = await listening(() => new Response("ok"));
  const { socket, said } = wire(server.port);
  socket.write(GET);
  await once(socket, "data");
  const session = http2Session(`http://127.0.0.1:${server.port}`);
  await http2Request(session, { ":path": "/" });
  const goneAway = once(session, "goaway");
  await server.close(LONG_MS);
  expect(await said).toMatch(/^HTTP\/1\.1 200 /);
  expect((await goneAway)[0]).toBe(0);
});

test("close() ends idle TLS connections at once", async () => {
  const server = await listening(() => new Response("ok"), { tls: SERVER });
  const { socket, said } = wire(server.port, { ca: AUTHORITY });
  socket.write(GET);
  await once(socket, "data");
  await server.close(LONG_MS);
  expect(await said).toMatch(/^HTTP\/1\.1 200 /);
});

test("close() lets an HTTP/1.1 request finish, then ends its connection", async () => {
  const { handler, started, release } = held();
  const server = await listening(handler);
  const { socket, said } = wire(server.port);
  socket.write(GET);
  await started;
  const closed = server.close(LONG_MS);
  release();
  await closed;
  expect(await said).toMatch(/^HTTP\/1\.1 200 [^]*held$/);
});

test("close() lets an HTTP/2 request finish", async () => {
  const { handler, started, release } = held();
  const server = await listening(handler);
  const answer = http2Request(http2Session(`http://127.0.0.1:${server.port}`), { ":path": "/" });
  await started;
  const closed = server.close(LONG_MS);
  release();
  expect(await answer).toMatchObject({ status: 200, text: "held" });
  await closed;
});

test.each(["HTTP/1.1", "HTTP/2"])(
  "close() ends an %s request that does not finish in time",
  async (version) => {
    const { handler, started } = held();
    const server = await listening(handler);
    const broken = version === "HTTP/1.1"
      ? wireThatAsks(server.port)
      : http2Request(http2Session(`http://127.0.0.1:${server.port}`), { ":path": "/" }).catch(() =>
        ""
      );
    await started;
    await server.close(20);
    expect(await broken).toBe("");
  },
);

function wireThatAsks(port: number): Promise<string> {
  const { socket, said } = wire(port);
  socket.write(GET);
  return said;
}

test("close() stops accepting, and may be called again", async () => {
  const server = await listening(() => new Response("ok"));
  await Promise.all([server.close(LONG_MS), server.close(LONG_MS)]);
  await expect(fetch(`http://127.0.0.1:${server.port}/`)).rejects.toThrow(TypeError);
});
