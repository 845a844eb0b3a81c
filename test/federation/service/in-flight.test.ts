import { describe, expect, it } from "vitest";
import { inFlight } from "../../../federation/service/in-flight.ts";

describe("inFlight()", () => {
  it("has so many places a name, and takes them back", () => {
    const calls = inFlight(2);
    const [one, two] = [calls.enter("a"), calls.enter("a")];
    expect(calls.enter("a")).toBeUndefined();
    expect(calls.enter("b")).toBeTypeOf("function");
    one?.();
    expect(calls.enter("a")).toBeTypeOf("function");
    expect(calls.enter("a")).toBeUndefined();
    two?.();
    expect(calls.enter("a")).toBeTypeOf("function");
  });
});
