import { beforeAll, describe, expect, it } from "vitest";
import type { BlobStore } from "../../src/blob/blob.ts";
import { memoryBlobStore } from "../../src/blob/memory.ts";
import { serveBlobs } from "../../src/blob/serve.ts";

const CONTENT = "0123456789";
const ZIP = { contentType: "application/zip", cacheControl: "public, max-age=86400" };
const INDEX = { contentType: "text/plain", cacheControl: "no-cache, max-age=0" };

const store = memoryBlobStore();
const serve = serveBlobs({ store, bucket: "exports" });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

let etag = "";
beforeAll(async () => {
  await store.put("exports", "a/1-2-00001.zip", bytes(CONTENT), ZIP);
  await store.put("exports", "a/index.txt", bytes("a/1-2-00001.zip\n"), INDEX);
  await store.put("exports", "a/empty.txt", bytes(""), INDEX);
  await store.put("other", "secret.zip", bytes("secret"), ZIP);
  etag = (await store.head("exports", "a/1-2-00001.zip"))?.etag ?? "";
});

function ask(
  method: string,
  headers: Record<string, string> = {},
  path = "a/1-2-00001.zip",
): Promise<Response> {
  const filled = Object.entries(headers).map(([name, value]): [string, string] => [
    name,
    value.replaceAll("ETAG", etag),
  ]);
  const request = new Request(`http://localhost/exports/${path}`, { method, headers: filled });
  return serve(request, path);
}

describe("serveBlobs()", () => {
  it("GET returns content, type, cache header, length and a strong entity tag", async () => {
    const response = await ask("GET");
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toEqual({
      "accept-ranges": "bytes",
      "cache-control": "public, max-age=86400",
      "content-length": "10",
      "content-type": "application/zip",
      etag,
    });
    expect(etag).toMatch(/^"[^"]+"$/);
    expect(await response.text()).toBe(CONTENT);
    const index = await ask("GET", {}, "a/index.txt");
    expect(index.headers.get("content-type")).toBe("text/plain");
    expect(index.headers.get("cache-control")).toBe("no-cache, max-age=0");
    expect(await index.text()).toBe("a/1-2-00001.zip\n");
  });

  it("HEAD returns the same headers as GET, and no body", async () => {
    const [get, head] = await Promise.all([ask("GET"), ask("HEAD", { range: "bytes=0-1" })]);
    expect(head.status).toBe(200);
    expect(Object.fromEntries(head.headers)).toEqual(Object.fromEntries(get.headers));
    expect(head.body).toBeNull();
  });

  it.each([
    ["bytes=0-9", 206, "0-9"],
    ["bytes=0-0", 206, "0-0"],
    ["bytes=3-5", 206, "3-5"],
    ["bytes=3-", 206, "3-9"],
    ["bytes=9-", 206, "9-9"],
    ["bytes=5-999999999999999", 206, "5-9"],
    ["bytes=-3", 206, "7-9"],
    ["bytes=-10", 206, "0-9"],
    ["bytes=-999", 206, "0-9"],
    ["BYTES=1-2", 206, "1-2"],
    ["bytes= 1-2 ", 206, "1-2"],
    ["bytes=10-", 416, "*"],
    ["bytes=10-20", 416, "*"],
    ["bytes=-0", 416, "*"],
    ["bytes=0-1,3-4", 200, ""],
    ["bytes=0-1, 3-4", 200, ""],
    ["bytes=5-3", 200, ""],
    ["bytes=-", 200, ""],
    ["bytes=", 200, ""],
    ["bytes", 200, ""],
    ["bytes=a-b", 200, ""],
    ["bytes=1-2-3", 200, ""],
    ["bytes=--1", 200, ""],
    ["bytes=1e1-", 200, ""],
    [`bytes=${"9".repeat(400)}-`, 200, ""],
    ["lines=0-1", 200, ""],
  ])("Range: %s → %i %s", async (range, status, expected) => {
    const response = await ask("GET", { range });
    expect(response.status).toBe(status);
    const content = await response.text();
    expect(response.headers.get("content-length")).toBe(String(content.length));
    const [first = "0", last = "9"] = expected.split("-");
    if (status === 206) expect(content).toBe(CONTENT.slice(Number(first), Number(last) + 1));
    if (status === 200) expect(content).toBe(CONTENT);
    if (status === 416) expect(content).toBe("");
    const contentRange = status === 200 ? null : `bytes ${expected}/10`;
    expect(response.headers.get("content-range")).toBe(contentRange);
    if (status === 206) expect(response.headers.get("etag")).toBe(etag);
  });

  it.each([
    ["GET", { "if-none-match": "ETAG" }, 304],
    ["HEAD", { "if-none-match": "ETAG" }, 304],
    ["GET", { "if-none-match": "W/ETAG" }, 304],
    ["GET", { "if-none-match": "*" }, 304],
    ["GET", { "if-none-match": ' "x", W/"y,z" , ETAG' }, 304],
    ["GET", { "if-none-match": '"a,b",ETAG,"c"' }, 304],
    ["GET", { "if-none-match": "ETAG", range: "bytes=0-1" }, 304],
    ["GET", { "if-none-match": "ETAG", range: "bytes=99-" }, 304],
    ["GET", { "if-none-match": '"x"' }, 200],
    ["GET", { "if-none-match": "" }, 200],
    ["GET", { "if-none-match": '"ETAG' }, 200],
    ["GET", { "if-none-match": '"x"', range: "bytes=0-1" }, 206],
    ["GET", { "if-match": "ETAG" }, 200],
    ["GET", { "if-match": "*" }, 200],
    ["GET", { "if-match": '"x", ETAG' }, 200],
    ["GET", { "if-match": '"x"' }, 412],
    ["HEAD", { "if-match": '"x"' }, 412],
    ["GET", { "if-match": "W/ETAG" }, 412],
    ["GET", { "if-match": '"x"', "if-none-match": "ETAG" }, 412],
    ["GET", { "if-range": "ETAG", range: "bytes=0-1" }, 206],
    ["GET", { "if-range": "W/ETAG", range: "bytes=0-1" }, 200],
    ["GET", { "if-range": '"x"', range: "bytes=0-1" }, 200],
    ["GET", { "if-range": '"x"', range: "bytes=99-" }, 200],
    ["GET", { "if-range": "Fri, 24 May 2013 00:00:00 GMT", range: "bytes=0-1" }, 200],
    ["GET", { "if-range": '"x"' }, 200],
    ["GET", { "if-modified-since": "Fri, 24 May 2033 00:00:00 GMT" }, 200],
  ])("%s with %o → %i", async (method, headers, status) => {
    const response = await ask(method, headers);
    expect(response.status).toBe(status);
    expect(response.headers.get("etag")).toBe(etag);
    expect(response.headers.get("cache-control")).toBe(ZIP.cacheControl);
    const expected = { 200: CONTENT, 206: "01" }[status] ?? "";
    expect(await response.text()).toBe(method === "HEAD" ? "" : expected);
  });

  it("any range of an empty blob is unsatisfiable", async () => {
    const whole = await ask("GET", {}, "a/empty.txt");
    expect([whole.status, whole.headers.get("content-length")]).toEqual([200, "0"]);
    for (const range of ["bytes=0-", "bytes=-1", "bytes=0-0"]) {
      const response = await ask("GET", { range }, "a/empty.txt");
      expect(response.status, range).toBe(416);
      expect(response.headers.get("content-range")).toBe("bytes */0");
    }
  });

  it.each([
    "",
    "a",
    "a/",
    "missing.zip",
    "../other/secret.zip",
    "a/../../other/secret.zip",
    "%2e%2e/other/secret.zip",
    "..%2fother%2fsecret.zip",
    "a/1-2-00001.zip/",
    "a//1-2-00001.zip",
    "a/1-2-00001.zip%00",
    "a\\1-2-00001.zip",
    ".headers/a/1-2-00001.zip",
    "x".repeat(5000),
  ])("404 without details for %j", async (path) => {
    for (
      const [method, headers] of [["GET", {}], ["HEAD", {}], ["GET", {
        range: "bytes=0-",
      }]] as const
    ) {
      const response = await serve(new Request("http://localhost/", { method, headers }), path);
      expect(response.status).toBe(404);
      expect(Object.fromEntries(response.headers)).toEqual({ "content-length": "0" });
      expect(await response.text()).toBe("");
    }
  });

  it.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])(
    "405 with Allow for %s",
    async (method) => {
      const response = await ask(method);
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe("GET, HEAD");
    },
  );

  it("a blob replaced between head() and get() is sent whole, or as a range of the new blob", async () => {
    let replacements = 0;
    const restless: BlobStore = {
      ...store,
      async head(bucket, name) {
        const info = await store.head(bucket, name);
        await store.put(bucket, name, bytes(`replaced ${replacements++}`), INDEX);
        return info;
      },
    };
    await store.put("exports", "restless.txt", bytes("first"), INDEX);
    const request = new Request("http://localhost/", { headers: { range: "bytes=0-3" } });
    const response = await serveBlobs({ store: restless, bucket: "exports" })(
      request,
      "restless.txt",
    );
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("replaced 2");
    expect(response.headers.get("etag")).toBe((await store.head("exports", "restless.txt"))?.etag);
  });

  it("errors of the store are thrown", async () => {
    const broken: BlobStore = { ...store, get: () => Promise.reject(new Error("broken")) };
    const handler = serveBlobs({ store: broken, bucket: "exports" });
    await expect(handler(new Request("http://localhost/"), "a/index.txt")).rejects.toThrow(
      "broken",
    );
  });
});
