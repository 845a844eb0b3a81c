import { expect, it } from "vitest";
import { type Breaker, breaker } from "../../../src/attest/vendor/breaker.ts";

function call(one: Breaker, ...outcomes: readonly boolean[]): void {
  for (const available of outcomes) if (one.mayCall()) one.ended(available);
}

it("opens after five failures in a row, for half a minute, then lets one probe through", () => {
  let now = 0;
  const one = breaker(() => now);
  call(one, false, false, false, false, true, false, false, false, false);
  expect(one.isOpen).toBe(false);
  call(one, false);
  expect(one.isOpen).toBe(true);
  expect(one.mayCall()).toBe(false);
  now = 29_999;
  expect(one.mayCall()).toBe(false);
  now = 30_000;
  expect(one.mayCall()).toBe(true);
  expect(one.mayCall()).toBe(false);
  one.ended(false);
  now = 59_999;
  expect(one.mayCall()).toBe(false);
  now = 60_000;
  expect(one.mayCall()).toBe(true);
  one.ended(true);
  expect(one.isOpen).toBe(false);
  call(one, false, false, false, false);
  expect(one.isOpen).toBe(false);
});

it("opens when half of the last twenty calls failed", () => {
  const one = breaker(() => 0);
  call(one, ...Array.from({ length: 19 }, (_, at) => at % 2 === 0));
  expect(one.isOpen).toBe(false);
  call(one, false);
  expect(one.isOpen).toBe(true);
});

it("forgets failures that are more than twenty calls ago", () => {
  const one = breaker(() => 0);
  call(one, ...[false, false, false, false, true, false, false, false, false, true]);
  call(one, ...Array.from({ length: 20 }, () => true));
  call(one, false, false, false, false);
  expect(one.isOpen).toBe(false);
});
