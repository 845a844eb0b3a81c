import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { LogFields } from "../../src/observe/log.ts";
import { sparingLog } from "../../src/observe/sparing-log.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("sparingLog() writes one line per interval, with the number of events", () => {
  const lines: [string, LogFields | undefined][] = [];
  const write = (event: string, fields?: LogFields) => lines.push([event, fields]);
  const log = { error: write, warn: write, info: write, debug: write };
  const say = sparingLog(log, "error", "publish-failed", 1000);
  for (let number = 1; number <= 2147; number++) say({ number });
  expect(lines).toEqual([["publish-failed", { number: 1, count: 1 }]]);
  vi.advanceTimersByTime(1000);
  expect(lines.slice(1)).toEqual([["publish-failed", { number: 2, count: 2146 }]]);
  say({ number: 3000 });
  vi.advanceTimersByTime(999);
  expect(lines).toHaveLength(2);
  vi.advanceTimersByTime(1);
  expect(lines.slice(2)).toEqual([["publish-failed", { number: 3000, count: 1 }]]);
  vi.advanceTimersByTime(1000);
  say({ number: 1 });
  expect(lines).toHaveLength(4);
});
