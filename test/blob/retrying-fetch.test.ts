import { describe, expect, it, onTestFinished, vi } from "vitest";
import { backOffMs, retryingFetch } from "../../src/blob/retrying-fetch.ts";
import { testHttp } from "./support/http-options.ts";

describe("backOffMs()", () => {
  it("is between 0 and a bound that doubles up to ten seconds", () => {
    const bounds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1000].map((failed) => backOffMs(failed, () => 1));
    expect(bounds).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]);
    expect(backOffMs(5, () => 0)).toBe(0);
    expect(backOffMs(5, () => 0.25)).toBe(400);
  });
});

describe("retryingFetch()", () => {
  const url = new URL("http://localhost/");
  const answers = (...statuses: number[]): typeof fetch => () =>
    Promise.resolve(new Response(null, { status: statuses.shift() ?? 200 }));

  it.each([408, 429, 500, 502, 503, 504])("tries again after %i", async (status) => {
    const { http, delays } = testHttp({ fetch: answers(status) });
    expect((await retryingFetch(() => Promise.resolve({ url, init: {} }), http)).status).toBe(200);
    expect(delays).toEqual([50]);
  });

  it.each([200, 304, 400, 401, 403, 404, 409, 412, 416, 501, 505])(
    "does not retry %i",
    async (status) => {
      const { http, delays } = testHttp({ fetch: answers(status) });
      const response = await retryingFetch(() => Promise.resolve({ url, init: {} }), http);
      expect(response.status).toBe(status);
      expect(delays).toEqual([]);
    },
  );

  it("prepares each attempt again, and does not retry when preparing fails", async () => {
    let prepared = 0;
    const { http } = testHttp({ fetch: answers(503, 503) });
    await retryingFetch(() => Promise.resolve({ url, init: {}, attempt: prepared++ }), http);
    expect(prepared).toBe(3);
    const broken = () => Promise.reject(new Error(`attempt ${prepared++}`));
    await expect(retryingFetch(broken, http)).rejects.toThrow("attempt 3");
    expect(prepared).toBe(4);
  });
});

describe("retryingFetch() that is stopped", () => {
  const url = new URL("http://localhost/");
  const reason = new Error("somebody else does it now");
  const prepare = () => Promise.resolve({ url, init: {} });

  it("makes no further request", async () => {
    let requests = 0;
    const stop = new AbortController();
    const { http } = testHttp({
      fetch: () => {
        requests += 1;
        stop.abort(reason);
        return Promise.resolve(new Response(null, { status: 503 }));
      },
    });
    await expect(retryingFetch(prepare, http, stop.signal)).rejects.toBe(reason);
    expect(requests).toBe(1);
  });

  it("ends the request in progress", async () => {
    const stop = new AbortController();
    const { http, delays } = testHttp({
      fetch: (_, init) =>
        new Promise((_, reject) => {
          init?.signal?.addEventListener("abort", () => reject(init.signal?.reason));
          stop.abort(reason);
        }),
    });
    await expect(retryingFetch(prepare, http, stop.signal)).rejects.toBe(reason);
    expect(delays).toEqual([]);
  });
});

describe("retryingFetch() of a large upload", () => {
  it("allows one more millisecond for each 64 bytes", async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let signal: AbortSignal | null | undefined;
    const { http } = testHttp({
      timeoutMs: 1000,
      attempts: 1,
      fetch: (_, init) => {
        signal = init?.signal;
        return new Promise(() => {});
      },
    });
    const url = new URL("http://localhost/");
    const init = { body: new Uint8Array(64 * 5000) };
    const work = retryingFetch(() => Promise.resolve({ url, init }), http);
    const failed = expect(work).rejects.toThrow("no answer within 6000 ms");
    await vi.advanceTimersByTimeAsync(5999);
    expect(signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(signal?.aborted).toBe(true);
    await failed;
  });
});
