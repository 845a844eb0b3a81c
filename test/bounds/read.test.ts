import { afterEach, describe, expect, it, vi } from "vitest";
import { readBounded, readUpTo } from "../../src/bounds/read.ts";
import { accept, refuse } from "../../src/errors.ts";

afterEach(() => void vi.useRealTimers());

/** A stream of these chunks that then ends, breaks or stays silent, and a record of the calls to it. */
function source(chunks: readonly number[][], after: "ends" | "breaks" | "is silent" = "ends") {
  const rest = [...chunks];
  const seen = { pulls: 0, canceled: false };
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = rest.shift();
      seen.pulls += 1;
      if (chunk !== undefined) controller.enqueue(new Uint8Array(chunk));
      else if (after === "ends") controller.close();
      else if (after === "breaks") controller.error(new Error("broken"));
      else await new Promise(() => {});
    },
    cancel() {
      seen.canceled = true;
      // A source that never confirms must not hold up the reader.
      return new Promise(() => {});
    },
  }, { highWaterMark: 0 });
  return { stream, seen };
}

describe("readUpTo()", () => {
  it.each<[string, number[][], number[], boolean]>([
    ["nothing", [], [], true],
    ["one chunk", [[1, 2]], [1, 2], true],
    ["exactly as much as it may", [[1, 2], [], [3, 4]], [1, 2, 3, 4], true],
    ["one byte more", [[1, 2], [3, 4, 5]], [1, 2, 3, 4], false],
    ["a chunk more", [[1, 2, 3, 4], [5], [6]], [1, 2, 3, 4], false],
  ])("returns at most maxBytes: %s", async (_, chunks, bytes, complete) => {
    const { stream, seen } = source(chunks);
    expect(await readUpTo(stream, { maxBytes: 4 })).toEqual({
      bytes: new Uint8Array(bytes),
      complete,
    });
    expect(seen.canceled).toBe(!complete);
  });

  it("treats a missing body as an empty one", async () => {
    expect(await readUpTo(null, { maxBytes: 4 })).toEqual({
      bytes: new Uint8Array(),
      complete: true,
    });
  });

  it("stops reading at the first byte beyond the limit", async () => {
    const { stream, seen } = source([[1], [2], [3], [4]]);
    await readUpTo(stream, { maxBytes: 1 });
    expect(seen.pulls).toBe(2);
  });

  it("leaves the rest to the stream's owner on request", async () => {
    const { stream, seen } = source([[1], [2]]);
    await readUpTo(stream, { maxBytes: 1, rest: "leave" });
    expect(seen.canceled).toBe(false);
  });

  it("rejects when the stream breaks", async () => {
    const { stream } = source([[1]], "breaks");
    await expect(readUpTo(stream, { maxBytes: 4 })).rejects.toThrow("broken");
  });

  it("rejects with the signal's reason even if the stream is silent, and cancels it", async () => {
    const { stream, seen } = source([[1]], "is silent");
    const controller = new AbortController();
    const reading = readUpTo(stream, { maxBytes: 4, signal: controller.signal });
    const reason = new Error("gone");
    controller.abort(reason);
    await expect(reading).rejects.toBe(reason);
    expect(seen.canceled).toBe(true);
  });

  it("reads nothing once the signal is aborted", async () => {
    const { stream, seen } = source([[1]]);
    const signal = AbortSignal.abort("gone");
    await expect(readUpTo(stream, { maxBytes: 4, signal })).rejects.toBe("gone");
    expect(seen.pulls).toBe(0);
  });

  it("limits the time for the whole stream, then cancels it and reads no more", async () => {
    vi.useFakeTimers();
    const { stream, seen } = source([[1]], "is silent");
    const reading = readUpTo(stream, { maxBytes: 4, timeoutMs: 100 });
    const failed = expect(reading).rejects.toThrow("no answer within 100 ms");
    await vi.advanceTimersByTimeAsync(100);
    await failed;
    expect(seen).toEqual({ pulls: 2, canceled: true });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("limits the time for each chunk, not for all of them", async () => {
    vi.useFakeTimers();
    let chunks = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) =>
        new Promise<void>((done) => {
          // The fifth chunk never arrives.
          if (++chunks < 5) setTimeout(() => done(controller.enqueue(new Uint8Array(1))), 90);
        }),
    }, { highWaterMark: 0 });
    const reading = readUpTo(stream, { maxBytes: 100, chunkTimeoutMs: 100 });
    const failed = expect(reading).rejects.toThrow("no answer within 100 ms");
    await vi.advanceTimersByTimeAsync(4 * 90 + 100);
    await failed;
    expect(chunks).toBe(5);
  });
});

describe("readBounded()", () => {
  it("returns a whole stream", async () => {
    const { stream } = source([[1, 2], [3, 4]]);
    expect(await readBounded(stream, { maxBytes: 4 })).toEqual(
      accept(new Uint8Array([1, 2, 3, 4])),
    );
  });

  it("refuses one byte too many with body_too_large or a custom error, and cancels the rest", async () => {
    const plain = source([[1, 2], [3]], "is silent");
    expect(await readBounded(plain.stream, { maxBytes: 2 })).toEqual(
      refuse("body_too_large", "more than 2 bytes"),
    );
    expect(plain.seen.canceled).toBe(true);
    const own = source([[1, 2], [3]]);
    const tooLarge = () => refuse("limit_exceeded", "the answer is too long");
    expect(await readBounded(own.stream, { maxBytes: 2, tooLarge })).toEqual(tooLarge());
  });
});
