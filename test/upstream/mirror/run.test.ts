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
import { newSigner, sampleFile, sampleKeys, zipOf } from "../../export-file/sample.ts";

const NAMES = ["a", "b", "c", "d", "us", "ca", "good"];
const { signer, pem } = await newSigner();
/** Creates an export file for each name. */
const FILES = new Map(
  await Promise.all(
    NAMES.map(async (name, index) =>
      [name, (await sampleFile(sampleKeys(3, index * 10), [], [signer])).zip] as const
    ),
  ),
);
const file = (name: string): Uint8Array => FILES.get(name) ?? new Uint8Array();
const textOf = (name: string): string => Buffer.from(file(name)).toString("latin1");

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
    if (found === undefined) return undefined;
    return Buffer.from(await new Response(found.body).arrayBuffer()).toString("latin1");
  };
  const lines = async (): Promise<string[]> => (await read("copy/index.txt") ?? "").split("\n");

  it("copies files unchanged, with the headers of exports, and lists them in the same order", async () => {
    server.index("us/b.zip", "us/a.zip");
    server.set("/us/a.zip", file("a"));
    server.set("/us/b.zip", file("b"));
    expect(await run()).toEqual({ files: 2, deleted: 0, failed: 0 });
    expect(await lines()).toEqual(["copy/b.zip", "copy/a.zip"]);
    expect(await read("copy/a.zip")).toBe(textOf("a"));
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

  it("removes unlisted files first from the index, then from storage", async () => {
    server.index("a.zip", "b.zip");
    server.set("/a.zip", file("a"));
    server.set("/b.zip", file("b"));
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

  it("keeps unlisted files in storage for MIRROR_UNLISTED_TTL", async () => {
    server.index("a.zip", "b.zip");
    server.set("/a.zip", file("a"));
    server.set("/b.zip", file("b"));
    await run();
    server.index("b.zip");
    const settings = { ...SETTINGS, unlistedTtlSeconds: 3600 };
    await run({ settings });
    expect(await lines()).toEqual(["copy/b.zip"]);
    await database().setClock(NOON + 3599);
    expect((await run({ settings })).deleted).toBe(0);
    expect(await read("copy/a.zip")).toBe(textOf("a"));
    await database().setClock(NOON + 3600);
    expect((await run({ settings })).deleted).toBe(1);
    expect(await read("copy/a.zip")).toBeUndefined();
  });

  it("renames copies with timestamps that increase in index order, and keeps the names", async () => {
    resources = [mirror({ filenameRewrite: "x/[timestamp]-[uuid].zip" })];
    server.index("b.zip", "a.zip");
    server.set("/b.zip", file("b"));
    expect(await run()).toMatchObject({ files: 1, failed: 1 });
    const [first] = await lines();
    expect(first).toMatch(
      new RegExp(
        `^copy/x/${NOON}-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\\.zip$`,
      ),
    );
    server.index("b.zip", "a.zip", "c.zip");
    server.set("/a.zip", file("a"));
    server.set("/c.zip", file("c"));
    await database().setClock(NOON + 60);
    await run();
    const names = await lines();
    expect(names[0]).toBe(first);
    expect(names.map((name) => Number(/x\/(\d+)/.exec(name)?.[1]))).toEqual([
      NOON,
      NOON + 1,
      NOON + 60,
    ]);
    expect(await Promise.all(names.map((name) => read(name)))).toEqual(["b", "a", "c"].map(textOf));
  });

  it("continues without a failed file, and inserts it in its place once it is copied", async () => {
    server.index("a.zip", "b.zip", "c.zip");
    server.set("/a.zip", file("a"));
    server.set("/c.zip", file("c"));
    expect(await run()).toEqual({ files: 2, deleted: 0, failed: 1 });
    expect(await lines()).toEqual(["copy/a.zip", "copy/c.zip"]);
    expect(await mirrorFiles(database()).status()).toMatchObject([{
      stored: 2,
      failed: 1,
      code: "not_found",
      nextTryAt: NOON + 60,
    }]);
    server.set("/b.zip", file("b"));
    expect((await run()).files).toBe(0);
    await database().setClock(NOON + 60);
    expect((await run()).files).toBe(1);
    expect(await lines()).toEqual(["copy/a.zip", "copy/b.zip", "copy/c.zip"]);
  });

  it("completes the work after a crash at any point", async () => {
    server.index("a.zip", "b.zip");
    server.set("/a.zip", file("a"));
    server.set("/b.zip", file("b"));
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

  it("deletes nothing because of a list with unreadable lines", async () => {
    server.index("a.zip", "b.zip");
    server.set("/a.zip", file("a"));
    server.set("/b.zip", file("b"));
    await run();
    server.index("b.zip", "../a.zip");
    expect(await run()).toMatchObject({ deleted: 0 });
    server.set("/index.txt", "<html>down</html>");
    expect(await run()).toEqual({ files: 0, deleted: 0, failed: 1 });
    server.set("/index.txt", undefined);
    expect(await run()).toEqual({ files: 0, deleted: 0, failed: 1 });
    expect(await lines()).toEqual(["copy/a.zip", "copy/b.zip"]);
    expect(await read("copy/a.zip")).toBe(textOf("a"));
  });

  describe("when the other server lists fewer files than it has", () => {
    const all = ["a.zip", "b.zip", "c.zip", "d.zip"];
    const copies = all.map((name) => `copy/${name}`);
    const later = async (seconds: number, answer: string | Uint8Array): Promise<MirrorSummary> => {
      server.set("/index.txt", answer);
      await database().setClock(NOON + seconds);
      return await run();
    };
    beforeEach(async () => {
      server.index(...all);
      for (const name of ["a", "b", "c", "d"]) server.set(`/${name}.zip`, file(name));
      expect(await run()).toEqual({ files: 4, deleted: 0, failed: 0 });
    });

    it.each([
      ["a word", "OK"],
      ["half a line", "a.zi"],
      ["a page", "<html><p>moved</p></html>"],
      ["its lines cut off in the last", "a.zip\nb.zip\nc.zi"],
    ])("never deletes anything on %s", async (_, answer) => {
      for (const seconds of [60, 120, 86_400]) {
        expect((await later(seconds, answer)).deleted).toBe(0);
      }
      expect(await lines()).toEqual(copies);
      expect(events.some(({ kind }) => kind === "index-failed" || kind === "lines-refused"))
        .toBe(true);
    });

    it("deletes nothing on an empty list before CLEANUP_TTL, and says why", async () => {
      const message = "the index names no file, but 4 were listed: they stay until they expire";
      expect(await later(60, "")).toEqual({ files: 0, deleted: 0, failed: 1 });
      expect(await later(120, "\n")).toEqual({ files: 0, deleted: 0, failed: 1 });
      expect(events.filter(({ kind }) => kind === "list-shrank")).toEqual([
        { kind: "list-shrank", reader: "mirror", name: "foreign", message },
      ]);
      expect((await upstreamIndexes(database()).status())[0]).toMatchObject({ message });
      expect(await later(SETTINGS.cleanupTtlSeconds - 1, "")).toMatchObject({ deleted: 0 });
      expect(await lines()).toEqual(copies);
      expect(await later(SETTINGS.cleanupTtlSeconds, "")).toMatchObject({ deleted: 4 });
    });

    it("believes a list of less than half the files at the second read, a minute later", async () => {
      expect(await later(10, "d.zip")).toEqual({ files: 0, deleted: 0, failed: 1 });
      expect(await later(69, "d.zip")).toEqual({ files: 0, deleted: 0, failed: 1 });
      expect(await lines()).toEqual(copies);
      expect(events).toContainEqual({
        ...{ kind: "list-shrank", reader: "mirror", name: "foreign" },
        message: "the index names 1 of the 4 files that were listed: " +
          "the others stay until the next read confirms it",
      });
      expect(await later(70, "d.zip")).toEqual({ files: 0, deleted: 3, failed: 0 });
      expect(await lines()).toEqual(["copy/d.zip"]);
      expect((await upstreamIndexes(database()).status())[0]).toMatchObject({ code: null });
    });

    it("starts the wait again when the list changed, failed or was complete in between", async () => {
      await later(10, "d.zip");
      for (
        const [seconds, between] of [[70, "c.zip"], [140, "<html>"], [210, all.join("\n")]] as const
      ) {
        await later(seconds, between);
        expect((await later(seconds + 60, "d.zip")).deleted).toBe(0);
      }
      expect(await lines()).toEqual(copies);
    });

    it("copies new files while it waits", async () => {
      server.set("/us.zip", file("us"));
      expect(await later(10, "us.zip")).toEqual({ files: 1, deleted: 0, failed: 1 });
      expect(await lines()).toEqual([...copies, "copy/us.zip"]);
    });
  });

  it("copies only export files", async () => {
    const [zip, cut] = [zipOf(new TextEncoder().encode("hello")), file("a").subarray(0, 200)];
    server.index("page.zip", "other.zip", "cut.zip", "a.zip");
    server.set("/page.zip", "<html>");
    server.set("/other.zip", zip);
    server.set("/cut.zip", cut);
    server.set("/a.zip", file("a"));
    expect(await run()).toEqual({ files: 1, deleted: 0, failed: 3 });
    expect(await lines()).toEqual(["copy/a.zip"]);
    expect(events.flatMap((event) => event.kind === "file-failed" ? [event.code] : []))
      .toEqual(Array(3).fill("malformed_file"));
  });

  it("copies only files that its public keys signed", async () => {
    const { pem: other } = await newSigner();
    const key = (publicKeyPem: string) => ({ keyId: "310", version: "v1", publicKeyPem });
    server.index("a.zip");
    server.set("/a.zip", file("a"));
    resources = [mirror({ publicKeys: [key(other)] })];
    expect(await run()).toEqual({ files: 0, deleted: 0, failed: 1 });
    expect(events).toMatchObject([{
      ...{ kind: "file-failed", code: "signature_invalid" },
      message: "the signature by 310 v1 is wrong",
    }]);
    resources = [mirror({ publicKeys: [key(other), key(pem)] })];
    await database().setClock(NOON + 60);
    expect(await run()).toEqual({ files: 1, deleted: 0, failed: 0 });
  });

  it("never overwrites its own index or another copy", async () => {
    server.index("us/a.zip", "index.txt", "ca/a.zip");
    server.set("/us/a.zip", file("us"));
    server.set("/ca/a.zip", file("ca"));
    expect(await run()).toEqual({ files: 1, deleted: 0, failed: 1 });
    expect(events).toContainEqual({
      ...{ kind: "lines-refused", reader: "mirror", name: "foreign", count: 1 },
    });
    expect(await lines()).toEqual(["copy/a.zip"]);
    expect(await read("copy/a.zip")).toBe(textOf("us"));
  });

  it("refuses the place of an export", async () => {
    resources.push(config({ name: "mine", filenameRoot: "copy" }));
    server.index("a.zip");
    expect(await run()).toEqual({ files: 0, deleted: 0, failed: 1 });
    expect(events).toMatchObject([{ kind: "index-failed", code: "invalid_configuration" }]);
    expect(server.asked).toEqual([]);
  });

  it("moves its copies when its place changes, and leaves nothing behind when it is removed", async () => {
    server.index("a.zip");
    server.set("/a.zip", file("a"));
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

  it("enforces the limits on sizes and redirects", async () => {
    server.index("large.zip", "moved.zip", "good.zip");
    server.set("/large.zip", new Uint8Array(20 * 2 ** 20 + 1));
    server.set(
      "/moved.zip",
      (_, response) => response.writeHead(302, { location: "/good.zip" }).end(),
    );
    server.set("/good.zip", file("good"));
    expect(await run()).toEqual({ files: 1, deleted: 0, failed: 2 });
    expect(events.flatMap((event) => event.kind === "file-failed" ? [event.code] : [])).toEqual([
      "limit_exceeded",
      "fetch_refused",
    ]);
  });
});
