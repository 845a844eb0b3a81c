import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { pinnedFetch } from "../../src/runtime/pinned-fetch.ts";

/** A server on loopback that counts its connections. */
async function counting(listener: RequestListener) {
  let connections = 0;
  const server = createServer(listener);
  server.on("connection", () => connections += 1);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { server, url: `http://keys.example:${port}/`, connections: () => connections };
}

const AT = ["127.0.0.1"];

test("keeps the connection of a GET for the next one; a POST has its own", async () => {
  const { url, connections } = await counting((_, response) => response.end("hello"));
  const fetch = pinnedFetch();
  for (const method of ["GET", "POST", "GET", "POST", "HEAD"]) {
    const answer = await fetch(url, { method }, AT);
    expect(await answer.text()).toBe(method === "HEAD" ? "" : "hello");
  }
  expect(connections()).toBe(3);
});

test("retries when a kept connection was closed, but never repeats a POST", async () => {
  const seen: (string | undefined)[] = [];
  const { url } = await counting((request, response) => {
    seen.push(request.method);
    // The server closes the connection at every second request.
    if (seen.length % 2 === 0) request.socket.destroy();
    else response.end("hello");
  });
  const fetch = pinnedFetch();
  const say = async (method: string) => await (await fetch(url, { method }, AT)).text();
  expect(await say("GET")).toBe("hello");
  expect(await say("GET")).toBe("hello");
  await expect(say("POST")).rejects.toThrow();
  expect(seen).toEqual(["GET", "GET", "GET", "POST"]);
});

test("tries the addresses in turn", async () => {
  const { url } = await counting((_, response) => response.end("hello"));
  const answer = await pinnedFetch()(url, {}, ["127.0.0.9", "127.0.0.1"]);
  expect(await answer.text()).toBe("hello");
});

test("connects nowhere without an address", async () => {
  const { url, connections } = await counting((_, response) => response.end("hello"));
  await expect(pinnedFetch()(url, {}, [])).rejects.toMatchObject({ code: "ENOTFOUND" });
  expect(connections()).toBe(0);
});

test("decodes only the content codings that it requested", async () => {
  const asked: unknown[] = [];
  const { url } = await counting((request, response) => {
    asked.push(request.headers["accept-encoding"]);
    response.setHeader("content-encoding", "gzip");
    response.end(gzipSync("hello"));
  });
  const plain = await pinnedFetch()(url, {}, AT);
  expect(await plain.text()).toBe("hello");
  expect(plain.headers.get("content-encoding")).toBeNull();
  const packed = await pinnedFetch()(url, { headers: { "accept-encoding": "gzip" } }, AT);
  expect(new Uint8Array(await packed.arrayBuffer())).toEqual(new Uint8Array(gzipSync("hello")));
  expect(asked).toEqual(["gzip, deflate", "gzip"]);
});

test("may be aborted after a response that is never read", async () => {
  const { url } = await counting((_, response) => response.end("x".repeat(5000)));
  const ended = new AbortController();
  const answer = await pinnedFetch()(url, { signal: ended.signal }, AT);
  ended.abort();
  await expect(answer.text()).rejects.toThrow();
});
