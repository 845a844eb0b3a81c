import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mirrorDependencies } from "../../../src/app/upstream.ts";
import type { BlobStore } from "../../../src/blob/blob.ts";
import { memoryBlobStore } from "../../../src/blob/memory.ts";
import type { UpstreamEvent } from "../../../src/upstream/events.ts";
import {
  type MirrorDependencies,
  mirrorExports,
  type MirrorSummary,
} from "../../../src/upstream/mirror/run.ts";
import { type Mirror, mirrorSchema } from "../../../src/model/resource/mirror.ts";
import type { Resource } from "../../../src/model/resource/kinds.ts";
import { upstreamIndexes } from "../../../src/store/upstream/index-state.ts";
import { mirrorFiles } from "../../../src/store/upstream/mirror-file.ts";
import { viewOf } from "../../../src/store/resource/cache.ts";
import { useDatabase } from "../../support/database.ts";
import { openUpstream, type UpstreamServer } from "../upstream-server.ts";
import { testFoundation } from "../../support/foundation.ts";
import { NOON, SETTINGS, TO_ADDRESSES } from "../world.ts";
import { config } from "../../export/world.ts";

describe("mirrorExports()", () => {
  const database = useDatabase();
  let server: UpstreamServer;
  let blob: BlobStore;
  let events: UpstreamEvent[];
  let resources: Resource[];

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    server = await openUpstream();
    blob = memoryBlobStore();
    events = [];
    resources = [mirror()];
  });
  afterEach(() => server.close());

  const mirror = (members: Partial<Mirror> = {}): Mirror =>
    mirrorSchema.parse({
      kind: "Mirror",
      name: "foreign",
      indexUrl: `${server.url}/index.txt`,
      exportRoot: `${server.url}/`,
      bucket: "exports",
      filenameRoot: "copy",
      ...members,
    });
  const run = async (overrides: Partial<MirrorDependencies> = {}): Promise<MirrorSummary> => {
    const view = () =>
      Promise.resolve(viewOf(1, resources.map((resource) => ({ resource, version: 1 }))));
    const foundation = await testFoundation(database(), {
      config: { mirror: { ...SETTINGS, unlistedTtlSeconds: 0 } },
      overrides: { blobs: blob, cache: { view, fresh: view }, outgoing: TO_ADDRESSES },
    });
    return await mirrorExports({
      ...mirrorDependencies(foundation),
      ticker: () => () => {},
      report: (event) => events.push(event),
      ...overrides,
    }, new AbortController().signal);
  };
  const read = async (name: string, bucket = "exports"): Promise<string | undefined> => {
    const found = await blob.get(bucket, name);
    return found === undefined ? undefined : await new Response(found.body).text();
  };
  const lines = async (): Promise<string[]> => (await read("copy/index.txt") ?? "").split("\n");

  it("copies files unchanged, with the headers of exports, and names them in the same order", async () => {
    server.index("us/b.zip", "us/a.zip");
    server.set("/us/a.zip", "bytes of a");
    server.set("/us/b.zip", "bytes of b");
    expect(await run()).toEqual({ files: 2, deleted: 0, failed: 0 });
    expect(await lines()).toEqual(["copy/b.zip", "copy/a.zip"]);
    expect(await read("copy/a.zip")).toBe("bytes of a");
    expect(await blob.head("exports", "copy/a.zip")).toMatchObject({
      contentType: "application/zip",
      cacheControl: "public, max-age=86400",
    });
    expect(await blob.head("exports", "copy/index.txt")).toMatchObject({
      contentType: "text/plain",
      cacheControl: "no-cache, max-age=0",
    });
    expect(await run()).toEqual({ files: 0, deleted: 0, failed: 0 });
    expect(server.asked).toEqual(["/index.txt", "/us/b.zip", "/us/a.zip", "/index.txt"]);
  });

  it("takes what is gone out of the index first, then out of the storage", async () => {
    server.index("a.zip", "b.zip");
    server.set("/a.zip", "a");
    server.set("/b.zip", "b");
    await run();
    server.index("b.zip");
    const order: string[] = [];
    const watched: BlobStore = {
      ...blob,
      put: (bucket, name, ...rest) => (order.push(`put ${name}`), blob.put(bucket, name, ...rest)),
      delete: (bucket, name) => (order.push(`delete ${name}`), blob.delete(bucket, name)),
    };
    expect(await run({ blob: watched })).toEqual({ files: 0, deleted: 1, failed: 0 });
    expect(order).toEqual(["put copy/index.txt", "delete copy/a.zip"]);
    expect(await lines()).toEqual(["copy/b.zip"]);
    expect(await read("copy/a.zip")).toBeUndefined();
  });

  it("keeps what is gone in storage for as long as told", async () => {
    server.index("a.zip");
    server.set("/a.zip", "a");
    await run();
    server.index("");
    const settings = { ...SETTINGS, unlistedTtlSeconds: 3600 };
    await run({ settings });
    expect(await lines()).toEqual([""]);
    await database().setClock(NOON + 3599);
    expect((await run({ settings })).deleted).toBe(0);
    expect(await read("copy/a.zip")).toBe("a");
    await database().setClock(NOON + 3600);
    expect((await run({ settings })).deleted).toBe(1);
    expect(await read("copy/a.zip")).toBeUndefined();
  });

  it("renames copies: timestamps grow in the order of the index, names stay", async () => {
    resources = [mirror({ filenameRewrite: "x/[timestamp]-[uuid].zip" })];
    server.index("b.zip", "a.zip");
    server.set("/b.zip", "b");
    expect(await run()).toMatchObject({ files: 1, failed: 1 });
    const [first] = await lines();
    expect(first).toMatch(
      new RegExp(
        `^copy/x/${NOON}-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\\.zip$`,
      ),
    );
    server.index("b.zip", "a.zip", "c.zip");
    server.set("/a.zip", "a");
    server.set("/c.zip", "c");
    await database().setClock(NOON + 60);
    await run();
    const names = await lines();
    expect(names[0]).toBe(first);
    expect(names.map((name) => Number(/x\/(\d+)/.exec(name)?.[1]))).toEqual([
      NOON,
      NOON + 1,
      NOON + 60,
    ]);
    expect(await Promise.all(names.map((name) => read(name)))).toEqual(["b", "a", "c"]);
  });

  it("goes on without a file that fails, and puts it in its place once it is there", async () => {
    server.index("a.zip", "b.zip", "c.zip");
    server.set("/a.zip", "a");
    server.set("/c.zip", "c");
    expect(await run()).toEqual({ files: 2, deleted: 0, failed: 1 });
    expect(await lines()).toEqual(["copy/a.zip", "copy/c.zip"]);
    expect(await mirrorFiles(database()).status()).toMatchObject([{
      stored: 2,
      failed: 1,
      code: "not_found",
      nextTryAt: NOON + 60,
    }]);
    server.set("/b.zip", "b");
    expect((await run()).files).toBe(0);
    await database().setClock(NOON + 60);
    expect((await run()).files).toBe(1);
    expect(await lines()).toEqual(["copy/a.zip", "copy/b.zip", "copy/c.zip"]);
  });

  it("does the rest after a crash at any point", async () => {
    server.index("a.zip", "b.zip");
    server.set("/a.zip", "a");
    server.set("/b.zip", "b");
    for (let step = 0;; step++) {
      let left = step;
      const crash = new Error("the process died");
      const dying = <T>(action: () => Promise<T>): Promise<T> =>
        left-- > 0 ? action() : Promise.reject(crash);
      const copies = mirrorFiles(database());
      const indexes = upstreamIndexes(database());
      const died = await run({
        blob: { ...blob, put: (...put) => dying(() => blob.put(...put)) },
        copies: {
          ...copies,
          stored: (...args) => dying(() => copies.stored(...args)),
          fail: () => Promise.reject(crash),
        },
        indexes: {
          ...indexes,
          succeeded: (...args) => dying(() => indexes.succeeded(...args)),
          failed: () => Promise.reject(crash),
        },
      }).then(() => false, () => true);
      if (!died) break;
      await run();
      expect(await lines()).toEqual(["copy/a.zip", "copy/b.zip"]);
      await database().clear();
      blob = memoryBlobStore();
      if (step > 20) throw new Error("it never comes to its end");
    }
    expect(await lines()).toEqual(["copy/a.zip", "copy/b.zip"]);
  });

  it("deletes nothing on the word of a list that it does not understand", async () => {
    server.index("a.zip", "b.zip");
    server.set("/a.zip", "a");
    server.set("/b.zip", "b");
    await run();
    server.index("b.zip", "../a.zip");
    expect(await run()).toMatchObject({ deleted: 0 });
    server.set("/index.txt", "<html>down</html>");
    expect(await run()).toEqual({ files: 0, deleted: 0, failed: 1 });
    server.set("/index.txt", undefined);
    expect(await run()).toEqual({ files: 0, deleted: 0, failed: 1 });
    expect(await lines()).toEqual(["copy/a.zip", "copy/b.zip"]);
    expect(await read("copy/a.zip")).toBe("a");
  });

  it("never writes over its own index or another copy", async () => {
    server.index("us/a.zip", "index.txt", "ca/a.zip");
    server.set("/us/a.zip", "us");
    server.set("/ca/a.zip", "ca");
    expect(await run()).toEqual({ files: 1, deleted: 0, failed: 2 });
    expect(await lines()).toEqual(["copy/a.zip"]);
    expect(await read("copy/a.zip")).toBe("us");
  });

  it("refuses the place of an export", async () => {
    resources.push(config({ name: "mine", filenameRoot: "copy" }));
    server.index("a.zip");
    expect(await run()).toEqual({ files: 0, deleted: 0, failed: 1 });
    expect(events).toMatchObject([{ kind: "index-failed", code: "invalid_configuration" }]);
    expect(server.asked).toEqual([]);
  });

  it("moves with its place, and leaves nothing behind when it is removed", async () => {
    server.index("a.zip");
    server.set("/a.zip", "a");
    await run();
    resources = [mirror({ name: "renamed", filenameRoot: "other" })];
    expect(await run()).toEqual({ files: 1, deleted: 1, failed: 0 });
    expect(await read("copy/index.txt")).toBeUndefined();
    expect(await read("copy/a.zip")).toBeUndefined();
    expect(await read("other/index.txt")).toBe("other/a.zip");
    resources = [];
    await run();
    expect(await read("other/index.txt")).toBeUndefined();
    expect(await read("other/a.zip")).toBeUndefined();
    expect(await mirrorFiles(database()).places()).toEqual([]);
  });

  it("holds the limits on sizes and redirects", async () => {
    server.index("large.zip", "moved.zip", "good.zip");
    server.set("/large.zip", new Uint8Array(20 * 2 ** 20 + 1));
    server.set(
      "/moved.zip",
      (_, response) => response.writeHead(302, { location: "/good.zip" }).end(),
    );
    server.set("/good.zip", "good");
    expect(await run()).toEqual({ files: 1, deleted: 0, failed: 2 });
    expect(events.flatMap((event) => event.kind === "file-failed" ? [event.code] : [])).toEqual([
      "limit_exceeded",
      "fetch_refused",
    ]);
  });
});
