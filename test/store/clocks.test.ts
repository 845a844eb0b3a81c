import { describe, expect, it } from "vitest";
import { compareClocks } from "../../src/store/clocks.ts";
import { handClock, STEPS } from "../support/steps.ts";

const NOW = 1_700_000_000;

describe("compareClocks()", () => {
  it("finds no fault while all clocks advance together", () => {
    const clock = handClock(NOW);
    const clocks = compareClocks(clock);
    expect(clocks.newest()).toBeUndefined();
    expect(clocks.compare()(NOW)).toBeUndefined();
    clock.seconds += 7200;
    clock.running += 7200;
    expect(clocks.compare()(NOW + 7200 + 120)).toBeUndefined();
    expect(clocks.newest()).toEqual({ offsetSeconds: 120 });
  });

  it.each(STEPS)("reports that the database's clock is %i s off the process's", (step) => {
    const clocks = compareClocks(handClock(NOW));
    const seconds = step > 0 ? step : step + 1;
    expect(clocks.compare()(NOW + step)).toEqual({ kind: "apart", seconds });
    expect(clocks.newest()).toEqual({ offsetSeconds: seconds, fault: { kind: "apart", seconds } });
  });

  it.each(STEPS)("reports that the process's clock is %i s off the database's", (step) => {
    const clocks = compareClocks(handClock(NOW + step));
    expect(clocks.compare()(NOW)).toMatchObject({ kind: "apart" });
  });

  it.each(STEPS)(
    "tells a step of %i s that both made, and believes neither for an hour",
    (step) => {
      const clock = handClock(NOW);
      const clocks = compareClocks(clock);
      clocks.compare()(NOW);
      clock.seconds += step;
      expect(clocks.compare()(NOW + step)).toEqual({ kind: "stepped", seconds: step });
      clock.seconds += 3599;
      clock.running += 3599;
      expect(clocks.compare()(NOW + step + 3599)).toEqual({ kind: "stepped", seconds: step });
      clock.seconds += 1;
      clock.running += 1;
      expect(clocks.compare()(NOW + step + 3600)).toBeUndefined();
    },
  );

  it("accepts clocks at once when a step is undone", () => {
    const clock = handClock(NOW);
    const clocks = compareClocks(clock);
    clocks.compare()(NOW);
    expect(clocks.compare()(NOW + 86_400)).toMatchObject({ kind: "apart" });
    expect(clocks.compare()(NOW)).toBeUndefined();
  });

  it("does not mistake a slow response for a wrong clock", () => {
    const clock = handClock(NOW);
    const judge = compareClocks(clock).compare();
    clock.seconds += 600;
    clock.running += 600;
    expect(judge(NOW)).toBeUndefined();
  });
});
