import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { BlobStore } from "../../src/blob/blob.ts";
import { AppError } from "../../src/errors.ts";
import { bytesOf, namesOf, textOf, ZIP } from "../contract/blob.ts";
import { type FaultProxy, startFaultProxy } from "./support/fault-proxy.ts";
import { testHttp } from "./support/http-options.ts";
import { AZURITE, BUCKET, type ObjectServer, S3RVER } from "./support/object-servers.ts";
import { OBJECT_STORES } from "./support/object-stores.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const WRONG = Buffer.from("a-wrong-secret-key").toString("base64");

/** What `work` throws, with everything that a log would show of it. */
async function failureOf(work: Promise<unknown>): Promise<{ error: AppError; shown: string }> {
  const error = await work.then(() => undefined, (thrown: unknown) => thrown);
  if (!(error instanceof AppError)) throw new Error(`no AppError: ${error}`);
  const shown: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    shown.push(at.message, at.stack ?? "", JSON.stringify(at));
  }
  return { error, shown: shown.join("\n") };
}

describe.each(OBJECT_STORES)("$title", ({ title, start, open }) => {
  let server: ObjectServer;
  let proxy: FaultProxy;
  let direct: BlobStore;
  let delays: number[];
  let store: BlobStore;
  beforeAll(async () => {
    server = await start();
    proxy = await startFaultProxy(server.endpoint);
    direct = open(server.endpoint, testHttp().http);
    await direct.put(BUCKET, "here.zip", text("0123456789"), ZIP);
  });
  beforeEach(() => {
    proxy.faults.length = 0;
    proxy.seen.length = 0;
    const test = testHttp();
    delays = test.delays;
    store = open(proxy.endpoint, test.http);
  });
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });

  const operations: readonly (readonly [string, () => Promise<unknown>, unknown])[] = [
    ["put", () => store.put(BUCKET, "faults.zip", text("put"), ZIP), undefined],
    ["head", async () => (await store.head(BUCKET, "here.zip"))?.size, 10],
    ["get", () => textOf({ store, bucket: BUCKET }, "here.zip"), "0123456789"],
    ["list", () => namesOf({ store, bucket: BUCKET }, "here"), ["here.zip"]],
    ["delete", () => store.delete(BUCKET, "missing.zip"), undefined],
    ["check", () => store.check(BUCKET), undefined],
  ];

  it.each(operations)("%s() retries after 503, 429 and 500", async (_, work, expected) => {
    proxy.faults.push({ status: 503 }, { status: 429 }, { status: 500 });
    expect(await work()).toEqual(expected);
    // Half of 100, 200 and 400 ms: the random number is 0.5.
    expect(delays).toEqual([50, 100, 200]);
  });

  it.each(operations)("%s() retries after broken connections", async (_, work, expected) => {
    proxy.faults.push("cut", "cut", "cut");
    expect(await work()).toEqual(expected);
    expect(proxy.faults).toEqual([]);
    // Runtimes may repeat a request on a new connection on their own.
    expect(delays.length).toBeLessThanOrEqual(3);
  });

  it.each(operations)(
    "%s() fails after four attempts, and recovers",
    async (_, work, expected) => {
      proxy.faults.push(...[503, 500, 502, 504].map((status) => ({ status })));
      await expect(work()).rejects.toMatchObject({
        code: "blob_unavailable",
        message: `${title} answered 504 for bucket "exports": it is tried again later`,
      });
      expect(proxy.faults).toEqual([]);
      expect(await work()).toEqual(expected);
    },
  );

  it("put() stores the right bytes after failed attempts", async () => {
    proxy.faults.push("cut", { status: 500 });
    await store.put(BUCKET, "after.zip", text("after"), ZIP);
    expect(await textOf({ store: direct, bucket: BUCKET }, "after.zip")).toBe("after");
  });

  it("a request to a silent server times out", async () => {
    const hasty = open(proxy.endpoint, testHttp({ timeoutMs: 40, attempts: 2 }).http);
    proxy.faults.push("silence", "silence");
    const { error, shown } = await failureOf(hasty.head(BUCKET, "here.zip"));
    expect(error.code).toBe("blob_unavailable");
    expect(error.message).toMatch(
      /^(S3|Azure) cannot be reached for bucket "exports": check A[A-Z0-9_]+ and the network$/,
    );
    expect(shown).toContain("no answer within 40 ms");
    expect(proxy.seen.length).toBe(2);
  });

  it("an interrupted download resumes where it stopped", async () => {
    const body = new Uint8Array(1_000_000).map((_, at) => at * 7 ^ (at >> 9));
    await direct.put(BUCKET, "cut.zip", body, ZIP);
    for (const range of [undefined, { start: 1000, end: 900_000 }]) {
      proxy.seen.length = 0;
      proxy.faults.push("cut-body", "cut-body", { status: 503 }, "cut-body");
      const blob = await store.get(BUCKET, "cut.zip", range);
      const read = blob && await bytesOf(blob.body);
      expect(read && Buffer.compare(read, body.subarray(range?.start, range?.end))).toBe(0);
      expect(proxy.seen.length).toBe(5);
    }
  });

  it("a download never resumes with a different blob", async () => {
    await direct.put(BUCKET, "swap.zip", new Uint8Array(500_000).fill(1), ZIP);
    const replace = async (): Promise<void> =>
      await direct.put(BUCKET, "swap.zip", new Uint8Array(500_000).fill(2), ZIP);
    const slow = open(proxy.endpoint, testHttp({ delay: replace }).http);
    proxy.faults.push("cut-body");
    const blob = await slow.get(BUCKET, "swap.zip");
    const { error } = await failureOf(bytesOf(blob?.body ?? new ReadableStream()));
    expect(error.code).toBe("blob_unavailable");
    expect(proxy.seen.length).toBe(2);
  });

  it("a wrong secret is named by its setting, and never shown", async () => {
    const wrong = open(server.endpoint, testHttp().http, () => WRONG);
    const works = [
      () => wrong.put(BUCKET, "a.zip", text("a"), ZIP),
      () => wrong.get(BUCKET, "here.zip"),
      () => wrong.head(BUCKET, "here.zip"),
      () => wrong.delete(BUCKET, "here.zip"),
      () => wrong.check(BUCKET),
      () => namesOf({ store: wrong, bucket: BUCKET }, ""),
    ];
    for (const work of works) {
      const { error, shown } = await failureOf(work());
      expect(error.code).toBe("blob_unavailable");
      expect(error.message).toContain(`${title} answered 403`);
      expect(error.message).toMatch(/check (AWS_ACCESS_KEY_ID|AZURE_STORAGE_ACCOUNT)/);
      expect(shown).not.toContain(WRONG);
      expect(shown).not.toContain("Signature=");
      expect(shown).not.toContain("SharedKey");
    }
    expect(await textOf({ store: direct, bucket: BUCKET }, "here.zip")).toBe("0123456789");
  });

  it("changed credentials take effect with the next request", async () => {
    let secret: string | undefined = WRONG;
    const right = title === "S3" ? S3RVER.secretAccessKey : AZURITE.accessKey;
    const changing = open(server.endpoint, testHttp().http, () => secret ?? right);
    await expect(changing.get(BUCKET, "here.zip")).rejects.toThrow("answered 403");
    secret = undefined;
    expect(await textOf({ store: changing, bucket: BUCKET }, "here.zip")).toBe("0123456789");
  });

  it("a missing bucket is named with the cure", async () => {
    const cure = /answered 404 (NoSuchBucket|ContainerNotFound) for bucket "nowhere": create the /;
    await expect(direct.put("nowhere", "a.zip", text("a"), ZIP)).rejects.toThrow(cure);
    await expect(direct.get("nowhere", "a.zip")).rejects.toThrow(cure);
    await expect(direct.check("nowhere")).rejects.toThrow(cure);
    await expect(namesOf({ store: direct, bucket: "nowhere" }, "")).rejects.toThrow(cure);
  });

  it("an error shows the store's code and nothing else of its response", async () => {
    const leak = "wJalrXUtnFEMI";
    const bodies = [
      [
        `<Error><Code>AccessDenied</Code><Message>${leak}</Message></Error>`,
        "403 AccessDenied for",
      ],
      [`<Error><Code>${leak} ${leak}</Code></Error>`, "403 for"],
      [`<Error><Code>${"A".repeat(65)}</Code></Error>`, "403 for"],
      [`${" ".repeat(1024)}<Error><Code>TooLate</Code></Error>`, "403 for"],
      [`<!DOCTYPE x>${leak}`, "403 for"],
      [leak.repeat(1_000_000), "403 for"],
    ] as const;
    for (const [body, expected] of bodies) {
      proxy.faults.push({ status: 403, body });
      const { error, shown } = await failureOf(store.get(BUCKET, "here.zip"));
      expect(error.message).toContain(`${title} answered ${expected} bucket "exports": `);
      expect(shown).not.toContain(leak);
    }
    expect(delays).toEqual([]);
  });

  it("a redirect is not followed", async () => {
    for (const status of [301, 302, 307, 308]) {
      proxy.faults.push({ status });
      await expect(store.head(BUCKET, "here.zip")).rejects.toThrow(
        new RegExp(`answered ${status} for bucket "exports": check A`),
      );
    }
    expect(proxy.seen.length).toBe(4);
  });

  it("a list that is malformed, repeats a page or never ends is refused", async () => {
    const page = title === "S3"
      ? "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken></ListBucketResult>"
      : "<EnumerationResults><NextMarker>x</NextMarker></EnumerationResults>";
    const lists: readonly (readonly [readonly string[], string])[] = [
      [["<html></html>"], "the response is not a list"],
      [[""], "the response is not a list"],
      [["<a></b>"], "XML is not nested properly"],
      [[page, page], "the list repeats a page"],
      [[" ".repeat(16 * 1024 * 1024 + 1)], "the list is too long"],
    ];
    for (const [bodies, cause] of lists) {
      proxy.faults.push(...bodies.map((body) => ({ status: 200, body })));
      const { error, shown } = await failureOf(namesOf({ store, bucket: BUCKET }, ""));
      expect(error.code).toBe("blob_unavailable");
      expect(shown).toContain(cause);
    }
  });

  it("objects whose key is not a valid blob name are not listed", async () => {
    const names = [
      "here.zip",
      "here/../x",
      "here .zip",
      "here/&lt;b&gt;",
      "hereafter",
      "elsewhere",
    ];
    const body = title === "S3"
      ? `<ListBucketResult><IsTruncated>false</IsTruncated>${
        names.map((name) => `<Contents><Key>${name}</Key></Contents>`).join("")
      }</ListBucketResult>`
      : `<EnumerationResults><Blobs>${
        names.map((name) => `<Blob><Name>${name}</Name></Blob>`).join("")
      }</Blobs><NextMarker /></EnumerationResults>`;
    proxy.faults.push({ status: 200, body });
    expect(await namesOf({ store, bucket: BUCKET }, "here")).toEqual(["here.zip", "hereafter"]);
  });

  it("a response without an entity tag is refused", async () => {
    proxy.faults.push({ status: 200, body: "hello" });
    await expect(store.get(BUCKET, "here.zip")).rejects.toMatchObject({
      code: "blob_unavailable",
      message: `${title} sent no entity tag or size: is it one?`,
    });
  });
});
