import { describe, expect, it } from "vitest";
import { REREAD_GAP_MS, rereadIssuerKeys } from "../../src/publish/reread-issuer-keys.ts";

describe("rereadIssuerKeys()", () => {
  const world = (patienceMs = 60_000) => {
    const asked: string[] = [];
    const ends: (() => void)[] = [];
    const clock = { ms: 0 };
    const reread = rereadIssuerKeys({
      refresh: (issuer) => {
        asked.push(issuer);
        return new Promise<void>((resolve) => ends.push(resolve));
      },
      nowMs: () => clock.ms,
      maxWaiting: 2,
      patienceMs,
    });
    return { asked, ends, clock, reread };
  };

  it("reads at once, for all who wait, and again only 30 s later", async () => {
    const { asked, ends, clock, reread } = world();
    const waiting = [reread(["mag"]), reread(["mag"])];
    expect(await reread(["mag"])).toBe(false);
    ends[0]?.();
    expect(await Promise.all(waiting)).toEqual([true, true]);
    clock.ms = REREAD_GAP_MS - 1;
    expect(await reread(["mag"])).toBe(false);
    expect(asked).toEqual(["mag"]);
    clock.ms = REREAD_GAP_MS;
    const again = reread(["mag"]);
    ends[1]?.();
    expect(await again).toBe(true);
  });

  it("waits no longer than its patience for an issuer that hangs, and reads others meanwhile", async () => {
    const { asked, ends, reread } = world(0);
    expect(await reread(["hangs"])).toBe(false);
    expect(await reread(["hangs"])).toBe(false);
    expect(await reread([])).toBe(false);
    expect(await reread(["mag"])).toBe(false);
    expect(asked).toEqual(["hangs", "mag"]);
    ends.forEach((end) => end());
  });

  it("goes on after a reading that failed", async () => {
    const reread = rereadIssuerKeys({
      refresh: () => Promise.reject(new Error("no database")),
      nowMs: () => 0,
      maxWaiting: 1,
      patienceMs: 60_000,
    });
    expect(await reread(["mag"])).toBe(true);
  });
});
