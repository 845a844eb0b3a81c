import { describe, expect, it } from "vitest";
import { semaphore } from "../../../federation/service/semaphore.ts";
import { AppError } from "../../../src/errors.ts";

const { signal } = new AbortController();
/** Lets everything run that waits for nothing. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Work that goes on until it is told to end. */
function heldWork() {
  const log: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => () => {
    log.push(name);
    return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
  };
  return { log, work, end: (name: string) => ends.get(name)?.() };
}

describe("semaphore()", () => {
  it("lets so many work at a time, the others in order", async () => {
    const { log, work, end } = heldWork();
    const run = semaphore(2);
    const all = ["a", "b", "c", "d"].map((name) => run(signal, work(name)));
    await settle();
    expect(log).toEqual(["a", "b"]);
    end("b");
    expect(await all[1]).toBe("b");
    await settle();
    expect(log).toEqual(["a", "b", "c"]);
    end("a");
    expect(await all[0]).toBe("a");
    await settle();
    expect(log).toEqual(["a", "b", "c", "d"]);
    end("c");
    end("d");
    expect(await Promise.all(all)).toEqual(["a", "b", "c", "d"]);
  });

  it("frees its place when work fails", async () => {
    const run = semaphore(1);
    const failing = run(signal, () => Promise.reject(new Error("broken")));
    const next = run(signal, () => Promise.resolve("done"));
    await expect(failing).rejects.toThrow("broken");
    expect(await next).toBe("done");
  });

  it("does not begin work whose caller has gone", async () => {
    const { log, work, end } = heldWork();
    const run = semaphore(1);
    const first = run(signal, work("first"));
    const gone = new AbortController();
    const second = run(gone.signal, work("second"));
    const third = run(signal, work("third"));
    gone.abort(new AppError("canceled"));
    await expect(second).rejects.toMatchObject({ code: "canceled" });
    await expect(run(gone.signal, work("fourth"))).rejects.toMatchObject({ code: "canceled" });
    end("first");
    await first;
    await settle();
    end("third");
    expect(await third).toBe("third");
    expect(log).toEqual(["first", "third"]);
  });
});
