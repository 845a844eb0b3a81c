import { describe, expect, it } from "vitest";
import { deployed, KEY, ourSide } from "./foreign/our-side.ts";
import { type ForeignRun, hasForeignPeers } from "./foreign/python.ts";
import { NOW } from "./support.ts";

const HOUR = 3600;
const MINUTE = 60;

const run = (reportType: string) => (at: number, first: number, count: number): ForeignRun => ({
  at,
  first,
  count,
  key: { ...KEY, reportType },
});
const fresh = run("CONFIRMED_CLINICAL_DIAGNOSIS");
const revoked = run("REVOKED");
const clinical = { accept: { acceptClinical: true } };

/** How deployed servers page, with their mistakes; see foreign/deployed.py. */
describe.runIf(hasForeignPeers())("the feed of a deployed server", () => {
  const { agree, stored, storedNumbers, world } = ourSide();

  it("with the habits of deployed ones is read to its end, and goes on with the next window", async () => {
    const server = await deployed({
      limit: 500,
      window: NOW,
      keys: [fresh(NOW - 3 * HOUR, 0, 7), fresh(NOW - 2 * HOUR, 7, 8), fresh(NOW - HOUR, 15, 3)],
      revised: [revoked(NOW - HOUR, 0, 4)],
    });
    const pull = agree(server, clinical);
    const { status } = await pull();
    expect(status).toMatchObject({ state: "ok" });
    expect(await storedNumbers()).toEqual(Array.from({ length: 18 }, (_, number) => number));
    expect((await stored()).filter(({ revised }) => revised === "negative").length).toBe(4);
    await world().setTime(NOW + 10 * MINUTE);
    expect((await pull()).status).toMatchObject({ state: "ok" });
    const calls = await server.finish();
    expect(calls.slice(1).every(({ echoed }) => echoed === true)).toBe(true);
    expect(calls.length).toBeLessThan(10);
  });

  it("that gives back its place is asked by offset, and so read", async () => {
    const server = await deployed({ limit: 500, window: NOW, keys: [fresh(NOW - HOUR, 0, 35)] });
    const { status } = await agree(server, clinical)();
    expect(status).toMatchObject({ state: "ok" });
    expect((await storedNumbers()).length).toBe(35);
    expect((await server.finish()).map(({ request }) => request?.maxExposureKeys))
      .toEqual([10, 10, 10, 10, 10]);
  });

  it("that repeats its page of revised keys while its timestamp creeps on is read all the same", async () => {
    const revised = [revoked(NOW - HOUR, 0, 35)];
    const keys = [fresh(NOW - 2 * HOUR, 0, 35)];
    const server = await deployed({ limit: 500, window: NOW, keys, revised });
    const { status } = await agree(server, clinical)();
    expect(status).toMatchObject({ state: "ok" });
    expect((await stored()).filter(({ revised }) => revised === "negative").length).toBe(35);
    expect((await server.finish()).length).toBeLessThan(10);
  });

  it("that has more keys and revised keys in one window than it sends at once is read to the end", async () => {
    const server = await deployed({
      limit: 40,
      window: NOW,
      keys: [fresh(NOW - 2 * HOUR, 0, 90), fresh(NOW - HOUR, 90, 5)],
      revised: [revoked(NOW - HOUR, 0, 90)],
    });
    const { status } = await agree(server, { ...clinical, pull: { pageSize: 500 } })();
    expect(status).toMatchObject({ state: "ok" });
    expect((await storedNumbers()).length).toBe(95);
    expect((await stored()).filter(({ revised }) => revised === "negative").length).toBe(90);
    expect((await server.finish()).length).toBeLessThan(12);
  });
});
