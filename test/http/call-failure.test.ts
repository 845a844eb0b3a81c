import { createServer as createHttpServer } from "node:http";
import { createSecureServer } from "node:http2";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Outcome, refuse } from "../../src/errors.ts";
import { callFailure, isUnreachable } from "../../src/http/call-failure.ts";
import { guardedFetch } from "../../src/http/guarded-fetch.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { pinnedFetch } from "../../src/runtime/pinned-fetch.ts";
import type { TlsIdentity } from "../../src/runtime/runtime.ts";
import { type TlsAuthority, tlsAuthority } from "../support/tls-authority.ts";

const HOST = "peer.example";
const DAY_MS = 86_400_000;
const CA_SETTING = "set NODE_EXTRA_CA_CERTS to the file with its certificate";

let authority: TlsAuthority;
let other: TlsAuthority;
let server: TlsIdentity;
let stranger: TlsIdentity;
beforeAll(async () => {
  [authority, other] = await Promise.all([tlsAuthority("Known"), tlsAuthority("Unknown")]);
  server = await authority.issue({ names: [HOST] });
  stranger = await other.issue({ names: ["client.example"] });
});

/** The two kinds of outgoing calls: HTTP/1.1, and HTTP/2 as native gRPC needs it. */
const WAYS: readonly {
  readonly way: string;
  readonly call: (
    port: number,
    identity?: TlsIdentity,
    scheme?: string,
  ) => Promise<Outcome<unknown>>;
}[] = [
  {
    way: "over HTTP/1.1",
    call: (port, identity, scheme = "https") =>
      guardedFetch(`${scheme}://${HOST}:${port}/`, {
        fetch: pinnedFetch({ ca: authority.certificate }),
        resolve: () => Promise.resolve(["127.0.0.1"]),
        allowPrivate: true,
        timeoutMs: 10_000,
        maxBytes: 1000,
        ...(identity === undefined ? {} : { identity }),
      }, { method: "POST" }),
  },
  {
    way: "over HTTP/2",
    call: async (port, identity, scheme = "https") => {
      const url = new URL(`${scheme}://${HOST}:${port}/`);
      try {
        const value = await currentRuntime().exchange({
          url,
          headers: {},
          body: new Uint8Array(0),
          maxBytes: 1000,
          signal: new AbortController().signal,
          resolve: () => Promise.resolve("127.0.0.1"),
          ca: authority.certificate,
          ...(identity === undefined ? {} : { identity }),
        });
        return { ok: true, value };
      } catch (error) {
        return callFailure(error, { host: url.host, showedCertificate: identity !== undefined });
      }
    },
  },
];

describe.each(WAYS)("a call $way reports:", ({ call }) => {
  test("nothing for a working server", async () => {
    const port = await tlsServer(server);
    expect(await call(port)).toMatchObject({ ok: true });
  });

  test("a certificate that has expired", async () => {
    const port = await tlsServer(
      await authority.issue({ names: [HOST], until: Date.now() - DAY_MS }),
    );
    expect(await call(port)).toEqual(refuse(
      "certificate_expired",
      `${HOST}:${port} shows a certificate that has expired: its operator must renew it; if it has not, check this machine's clock`,
    ));
  });

  test("a certificate that is not valid yet", async () => {
    const port = await tlsServer(
      await authority.issue({ names: [HOST], from: Date.now() + DAY_MS }),
    );
    expect(await call(port)).toEqual(refuse(
      "certificate_not_yet_valid",
      `${HOST}:${port} shows a certificate that is not valid yet: check this machine's clock, else its operator must show another one`,
    ));
  });

  test("a certificate for another name", async () => {
    const port = await tlsServer(await authority.issue({ names: ["other.example"] }));
    expect(await call(port)).toEqual(refuse(
      "certificate_wrong_host",
      `${HOST}:${port} shows a certificate for another name: check the URL, else its operator must get a certificate for this name`,
    ));
  });

  test("a certificate of an unknown authority", async () => {
    const port = await tlsServer(await other.issue({ names: [HOST] }));
    expect(await call(port)).toMatchObject({
      code: "certificate_untrusted",
      message: expect.stringContaining(CA_SETTING),
    });
  });

  test("a client certificate that was requested and not presented", async () => {
    const port = await tlsServer(server, { ca: authority.certificate });
    expect(await call(port)).toEqual(refuse(
      "client_certificate_missing",
      `${HOST}:${port} asks for a client certificate and got none: set TLS_CLIENT_CERT_FILE and TLS_CLIENT_KEY_FILE`,
    ));
  });

  test("that a client certificate may have been refused", async () => {
    const port = await tlsServer(server, { ca: authority.certificate });
    expect(await call(port, await authority.issue({ names: ["client.example"] })))
      .toMatchObject({ ok: true });
    // Node's server sends no alert, but closes the connection.
    expect(await call(port, stranger)).toMatchObject({
      code: "connection_failed",
      message: expect.stringContaining("it was shown our client certificate and may refuse it"),
    });
  });

  test("a refused connection", async () => {
    const gone = createTcpServer();
    const port = await listen(gone);
    await new Promise((resolve) => gone.close(resolve));
    expect(await call(port)).toEqual(refuse(
      "connection_refused",
      `${HOST}:${port} refused the connection: check the port, that the server is running, and that its firewall lets you in`,
    ));
  });

  test("a connection that is closed before any response", async () => {
    const port = await listen(createTcpServer((socket) => socket.destroy()));
    expect(await call(port)).toMatchObject({ code: "connection_failed" });
  });

  test("a server without TLS", async () => {
    const port = await listen(createHttpServer((_, response) => response.end("hello")));
    expect(await call(port)).toEqual(refuse(
      "wrong_protocol",
      `${HOST}:${port} answers in another protocol: check scheme, port and path of the URL, and whether a proxy or another program answers there`,
    ));
  });

  test("something that is not an HTTP server", async () => {
    const port = await listen(
      createTcpServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => socket.end("SSH-2.0-OpenSSH_9.2\r\n"));
      }),
    );
    expect(await call(port, undefined, "http")).toMatchObject({ code: "wrong_protocol" });
    expect(await call(port)).toMatchObject({ code: "wrong_protocol" });
  });
});

test("an unknown name, and one without an address", async () => {
  const policy = {
    fetch: pinnedFetch(),
    allowPrivate: true,
    timeoutMs: 10_000,
    maxBytes: 1000,
  };
  const notFound = Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });
  for (const resolve of [() => Promise.reject(notFound), () => Promise.resolve([])]) {
    expect(await guardedFetch("https://peer.example/", { ...policy, resolve }))
      .toMatchObject({ code: "host_not_found", message: expect.stringMatching(/^peer\.example /) });
  }
});

describe("callFailure()", () => {
  const coded = (code: string, message = "", cause?: unknown) =>
    Object.assign(new Error(message, { cause }), { code });

  test("finds the cause at any depth, and among several attempts", () => {
    const deep = new TypeError("fetch failed", {
      cause: new Error("outer", { cause: coded("CERT_HAS_EXPIRED") }),
    });
    expect(callFailure(deep, { host: HOST })).toMatchObject({ code: "certificate_expired" });
    const both = new AggregateError([coded("ENETUNREACH"), coded("ECONNREFUSED")]);
    expect(callFailure(both, { host: HOST })).toMatchObject({ code: "connection_failed" });
  });

  test.each([
    [40, "tls_failed"],
    [42, "client_certificate_refused"],
    [45, "client_certificate_refused"],
    [48, "client_certificate_refused"],
    [116, "client_certificate_missing"],
  ])("reads alert %i in the text of TLS 1.2", (alert, code) => {
    const error = coded("EPROTO", `write EPROTO error:0A000410:SSL alert number ${alert}`);
    expect(callFailure(error, { host: HOST })).toMatchObject({ code });
  });

  // As both runtimes report them for a server with OpenSSL 3.0 over TLS 1.2 and 1.3.
  test.each([
    ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "client_certificate_refused"],
    ["ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED", "client_certificate_refused"],
    ["ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", "client_certificate_refused"],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "client_certificate_missing"],
    ["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", "tls_failed"],
  ])("reads the alert %s", (alert, code) => {
    expect(callFailure(coded(alert), { host: HOST, showedCertificate: true }))
      .toMatchObject({ code });
  });

  test("reports a missing certificate if none was presented", () => {
    const refused = coded("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA");
    expect(callFailure(refused, { host: HOST, showedCertificate: false }))
      .toMatchObject({ code: "client_certificate_missing" });
  });

  test("uses the system's code for unknown causes, and repeats no text", () => {
    expect(callFailure(coded("EWEIRD", "at 10.0.0.1:443"), { host: HOST }))
      .toEqual(refuse("fetch_failed", "peer.example could not be reached (EWEIRD)"));
    expect(callFailure("not even an error", { host: HOST }))
      .toEqual(refuse("fetch_failed", "peer.example could not be reached"));
  });

  test("counts as unreachable, like a time-out and unlike a refusal", () => {
    expect((["certificate_expired", "wrong_protocol", "fetch_failed", "deadline_exceeded"] as const)
      .every(isUnreachable)).toBe(true);
    expect((["fetch_refused", "limit_exceeded", "unauthenticated", "not_found"] as const)
      .some(isUnreachable)).toBe(false);
  });
});

/** Speaks HTTP/2 and HTTP/1.1; with `ca` only with clients whose certificates it signed. */
function tlsServer(identity: TlsIdentity, clients?: { readonly ca: string }): Promise<number> {
  return listen(
    createSecureServer({
      ...identity,
      allowHTTP1: true,
      ...(clients === undefined ? {} : { ...clients, requestCert: true }),
    }, (_, response) => void response.end("hello")),
  );
}

async function listen(listener: Server): Promise<number> {
  // This test checks only the client's side of a broken handshake.
  listener.on("tlsClientError", () => {}).on("sessionError", () => {});
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    listener.close();
  });
  return (listener.address() as AddressInfo).port;
}
