import { expect, it } from "vitest";
import { vendorCalls, type VendorEvent } from "../../../src/attest/vendor/calls.ts";

const REQUEST = { url: "http://vendor.test/", headers: {}, body: "{}" };

it("has 64 calls in flight at most; one more is unavailable at once", async () => {
  const waiting: ((response: Response) => void)[] = [];
  const events: VendorEvent[] = [];
  const calls = vendorCalls({
    fetch: () => new Promise((resolve) => waiting.push(resolve)),
    elapsedMs: () => 0,
    after: () => () => {},
    ended: (event) => events.push(event),
  });
  const ask = () =>
    calls.ask("apple", "team", async (send) => {
      const answer = await send(REQUEST);
      return answer === undefined
        ? { asked: "unavailable" }
        : { asked: "answered", value: answer.status };
    });
  const inFlight = Array.from({ length: 64 }, ask);
  expect(await ask()).toEqual({ asked: "unavailable" });
  expect(waiting).toHaveLength(64);
  for (const answer of waiting) answer(new Response("ok"));
  expect(new Set((await Promise.all(inFlight)).map((one) => JSON.stringify(one)))).toEqual(
    new Set(['{"asked":"answered","value":200}']),
  );
  expect(events).toHaveLength(64);
  expect(calls.openBreakers("apple")).toBe(0);
});

it("has a breaker of its own for each account", async () => {
  const calls = vendorCalls({
    fetch: () => Promise.reject(new Error("no network")),
    elapsedMs: () => 0,
    after: () => () => {},
    ended: () => {},
  });
  const ask = (account: string) =>
    calls.ask<string>("apple", account, async (send) => {
      const answer = await send(REQUEST);
      return answer === undefined
        ? { asked: "unavailable" }
        : { asked: "answered", value: answer.text };
    });
  for (let count = 0; count < 5; count++) await ask("one");
  expect(calls.openBreakers("apple")).toBe(1);
  expect(calls.openBreakers("google")).toBe(0);
  let called = false;
  await calls.ask<string>("apple", "two", async () => {
    called = true;
    return { asked: "unavailable" };
  });
  expect(called).toBe(true);
});
