import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Handler } from "../../src/runtime/runtime.ts";
import { AUTHORITY, CLIENT, SERVER } from "./certificates.ts";
import { listening } from "./listening.ts";
import { http2Request, http2Session, trickle, wire } from "./peers.ts";

const TLS = { ...SERVER, clientCa: AUTHORITY };

/** Returns to the client what the handler received. */
const mirror: Handler = async (request, connection) => {
  connection.setTrailer?.("x-trailer", "set");
  const { pathname, protocol } = new URL(request.url);
  const bytes = (await request.arrayBuffer()).byteLength;
  const { clientCertificateFingerprint = "none" } = connection;
  const trailers = connection.setTrailer !== undefined;
  return new Response(
    [protocol, request.method, pathname, bytes, trailers, clientCertificateFingerprint].join(" "),
  );
};

const GET = "GET /there HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

describe("one port", () => {
  test("answers HTTP/1.1 in cleartext", async () => {
    const { port } = await listening(mirror);
    const response = await fetch(`http://127.0.0.1:${port}/a`, { method: "POST", body: "four" });
    expect(await response.text()).toBe("http: POST /a 4 false none");
  });

  test("answers HTTP/2 in cleartext, with trailers", async () => {
    const { port } = await listening(mirror);
    const session = http2Session(`http://127.0.0.1:${port}`);
    const seen = await http2Request(
      session,
      { ":method": "POST", ":path": "/b" },
      Buffer.from("four"),
    );
    expect(seen).toMatchObject({ status: 200, text: "http: POST /b 4 true none" });
    expect(seen.trailers).toMatchObject({ "x-trailer": "set" });
  });

  test("sends trailers after a response without a body", async () => {
    const { port } = await listening((_, connection) => {
      connection.setTrailer?.("x-trailer", "set");
      return new Response(null);
    });
    const seen = await http2Request(http2Session(`http://127.0.0.1:${port}`), { ":path": "/" });
    expect(seen).toMatchObject({ status: 200, text: "", trailers: { "x-trailer": "set" } });
  });

  test("answers HTTP/1.1 over TLS", async () => {
    const { port } = await listening(mirror, { tls: TLS });
    const { socket, said } = wire(port, { ca: AUTHORITY, ALPNProtocols: ["http/1.1"] });
    socket.write(GET);
    expect(await said).toContain("https: GET /there 0 false none");
  });

  test.each([["cleartext", undefined], ["TLS", TLS]])(
    "keeps an HTTP/1.1 connection open in %s",
    async (_, tls) => {
      const { port } = await listening(mirror, tls === undefined ? {} : { tls });
      const { socket, said } = wire(port, tls === undefined ? undefined : { ca: AUTHORITY });
      for (let i = 0; i < 3; i++) {
        socket.write("GET /again HTTP/1.1\r\nhost: localhost\r\n\r\n");
        await once(socket, "data");
      }
      socket.write("POST /once HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\n\r\nfour" + GET);
      const text = await said;
      expect(text.match(/\/\w+ \d/g)).toEqual([
        "/again 0",
        "/again 0",
        "/again 0",
        "/once 4",
        "/there 0",
      ]);
    },
  );

  test("answers HTTP/2 over TLS", async () => {
    const { port } = await listening(mirror, { tls: TLS });
    const session = http2Session(`https://localhost:${port}`, { ca: AUTHORITY });
    const seen = await http2Request(session, { ":path": "/d" });
    expect(seen.text).toBe("https: GET /d 0 true none");
  });

  test("passes on a client's certificate over HTTP/2", async () => {
    const { port } = await listening(mirror, { tls: TLS });
    const { cert, key, fingerprint } = CLIENT;
    const session = http2Session(`https://localhost:${port}`, { ca: AUTHORITY, cert, key });
    expect((await http2Request(session, { ":path": "/" })).text).toContain(` ${fingerprint}`);
  });

  test("passes on a client's certificate over HTTP/1.1", async () => {
    const { port } = await listening(mirror, { tls: TLS });
    const { cert, key, fingerprint } = CLIENT;
    const { socket, said } = wire(port, { ca: AUTHORITY, cert, key });
    socket.write(GET);
    expect(await said).toContain(` ${fingerprint}`);
  });

  test("does not trust a client certificate of an unknown authority", async () => {
    const { cert, key } = CLIENT;
    const { port } = await listening(mirror, { tls: { ...SERVER, clientCa: SERVER.cert } });
    const session = http2Session(`https://localhost:${port}`, { ca: AUTHORITY, cert, key });
    expect((await http2Request(session, { ":path": "/" })).text).toMatch(/ none$/);
  });

  test.each(["GET", "PUT", "PROPFIND"])(
    "distinguishes %s from HTTP/2 byte by byte",
    async (method) => {
      const { port } = await listening(mirror);
      const { socket, said } = wire(port);
      await trickle(socket, GET.replace("GET", method));
      expect(await said).toContain(`http: ${method} /there 0 false none`);
    },
  );

  test("distinguishes HTTP/2 from HTTP/1.1 byte by byte", async () => {
    const { port } = await listening(mirror);
    const { socket } = wire(port);
    const answered = once(socket, "data");
    await trickle(socket, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    const [frame] = await answered;
    // The type of the first frame is SETTINGS.
    expect(String(frame).charCodeAt(3)).toBe(4);
  });
});

describe("listen()", () => {
  test("returns the actual port", async () => {
    const { port } = await listening(mirror);
    expect(port).toBeGreaterThan(0);
  });

  test("names HOST and PORT when the port is taken", async () => {
    const { port } = await listening(mirror);
    await expect(listening(mirror, { port })).rejects.toMatchObject({
      code: "invalid_configuration",
      message:
        `127.0.0.1 port ${port} is in use: stop the program that listens there, or set another PORT`,
    });
  });

  test("names HOST when the address is not ours", async () => {
    await expect(listening(mirror, { host: "192.0.2.1" })).rejects.toMatchObject({
      code: "invalid_configuration",
      message: "192.0.2.1 port 0 is not an address of this machine: set another HOST",
    });
  });

  test("refuses an invalid certificate", async () => {
    await expect(listening(mirror, { tls: { cert: "none", key: "none" } })).rejects.toMatchObject({
      code: "invalid_configuration",
      message: expect.stringContaining("TLS certificate"),
    });
  });

  test("has trailers on this runtime", () => {
    expect(currentRuntime().trailers).toEqual({ ok: true });
  });
});
