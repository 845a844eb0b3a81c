import { describe, expect, it } from "vitest";
import { places, placesOf } from "../../../federation/service/places.ts";

const { signal } = new AbortController();
/** Lets everything run that waits for nothing. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("places()", () => {
  it("lets nobody wait when the queue is full, and takes each place back once", async () => {
    const few = places(1, 1);
    const first = await few.enter(signal);
    const second = few.enter(signal);
    expect(await few.enter(signal)).toBeUndefined();
    first?.();
    first?.();
    const leave = await second;
    expect(leave).toBeTypeOf("function");
    const third = few.enter(signal);
    expect(await few.enter(signal)).toBeUndefined();
    leave?.();
    (await third)?.();
    expect(few.isEmpty()).toBe(true);
  });

  it("gives the place of one who went away to the next", async () => {
    const one = places(1);
    const first = await one.enter(signal);
    const gone = new AbortController();
    const leaving = one.enter(gone.signal);
    const next = one.enter(signal);
    gone.abort(new Error("gone"));
    await expect(leaving).rejects.toThrow("gone");
    first?.();
    expect(await next).toBeTypeOf("function");
    await expect(one.enter(gone.signal)).rejects.toThrow("gone");
  });
});

describe("placesOf()", () => {
  it("has places of each name, also after a name was forgotten", async () => {
    const calls = placesOf(1, 0);
    const mag = await calls.enter("mag", signal);
    expect(await calls.enter("mag", signal)).toBeUndefined();
    const sla = await calls.enter("sla", signal);
    expect(sla).toBeTypeOf("function");
    mag?.();
    sla?.();
    await settle();
    expect(await calls.enter("mag", signal)).toBeTypeOf("function");
    expect(await calls.enter("mag", signal)).toBeUndefined();
  });
});
