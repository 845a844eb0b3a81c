import { describe, expect, it } from "vitest";
import { health } from "../../src/http/health.ts";

/** A server with one check, whose calls are counted, on a clock that the test sets. */
function checked() {
  const world = { at: 0, asked: 0, check: () => Promise.resolve() };
  const check = () => {
    world.asked += 1;
    return world.check();
  };
  const state = health([{ name: "storage", check }], () => world.at);
  const ready = async () => {
    const answer = await state.ready();
    return [answer.status, await answer.json()];
  };
  return { world, state, ready };
}
const OK = [200, { status: "ok", checks: { storage: "ok" } }];
const FAILED = [503, { status: "failed", checks: { storage: "failed" } }];

describe("health", () => {
  it("is 503 with the name of the failed check, without the reason", async () => {
    const { world, ready, state } = checked();
    world.check = () => Promise.reject(new Error("secret"));
    expect(await ready()).toEqual(FAILED);
    expect(state.live().status).toBe(200);
    state.drain();
    expect(await ready()).toEqual([503, { status: "draining" }]);
  });

  it("checks once for all requests within a second, even during the check", async () => {
    const { world, ready } = checked();
    expect(await Promise.all([ready(), ready()])).toEqual([OK, OK]);
    world.at = 999;
    world.check = () => Promise.reject(new Error("down"));
    expect(await ready()).toEqual(OK);
    expect(world.asked).toBe(1);
    world.at = 1000;
    expect(await ready()).toEqual(FAILED);
    expect(world.asked).toBe(2);
  });
});
