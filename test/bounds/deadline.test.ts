import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  pause,
  startDeadline,
  TimeoutError,
  untilAborted,
  within,
} from "../../src/bounds/deadline.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const codeOf = (signal: AbortSignal): unknown => signal.aborted ? signal.reason.code : undefined;
const never = () => new Promise<never>(() => {});

describe("startDeadline()", () => {
  it("aborts with deadline_exceeded at the time limit, and not before", async () => {
    const { signal } = startDeadline(1000);
    await vi.advanceTimersByTimeAsync(999);
    expect(codeOf(signal)).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(codeOf(signal)).toBe("deadline_exceeded");
    expect(codeOf(startDeadline(0).signal)).toBe("deadline_exceeded");
  });

  it("aborts with a custom reason at the time limit", async () => {
    const late = new Error("custom reason");
    const { signal } = startDeadline(10, { late: () => late });
    await vi.advanceTimersByTimeAsync(10);
    expect(signal.reason).toBe(late);
  });

  it("aborts with canceled when any of its sources aborts, before or later", () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const canceledBy = [undefined, one.signal, other.signal];
    const { signal } = startDeadline(1000, { canceledBy });
    expect(codeOf(signal)).toBeUndefined();
    other.abort(new Error("whatever"));
    expect(codeOf(signal)).toBe("canceled");
    expect(codeOf(startDeadline(1000, { canceledBy }).signal)).toBe("canceled");
    // A source that is already aborted means canceled, not deadline_exceeded.
    expect(codeOf(startDeadline(0, { canceledBy }).signal)).toBe("canceled");
  });

  it("never ends without a time limit, but can be canceled", () => {
    const { signal, cancel } = startDeadline(undefined);
    expect(vi.getTimerCount()).toBe(0);
    cancel();
    expect(codeOf(signal)).toBe("canceled");
  });

  it.each(["end", "cancel"] as const)("%s() frees its timer and listeners", (how) => {
    const source = new AbortController();
    const removed = vi.spyOn(source.signal, "removeEventListener");
    const deadline = startDeadline(1000, { canceledBy: [source.signal] });
    expect(vi.getTimerCount()).toBe(1);
    deadline[how]();
    expect(vi.getTimerCount()).toBe(0);
    expect(removed).toHaveBeenCalledOnce();
    source.abort();
    expect(codeOf(deadline.signal)).toBe(how === "end" ? undefined : "canceled");
  });
});

describe("pause()", () => {
  it("ends after its time or with the signal's reason, and leaves no timer", async () => {
    const controller = new AbortController();
    const ended: string[] = [];
    const first = pause(1000, controller.signal).then(() => ended.push("first"));
    const second = pause(5000, controller.signal);
    const gone = expect(second).rejects.toThrow("gone");
    await vi.advanceTimersByTimeAsync(999);
    expect(ended).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await first;
    controller.abort(new Error("gone"));
    await gone;
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("untilAborted()", () => {
  it("returns or throws what the work does", async () => {
    const { signal } = new AbortController();
    expect(await untilAborted(signal, () => Promise.resolve("done"))).toBe("done");
    const broken = () => Promise.reject(new Error("broken"));
    await expect(untilAborted(signal, broken)).rejects.toThrow("broken");
  });

  it("rejects with the reason at once, though the work ignores the signal", async () => {
    const controller = new AbortController();
    const waiting = untilAborted(controller.signal, never);
    const reason = new Error("gone");
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  it("starts nothing when the signal is already aborted", async () => {
    const start = vi.fn(never);
    await expect(untilAborted(AbortSignal.abort("gone"), start)).rejects.toBe("gone");
    expect(start).not.toHaveBeenCalled();
  });
});

describe("within()", () => {
  it("returns a result in time, and frees its timer", async () => {
    expect(await within(10, () => Promise.resolve("done"))).toBe("done");
    await expect(within(10, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("rejects slow work with a TimeoutError, or returns late()", async () => {
    const failed = expect(within(5, never)).rejects.toThrow(
      new TimeoutError(5),
    );
    const answer = within(5, never, () => "late");
    await vi.advanceTimersByTimeAsync(5);
    await failed;
    expect(await answer).toBe("late");
    expect(new TimeoutError(5).message).toBe("no answer within 5 ms");
  });

  it("ignores a failure after the time limit", async () => {
    const fails = () => new Promise<never>((_, reject) => setTimeout(reject, 10, new Error("x")));
    const answer = within(5, fails, () => "late");
    await vi.advanceTimersByTimeAsync(10);
    expect(await answer).toBe("late");
  });
});
