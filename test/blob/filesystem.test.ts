import { mkdtempSync, rmSync } from "node:fs";
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { LEFTOVER_MS } from "../../src/blob/durable-file.ts";
import { filesystemBlobStore } from "../../src/blob/filesystem.ts";
import { filesystemFailure } from "../../src/blob/filesystem-failure.ts";
import { AppError } from "../../src/errors.ts";
import { bytesOf, INDEX, namesOf, textOf, ZIP } from "../contract/blob.ts";

const temporary = mkdtempSync(join(tmpdir(), "wayfarer-files-"));
afterAll(() => rmSync(temporary, { recursive: true }));

const BUCKET = "exports";
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

let root = "";
let cases = 0;
beforeEach(() => {
  root = join(temporary, String(cases++));
});

describe("filesystemBlobStore()", () => {
  it("writes plain files at ROOT/BUCKET/NAME and nothing else", async () => {
    const store = filesystemBlobStore(root);
    await store.put(BUCKET, "us/1-2-00001.zip", text("zip"), ZIP);
    await store.put(BUCKET, "us/index.txt", text("us/1-2-00001.zip\n"), INDEX);
    expect(await readFile(join(root, BUCKET, "us/index.txt"), "utf8")).toBe("us/1-2-00001.zip\n");
    expect((await readdir(root, { recursive: true })).sort()).toEqual([
      "exports",
      "exports/.partial",
      "exports/us",
      "exports/us/1-2-00001.zip",
      "exports/us/index.txt",
    ]);
    await store.delete(BUCKET, "us/1-2-00001.zip");
    await store.delete(BUCKET, "us/index.txt");
    expect(await readdir(join(root, BUCKET))).toEqual([".partial"]);
  });

  it("returns the same info after a restart, and a new entity tag after each write", async () => {
    const tags = new Set<string | undefined>();
    for (let write = 0; write < 50; write++) {
      // The clock stands still and all bodies have one length, so only the write itself can change the tag.
      const store = filesystemBlobStore(root, () => 1_700_000_000_000);
      await store.put(BUCKET, "index.txt", text(String(write % 10)), INDEX);
      const info = await store.head(BUCKET, "index.txt");
      expect(await filesystemBlobStore(root).head(BUCKET, "index.txt")).toEqual(info);
      tags.add(info?.etag);
    }
    expect(tags.size).toBe(50);
  });

  it("keeps headers that do not follow from the name, and forgets them when they do", async () => {
    const store = filesystemBlobStore(root);
    const odd = { contentType: "text/csv", cacheControl: "max-age=1" };
    await store.put(BUCKET, "a/b.zip", text("x"), odd);
    expect(await filesystemBlobStore(root).head(BUCKET, "a/b.zip")).toMatchObject(odd);
    await store.put(BUCKET, "a/b.zip", text("x"), ZIP);
    expect(await store.head(BUCKET, "a/b.zip")).toMatchObject(ZIP);
    expect(await namesOf({ store, bucket: BUCKET }, "")).toEqual(["a/b.zip"]);
    await store.put(BUCKET, "a/b.zip", text("x"), odd);
    await store.delete(BUCKET, "a/b.zip");
    await store.put(BUCKET, "a/b.zip", text("x"), ZIP);
    expect(await store.head(BUCKET, "a/b.zip")).toMatchObject(ZIP);
  });

  it("refuses damaged headers", async () => {
    const store = filesystemBlobStore(root);
    await store.put(BUCKET, "b.zip", text("x"), INDEX);
    await writeFile(join(root, BUCKET, ".headers/b.zip"), "half a li");
    await expect(store.head(BUCKET, "b.zip")).rejects.toMatchObject({ code: "blob_unavailable" });
    await expect(store.get(BUCKET, "b.zip")).rejects.toThrow(root);
  });

  it("serves files written by other programs, and lists only valid blob names", async () => {
    const folder = join(root, BUCKET, "us");
    await mkdir(join(folder, ".hidden"), { recursive: true });
    await writeFile(join(folder, "copied.zip"), "copied");
    await writeFile(join(folder, ".DS_Store"), "x");
    await writeFile(join(folder, "with space.zip"), "x");
    await writeFile(join(folder, ".hidden/a.zip"), "x");
    await symlink("/etc/hostname", join(folder, "link.zip"));
    const store = filesystemBlobStore(root);
    expect(await namesOf({ store, bucket: BUCKET }, "")).toEqual(["us/copied.zip"]);
    expect(await store.head(BUCKET, "us/copied.zip")).toMatchObject({ ...ZIP, size: 6 });
    expect(await textOf({ store, bucket: BUCKET }, "us/copied.zip")).toBe("copied");
  });

  it("removes leftovers of a crash, but not files that another process is writing", async () => {
    const partials = join(root, BUCKET, ".partial");
    await mkdir(partials, { recursive: true });
    const now = Date.now();
    for (
      const [name, ageMs] of [["old", LEFTOVER_MS + 2000], ["young", LEFTOVER_MS - 2000]] as const
    ) {
      await writeFile(join(partials, name), "half a blo");
      const seconds = (now - ageMs) / 1000;
      await utimes(join(partials, name), seconds, seconds);
    }
    const store = filesystemBlobStore(root, () => now);
    expect(await namesOf({ store, bucket: BUCKET }, "")).toEqual([]);
    await store.put(BUCKET, "a.zip", text("a"), ZIP);
    expect(await readdir(partials)).toEqual(["young"]);
    await writeFile(join(partials, "later"), "half a blo");
    await utimes(join(partials, "later"), 1, 1);
    await store.check(BUCKET);
    expect(await readdir(partials)).toEqual(["young"]);
    expect(await namesOf({ store, bucket: BUCKET }, "")).toEqual(["a.zip"]);
  });

  it("a name cannot also be a folder", async () => {
    const store = filesystemBlobStore(root);
    await store.put(BUCKET, "a/b", text("x"), ZIP);
    for (const name of ["a", "a/b/c"]) {
      await expect(store.put(BUCKET, name, text("y"), ZIP)).rejects.toMatchObject({
        code: "bad_request",
        message: "a blob's name cannot also be a folder of other names",
      });
    }
    expect(await readdir(join(root, BUCKET, ".partial"))).toEqual([]);
    expect(await namesOf({ store, bucket: BUCKET }, "")).toEqual(["a/b"]);
  });

  it("concurrent writes and deletes in one folder do not fail each other", async () => {
    const stores = [filesystemBlobStore(root), filesystemBlobStore(root)];
    await Promise.all(Array.from({ length: 40 }, async (_, at) => {
      const store = stores[at % 2] ?? filesystemBlobStore(root);
      await store.put(BUCKET, `deep/folder/${at}.zip`, text("x"), ZIP);
      if (at % 4 !== 0) await store.delete(BUCKET, `deep/folder/${at}.zip`);
    }));
    const store = filesystemBlobStore(root);
    expect((await namesOf({ store, bucket: BUCKET }, "deep/")).length).toBe(10);
    expect(await readdir(join(root, BUCKET, ".partial"))).toEqual([]);
  });

  it("a reader keeps reading the blob that it opened", async () => {
    const store = filesystemBlobStore(root);
    await store.put(BUCKET, "a.zip", new Uint8Array(200_000).fill(1), ZIP);
    const old = await store.get(BUCKET, "a.zip");
    await store.put(BUCKET, "a.zip", new Uint8Array(10).fill(2), ZIP);
    await store.delete(BUCKET, "a.zip");
    const content = old && await bytesOf(old.body);
    expect(content?.length).toBe(200_000);
    expect(content?.every((byte) => byte === 1)).toBe(true);
  });

  it("a file truncated during a read is an error, not a short response", async () => {
    const store = filesystemBlobStore(root);
    await store.put(BUCKET, "a.zip", new Uint8Array(500_000), ZIP);
    const blob = await store.get(BUCKET, "a.zip");
    await truncate(join(root, BUCKET, "a.zip"), 1000);
    await expect(bytesOf(blob?.body ?? new ReadableStream())).rejects.toMatchObject({
      code: "blob_unavailable",
    });
  });

  it("an unusable directory is blob_unavailable with its path and the cure", async () => {
    await writeFile(root, "a file");
    const store = filesystemBlobStore(join(root, "exports"));
    const message = `blob storage in ${join(root, "exports")}: ` +
      "a part of the path is a file: choose another directory (ENOTDIR)";
    const failure = { code: "blob_unavailable", message };
    await expect(store.put(BUCKET, "a.zip", text("a"), ZIP)).rejects.toMatchObject(failure);
    await expect(store.check(BUCKET)).rejects.toMatchObject(failure);
  });

  it("a read-only directory is blob_unavailable with its path", async () => {
    await mkdir(join(root, BUCKET), { recursive: true });
    await chmod(join(root, BUCKET), 0o555);
    // Permissions do not stop root, but the system's own directories do.
    const place = process.getuid?.() === 0 ? "/sys/wayfarer" : root;
    await expect(filesystemBlobStore(place).check(BUCKET)).rejects.toMatchObject({
      code: "blob_unavailable",
      message: expect.stringMatching(
        new RegExp(`^blob storage in ${place}: .+ \\((EACCES|EPERM|EROFS)\\)$`),
      ),
    });
  });
});

describe("filesystemFailure()", () => {
  it("says that the disk is full", async () => {
    const full = await stat("/dev/full").then(() => "/dev/full", () => undefined);
    const error = full === undefined
      ? Object.assign(new Error("no space"), { code: "ENOSPC" })
      : await writeFile(full, "x").catch((thrown: unknown) => thrown);
    const failure = filesystemFailure("/data/exports", error);
    expect(failure).toBeInstanceOf(AppError);
    expect(failure.code).toBe("blob_unavailable");
    expect(failure.message).toBe(
      "blob storage in /data/exports: the disk is full: free space (ENOSPC)",
    );
  });
});
