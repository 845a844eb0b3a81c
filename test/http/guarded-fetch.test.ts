import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type FetchPolicy, guardedFetch, systemResolve } from "../../src/http/guarded-fetch.ts";
import { pinnedFetch } from "../../src/runtime/pinned-fetch.ts";
import type { PinnedFetch } from "../../src/runtime/runtime.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const answers: Record<string, Answer> = {
  "/ok": (_, response) => response.setHeader("etag", '"1"').end("hello"),
  "/empty": (_, response) => response.writeHead(204).end(),
  "/redirect": (_, response) => response.writeHead(302, { location: "/ok" }).end("moved"),
  "/missing": (_, response) => response.writeHead(404).end("x".repeat(5000)),
  "/huge-error": (_, response) => {
    response.writeHead(503);
    pourForever(response);
  },
  "/never": () => {},
  "/half": (_, response) => response.write("half of it"),
  "/cut": (_, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half of it", () => response.destroy());
  },
  "/exact": (_, response) => response.end(new Uint8Array(1000)),
  "/over": (_, response) => response.end(new Uint8Array(1001)),
  "/endless": (_, response) => pourForever(response),
  "/bomb": (_, response) => {
    response.setHeader("content-encoding", "gzip");
    response.end(gzipSync(new Uint8Array(20_000_000)));
  },
  "/conditional": (request, response) =>
    response.writeHead(request.headers["if-none-match"] === '"1"' ? 304 : 200).end(),
  "/echo": (request, response) => {
    response.setHeader("x-method", request.method ?? "");
    response.setHeader("x-type", request.headers["content-type"] ?? "");
    request.pipe(response);
  },
};

function pourForever(response: ServerResponse): void {
  const chunk = new Uint8Array(65_536);
  const pour = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on("drain", pour);
  pour();
}

let server: Server;
let base = "";
let requests = 0;
beforeAll(async () => {
  server = createServer((request, response) => {
    requests += 1;
    answers[request.url?.split("?")[0] ?? ""]?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  requests = 0;
});

const policy: FetchPolicy = {
  fetch: pinnedFetch(),
  resolve: systemResolve,
  allowPrivate: true,
  timeoutMs: 10_000,
  maxBytes: 1000,
};
const get = (path: string, more: Partial<FetchPolicy> = {}) =>
  guardedFetch(`http://${base}${path}`, { ...policy, ...more });

describe("guardedFetch() of an allowed URL", () => {
  test("returns status, headers and bytes", async () => {
    const fetched = await get("/ok?token=1#part");
    if (!fetched.ok) throw new Error(fetched.message);
    expect(fetched.value.status).toBe(200);
    expect(fetched.value.headers.get("etag")).toBe('"1"');
    expect(fetched.value.bytes).toEqual(new TextEncoder().encode("hello"));
  });

  test("returns no bytes if there is no body", async () => {
    expect(await get("/empty")).toMatchObject({
      ok: true,
      value: { status: 204, bytes: new Uint8Array() },
    });
  });

  test("sends conditional headers and accepts 304", async () => {
    const headers = { "if-none-match": '"1"' };
    expect(await guardedFetch(`http://${base}/conditional`, policy, { headers })).toMatchObject({
      ok: true,
      value: { status: 304, bytes: new Uint8Array() },
    });
  });

  test("sends method, headers and body", async () => {
    const body = new TextEncoder().encode("ping");
    const fetched = await guardedFetch(`http://${base}/echo`, policy, {
      method: "POST",
      headers: { "content-type": "application/proto" },
      body,
    });
    if (!fetched.ok) throw new Error(fetched.message);
    expect(fetched.value.bytes).toEqual(body);
    expect(fetched.value.headers.get("x-method")).toBe("POST");
    expect(fetched.value.headers.get("x-type")).toBe("application/proto");
  });

  test("accepts exactly maxBytes", async () => {
    const fetched = await get("/exact");
    expect(fetched.ok && fetched.value.bytes.length).toBe(1000);
  });

  test("cuts the text of an accepted error to 1 KiB, even if it is endless", async () => {
    for (const [path, status] of [["/missing", 404], ["/huge-error", 503]] as const) {
      const fetched = await guardedFetch(`http://${base}${path}`, { ...policy, maxBytes: 9000 }, {
        accepts: () => true,
      });
      if (!fetched.ok) throw new Error(fetched.message);
      expect(fetched.value.status).toBe(status);
      expect(fetched.value.bytes.length).toBe(1024);
    }
  });

  test("resolves names, and passes on the addresses that it checked", async () => {
    const seen: unknown[] = [];
    const pinning: PinnedFetch = (url, _, addresses) => {
      seen.push(url, addresses);
      return Promise.resolve(new Response("pinned"));
    };
    const resolve = (name: string) => {
      seen.push(name);
      return Promise.resolve(["8.8.8.8", "2606:4700::1"]);
    };
    const fetched = await guardedFetch("https://Keys.example:8443/a?b#c", {
      ...policy,
      fetch: pinning,
      resolve,
      allowPrivate: false,
    });
    expect(fetched).toMatchObject({ ok: true, value: { status: 200 } });
    expect(seen).toEqual([
      "keys.example",
      "https://keys.example:8443/a?b",
      ["8.8.8.8", "2606:4700::1"],
    ]);
  });

  test("finds this machine by its name", async () => {
    const port = base.split(":")[1];
    const fetched = await guardedFetch(`http://localhost:${port}/ok`, {
      ...policy,
      resolve: async (name) => (await systemResolve(name)).filter((it) => it === "127.0.0.1"),
    });
    expect(fetched).toMatchObject({ ok: true, value: { status: 200 } });
  });
});

describe("guardedFetch() refuses", () => {
  const strict: Partial<FetchPolicy> = { allowPrivate: false, allowHttp: true };

  test("a URL that is not http(s) or has credentials, without repeating it", async () => {
    const cases: [string, string][] = [
      ["", "the address is not a URL"],
      ["secret", "the address is not a URL"],
      ["//secret/x", "the address is not a URL"],
      ["file:///secret", "the address must start with https://"],
      ["ftp://secret/", "the address must start with https://"],
      ["data:text/plain,secret", "the address must start with https://"],
      [
        "https://secret@keys.example/",
        "keys.example: the address must not contain a user or password",
      ],
      [
        "https://:secret@keys.example/",
        "keys.example: the address must not contain a user or password",
      ],
    ];
    for (const [url, message] of cases) {
      expect(await guardedFetch(url, policy)).toEqual({
        ok: false,
        code: "fetch_refused",
        message,
      });
    }
  });

  test("http where only https is allowed", async () => {
    expect(await get("/ok?secret", { allowPrivate: false })).toEqual({
      ok: false,
      code: "fetch_refused",
      message: `${base}: the address must start with https://`,
    });
    expect(requests).toBe(0);
  });

  test("private addresses in any spelling, before it sends anything", async () => {
    const port = base.split(":")[1];
    const hosts = [
      "127.0.0.1",
      "127.1",
      "2130706433",
      "0x7f000001",
      "0177.0.0.1",
      "[::1]",
      "[::ffff:127.0.0.1]",
      "[::ffff:7f00:1]",
      "10.0.0.1",
      "192.168.1.1",
      "[fd00::1]",
      "[64:ff9b::127.0.0.1]",
      "127.0.0.1.",
    ];
    for (const host of hosts) {
      expect(await guardedFetch(`http://${host}:${port}/ok`, { ...policy, ...strict })).toEqual({
        ok: false,
        code: "fetch_refused",
        message: expect.stringMatching(
          /^\S+ is at a private address: set PEER_ALLOW_PRIVATE=true to allow it$/,
        ),
      });
    }
    expect(requests).toBe(0);
  });

  test("special addresses, even where private ones are allowed", async () => {
    const hosts = [
      "169.254.169.254",
      "0.0.0.0",
      "[::]",
      "224.0.0.1",
      "[fe80::1]",
      "[fd00:ec2::254]",
    ];
    for (const host of hosts) {
      expect(await guardedFetch(`http://${host}/latest/meta-data`, policy)).toEqual({
        ok: false,
        code: "fetch_refused",
        message: `${host} is at a special address, which this server never connects to`,
      });
    }
  });

  test("a name with one private address among public ones", async () => {
    const resolve = () => Promise.resolve(["8.8.8.8", "10.0.0.1"]);
    expect(await guardedFetch("https://keys.example/?secret", { ...policy, ...strict, resolve }))
      .toEqual({
        ok: false,
        code: "fetch_refused",
        message: "keys.example is at a private address: set PEER_ALLOW_PRIVATE=true to allow it",
      });
  });

  test("this machine by its name", async () => {
    const port = base.split(":")[1];
    const fetched = await guardedFetch(`http://localhost:${port}/ok`, { ...policy, ...strict });
    expect(fetched).toMatchObject({ ok: false, code: "fetch_refused" });
    expect(requests).toBe(0);
  });

  test("redirects, without following them", async () => {
    expect(await get("/redirect")).toEqual({
      ok: false,
      code: "fetch_refused",
      message: `${base} answered with a redirect: give the final address`,
    });
    const always = await guardedFetch(`http://${base}/redirect`, policy, { accepts: () => true });
    expect(always).toMatchObject({ ok: false, code: "fetch_refused" });
    expect(requests).toBe(2);
  });
});

describe("guardedFetch() fails", () => {
  test("on a status that is not accepted, without showing the body", async () => {
    expect(await get("/missing?secret")).toEqual({
      ok: false,
      code: "fetch_failed",
      message: `${base} answered HTTP 404`,
    });
  });

  test("when the name, the head or the rest of the body takes longer than timeoutMs", async () => {
    const late = (host: string) =>
      `${host} did not answer within 40 ms: check that the server is running, and that no firewall drops the connection`;
    const failure = { ok: false, code: "deadline_exceeded", message: late(base) };
    expect(await get("/never", { timeoutMs: 40 })).toEqual(failure);
    expect(await get("/half", { timeoutMs: 40 })).toEqual(failure);
    const resolve = () => new Promise<string[]>(() => {});
    expect(await guardedFetch("https://keys.example/", { ...policy, timeoutMs: 40, resolve }))
      .toEqual({ ...failure, message: late("keys.example") });
  });

  test("even if neither fetch nor the body observes the signal", async () => {
    const deaf: PinnedFetch = () => new Promise(() => {});
    const deafBody: PinnedFetch = () => Promise.resolve(new Response(new ReadableStream()));
    for (const fetch of [deaf, deafBody]) {
      expect(await get("/ok", { fetch, timeoutMs: 40 })).toMatchObject({
        code: "deadline_exceeded",
        message: expect.stringContaining(`${base} did not answer within 40 ms`),
      });
    }
  });

  test("when the body is interrupted", async () => {
    expect(await get("/cut")).toEqual({
      ok: false,
      code: "connection_failed",
      message: expect.stringContaining(`${base} cannot be reached, or closed the connection`),
    });
  });

  test("when no server listens, without naming the address", async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, "127.0.0.1", resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    expect(await guardedFetch(`http://127.0.0.1:${port}/?secret`, policy)).toEqual({
      ok: false,
      code: "connection_refused",
      message:
        `127.0.0.1:${port} refused the connection: check the port, that the server is running, and that its firewall lets you in`,
    });
  });

  test("when the name has no address or cannot be looked up", async () => {
    expect(await guardedFetch("https://keys.example/", { ...policy, resolve: async () => [] }))
      .toEqual({ ok: false, code: "host_not_found", message: "keys.example has no address" });
    const failing = () =>
      Promise.reject(Object.assign(new Error("getaddrinfo secret"), { code: "ENOTFOUND" }));
    expect(await guardedFetch("https://keys.example/", { ...policy, resolve: failing })).toEqual({
      ok: false,
      code: "host_not_found",
      message: "keys.example was not found: check the name, and that this machine's DNS knows it",
    });
  });

  test("with canceled when the caller aborts it, before or during the request", async () => {
    let lookups = 0;
    const resolve = () => Promise.reject(new Error(`lookup ${++lookups}`));
    const before = AbortSignal.abort();
    expect(await guardedFetch("https://keys.example/", { ...policy, resolve }, { signal: before }))
      .toMatchObject({ ok: false, code: "canceled", message: "canceled" });
    expect(lookups).toBe(0);
    const meanwhile = new AbortController();
    const abortingFetch: PinnedFetch = (url, init) => {
      queueMicrotask(() => meanwhile.abort());
      return fetch(url, init);
    };
    expect(
      await guardedFetch(`http://${base}/never`, { ...policy, fetch: abortingFetch }, {
        signal: meanwhile.signal,
      }),
    ).toMatchObject({ ok: false, code: "canceled" });
  });
});

describe("guardedFetch() stops reading", () => {
  test.each(["/over", "/endless", "/bomb"])("after maxBytes: %s", async (path) => {
    expect(await get(path)).toEqual({
      ok: false,
      code: "limit_exceeded",
      message: `${base} answered with more than 1000 bytes`,
    });
  });

  test.each([
    ["/endless", "limit_exceeded"],
    ["/huge-error", "fetch_failed"],
  ])("and closes the connection of an endless body: %s", async (path, code) => {
    const closed = new Promise<void>((resolve) => {
      server.once("request", (_, response) => response.once("close", resolve));
    });
    expect(await get(path)).toMatchObject({ ok: false, code });
    await closed;
  });
});
