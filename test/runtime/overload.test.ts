import { expect, it, onTestFinished, vi } from "vitest";
import { measureLoopDelay } from "../../src/runtime/overload.ts";
import { listening } from "./listening.ts";
import { http2Request, http2Session } from "./peers.ts";

it("requests are refused at their head while too many connections are open, but /healthz is answered", async () => {
  let handled = 0;
  const { port } = await listening(() => {
    handled += 1;
    return new Response("ok");
  }, { limits: { busyConnections: 0 } });
  const refused = await fetch(`http://127.0.0.1:${port}/v1/publish`, {
    method: "POST",
    body: "x".repeat(10_000),
  });
  expect(refused.status).toBe(503);
  expect(await refused.json()).toEqual({
    error: "too many requests in flight, try again",
    code: "overloaded",
  });
  expect(refused.headers.get("retry-after")).toBe("5");
  expect(refused.headers.get("connection")).toBe("close");
  expect(handled).toBe(0);
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  const session = http2Session(`http://127.0.0.1:${port}`);
  expect(await http2Request(session, { ":path": "/x" })).toMatchObject({ status: 503 });
});

it("requests are refused while the event loop is late", async () => {
  const { port } = await listening(() => new Response("ok"), { limits: { busyLoopMs: -1 } });
  const refused = await fetch(`http://127.0.0.1:${port}/`);
  await refused.body?.cancel();
  expect(refused.status).toBe(503);
});

it("measureLoopDelay() returns the delay of two late turns in a row, and 0 after one on time", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let at = 0;
  const delay = measureLoopDelay(() => at);
  const turn = (ms: number) => {
    at += ms;
    vi.advanceTimersByTime(100);
  };
  turn(600);
  expect(delay.ms()).toBe(0);
  turn(900);
  expect(delay.ms()).toBe(500);
  turn(100);
  expect(delay.ms()).toBe(0);
  delay.stop();
});
