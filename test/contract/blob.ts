/** What every blob store does, whatever is behind it. */

import { describe, expect, it } from "vitest";
import type { BlobHeaders, BlobStore } from "../../src/blob/blob.ts";

/** A store under test, with a bucket that is there. A test uses names below a prefix of its own. */
export type BlobSubject = { readonly store: BlobStore; readonly bucket: string };

export const ZIP: BlobHeaders = {
  contentType: "application/zip",
  cacheControl: "public, max-age=86400",
};
export const INDEX: BlobHeaders = {
  contentType: "text/plain",
  cacheControl: "no-cache, max-age=0",
};

const FIVE_MIB = 5 * 1024 * 1024;

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** All bytes of a stream. */
export async function bytesOf(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The content of a blob as text; undefined when there is none. */
export async function textOf(
  { store, bucket }: BlobSubject,
  name: string,
): Promise<string | undefined> {
  const blob = await store.get(bucket, name);
  return blob && new TextDecoder().decode(await bytesOf(blob.body));
}

/** Names in the order in which the store lists them. */
export async function namesOf({ store, bucket }: BlobSubject, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const name of store.list(bucket, prefix)) names.push(name);
  return names;
}

/** Runs the suite on the store that `subject` gives. It must list in pages of two names where it pages. */
export function blobContract(backEnd: string, subject: () => BlobSubject): void {
  const put = (name: string, body: string, headers: BlobHeaders = ZIP): Promise<void> =>
    subject().store.put(subject().bucket, name, text(body), headers);
  const head = (name: string) => subject().store.head(subject().bucket, name);
  const get = (name: string, start?: number, end?: number) =>
    subject().store.get(
      subject().bucket,
      name,
      start === undefined || end === undefined ? undefined : { start, end },
    );
  const read = async (name: string, start: number, end: number): Promise<string> => {
    const blob = await get(name, start, end);
    if (blob === undefined) throw new Error(`${name} is missing`);
    return new TextDecoder().decode(await bytesOf(blob.body));
  };

  describe(`blob store: ${backEnd}`, () => {
    it("head() and get() give back what was put, headers included", async () => {
      const sets: readonly (readonly [string, BlobHeaders])[] = [
        ["same/1700000000-1700003600-00001.zip", ZIP],
        ["same/index.txt", INDEX],
        ["same/odd.zip", { contentType: "text/csv; charset=utf-8", cacheControl: "max-age=7" }],
        ["same/no-extension", ZIP],
      ];
      for (const [name, headers] of sets) {
        await put(name, `content of ${name}`, headers);
        const info = await head(name);
        expect(info).toMatchObject({ ...headers, size: `content of ${name}`.length });
        expect(info?.etag).toMatch(/^"[\x21\x23-\x7e]+"$/);
        const blob = await get(name);
        expect(blob?.info).toEqual(info);
        expect(await textOf(subject(), name)).toBe(`content of ${name}`);
        await blob?.body.cancel();
      }
    });

    it("put() stores nothing once it is not wanted any more", async () => {
      const { store, bucket } = subject();
      const reason = new Error("somebody else does it now");
      const signal = AbortSignal.abort(reason);
      const work = store.put(bucket, "unwanted.zip", text("x"), ZIP, signal);
      await expect(work).rejects.toBe(reason);
      expect(await head("unwanted.zip")).toBeUndefined();
    });

    it("put() replaces content, headers and entity tag", async () => {
      const tags = new Set<string | undefined>();
      for (const body of ["first", "other", "third", "longer than those before", ""]) {
        await put("replace/index.txt", body, body === "other" ? ZIP : INDEX);
        const info = await head("replace/index.txt");
        expect(info).toMatchObject({ ...(body === "other" ? ZIP : INDEX), size: body.length });
        expect(await textOf(subject(), "replace/index.txt")).toBe(body);
        tags.add(info?.etag);
      }
      expect(tags.size).toBe(5);
      expect(await head("replace/index.txt")).toEqual(await head("replace/index.txt"));
    });

    it("put() takes bytes that are part of a bigger buffer", async () => {
      const { store, bucket } = subject();
      await store.put(bucket, "part/a", text("xxinsidexx").subarray(2, 8), ZIP);
      expect(await textOf(subject(), "part/a")).toBe("inside");
    });

    it("get() gives the range asked for, cut to the blob, and the whole's info", async () => {
      await put("range/a.zip", "0123456789");
      const ranges: readonly (readonly [number, number, string])[] = [
        [0, 10, "0123456789"],
        [0, 1, "0"],
        [3, 7, "3456"],
        [9, 10, "9"],
        [7, 1000, "789"],
        [4, 4, ""],
        [10, 20, ""],
        [500, 600, ""],
      ];
      for (const [start, end, expected] of ranges) {
        expect(await read("range/a.zip", start, end), `${start}-${end}`).toBe(expected);
        const blob = await get("range/a.zip", start, end);
        expect(blob?.info).toEqual(await head("range/a.zip"));
        await blob?.body.cancel();
      }
      expect(await get("range/missing.zip", 0, 5)).toBeUndefined();
    });

    it("an empty blob is a blob, also by range", async () => {
      await put("empty/a.txt", "", INDEX);
      expect(await head("empty/a.txt")).toMatchObject({ ...INDEX, size: 0 });
      expect(await textOf(subject(), "empty/a.txt")).toBe("");
      expect(await read("empty/a.txt", 0, 5)).toBe("");
    });

    it("list() gives names with the prefix in the order of their bytes, over several pages", async () => {
      const names = [
        "list/-.zip",
        "list/A.zip",
        "list/_.zip",
        "list/a-b.zip",
        "list/a.zip",
        "list/a/b.zip",
        "list/a/c/d.zip",
        "list/a0.zip",
        "list/b.zip",
        "listed.zip",
      ];
      for (const name of names.toReversed()) await put(name, name);
      expect(await namesOf(subject(), "list")).toEqual(names);
      expect(await namesOf(subject(), "list/")).toEqual(names.slice(0, -1));
      expect(await namesOf(subject(), "list/a")).toEqual(names.slice(3, 8));
      expect(await namesOf(subject(), "list/a/")).toEqual(["list/a/b.zip", "list/a/c/d.zip"]);
      expect(await namesOf(subject(), "list/a/c/d.zip")).toEqual(["list/a/c/d.zip"]);
      expect(await namesOf(subject(), "list/zzz")).toEqual([]);
      expect(await namesOf(subject(), "")).toEqual(expect.arrayContaining(names));
    });

    it("list() may be left early", async () => {
      for (const name of ["early/a", "early/b", "early/c"]) await put(name, name);
      for await (const name of subject().store.list(subject().bucket, "early/")) {
        expect(name).toBe("early/a");
        break;
      }
    });

    it("delete() takes a blob away, and does so twice", async () => {
      await put("delete/deep/a.zip", "a");
      await put("delete/b.zip", "b");
      const { store, bucket } = subject();
      await store.delete(bucket, "delete/deep/a.zip");
      await store.delete(bucket, "delete/deep/a.zip");
      await store.delete(bucket, "delete/deep");
      expect(await head("delete/deep/a.zip")).toBeUndefined();
      expect(await get("delete/deep/a.zip")).toBeUndefined();
      expect(await namesOf(subject(), "delete/")).toEqual(["delete/b.zip"]);
      await put("delete/deep/a.zip", "again");
      expect(await textOf(subject(), "delete/deep/a.zip")).toBe("again");
    });

    it("what is not there is undefined", async () => {
      await put("there/a.zip", "a");
      for (const name of ["nowhere", "there", "there/a", "there/a.zip/b", "there/a.zi"]) {
        expect(await head(name), name).toBeUndefined();
        expect(await get(name), name).toBeUndefined();
      }
    });

    it("bad names, prefixes, ranges and headers are refused before anything happens", async () => {
      const { store, bucket } = subject();
      const refusal = expect.objectContaining({ code: "bad_request" });
      const nameText = /^a blob's name must be segments of A-Z a-z 0-9 \. _ - joined by \//;
      const names = [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "../a",
        "a/../b",
        "a/./b",
        ".hidden",
        "a/.partial",
        "a\\b",
        "a b",
        "a\0",
        "a\n",
        "%2e%2e/a",
        "ä",
        "a?b",
        "x".repeat(256),
        "x/".repeat(600) + "x",
      ];
      for (const name of names) {
        await expect(store.put(bucket, name, text("x"), ZIP), name).rejects.toThrow(nameText);
        await expect(store.put(bucket, name, text("x"), ZIP), name).rejects.toEqual(refusal);
        await expect(store.head(bucket, name), name).rejects.toEqual(refusal);
        await expect(store.get(bucket, name), name).rejects.toEqual(refusal);
        await expect(store.delete(bucket, name), name).rejects.toEqual(refusal);
      }
      for (const prefix of ["/", "..", "a/../", "a//", ".partial/", "ä"]) {
        await expect(namesOf(subject(), prefix), prefix).rejects.toThrow(
          /^a prefix must be empty or the beginning of a blob's name/,
        );
      }
      for (const bad of ["", ".", "..", "a/b", "/etc", ".partial", "a b"]) {
        await expect(store.put(bad, "a", text("x"), ZIP), bad).rejects.toThrow(
          /^a bucket's name may only contain/,
        );
        await expect(namesOf({ store, bucket: bad }, ""), bad).rejects.toEqual(refusal);
        await expect(store.check(bad), bad).rejects.toEqual(refusal);
      }
      await put("bad/a", "a");
      for (const [start, end] of [[-1, 3], [3, 2], [0.5, 2], [0, NaN], [0, Infinity]] as const) {
        await expect(get("bad/a", start, end)).rejects.toThrow(/^a byte range must be whole/);
      }
      for (const value of ["", "a\r\nx-evil: 1", "ä", " a", "x".repeat(256)]) {
        await expect(put("bad/b", "b", { ...ZIP, contentType: value })).rejects.toEqual(refusal);
        await expect(put("bad/b", "b", { ...ZIP, cacheControl: value })).rejects.toThrow(
          /^a blob's content type and cache header must be 1 to 255 printable ASCII/,
        );
      }
      expect(await head("bad/b")).toBeUndefined();
    });

    it("a blob overwritten while it is read is never torn", async () => {
      const size = 300_000;
      const { store, bucket } = subject();
      const letters = ["a", "b", "c", "d"];
      const write = (letter: string): Promise<void> =>
        store.put(bucket, "torn/a.zip", text(letter.repeat(size)), ZIP);
      await write("a");
      const reads = Array.from({ length: 12 }, async () => {
        const blob = await store.get(bucket, "torn/a.zip");
        const content = blob && new TextDecoder().decode(await bytesOf(blob.body));
        expect(content?.length).toBe(size);
        expect(letters.map((letter) => letter.repeat(size))).toContain(content);
      });
      await Promise.all([...letters.map(write), ...reads, ...letters.map(write)]);
      expect(await namesOf(subject(), "torn/")).toEqual(["torn/a.zip"]);
    });

    it("a large blob comes back whole and by range", async () => {
      const { store, bucket } = subject();
      const body = new Uint8Array(FIVE_MIB).map((_, at) => (at * 31) ^ (at >> 11));
      await store.put(bucket, "large/a.zip", body, ZIP);
      expect(await head("large/a.zip")).toMatchObject({ size: FIVE_MIB });
      const whole = await store.get(bucket, "large/a.zip");
      expect(whole && Buffer.compare(await bytesOf(whole.body), body)).toBe(0);
      const range = { start: 1_000_001, end: 4_000_003 };
      const part = await store.get(bucket, "large/a.zip", range);
      expect(part?.info.size).toBe(FIVE_MIB);
      const expected = body.subarray(range.start, range.end);
      expect(part && Buffer.compare(await bytesOf(part.body), expected)).toBe(0);
    });

    it("check() passes where a blob can be written, and leaves nothing behind", async () => {
      const before = await namesOf(subject(), "");
      await subject().store.check(subject().bucket);
      expect(await namesOf(subject(), "")).toEqual(before);
    });
  });
}
