import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { scheduleJobs } from "../src/jobs.ts";
import { jsonLog } from "../src/observe/log.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const HOUR_MS = 3_600_000;

it("a job that fails is tried again soon, less and less often, and at its interval once it works", async () => {
  let fails = true;
  const startedAt = Date.now();
  const runs: number[] = [];
  const jobs = scheduleJobs([{
    name: "rotate-keys",
    intervalMs: HOUR_MS,
    timeoutMs: 1000,
    run: () => {
      runs.push((Date.now() - startedAt) / 1000);
      return fails ? Promise.reject(new Error("down")) : Promise.resolve({});
    },
  }], {
    runs: { add: () => Promise.resolve(), newest: () => Promise.resolve([]) },
    log: jsonLog("error", () => {}, Date.now),
    clockMs: Date.now,
    ended: () => {},
  });
  jobs.start();
  await vi.advanceTimersByTimeAsync(100_000);
  expect(runs).toEqual([0, 10, 30, 70]);
  fails = false;
  await vi.advanceTimersByTimeAsync(2 * HOUR_MS);
  expect(runs).toEqual([0, 10, 30, 70, 150, 3750]);
  await jobs.stop(0);
});
