import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cursorCodec } from "../../../federation/service/cursor.ts";
import { asWindow } from "../../../src/model/ids.ts";
import { NATIVE } from "../../support/crypto-providers.ts";
import { keyBytes, NOW } from "../support.ts";

const codec = await cursorCodec(NATIVE, new Uint8Array(32).fill(7));
const position = { window: asWindow(NOW), key: keyBytes(9) };

const refused = {
  ok: false,
  code: "invalid_argument",
  message:
    "the state is not one that was answered to the same question: begin again without a state",
};

describe("cursorCodec()", () => {
  it("opens what it sealed", async () => {
    for (const place of [position, { window: asWindow(NOW) }]) {
      const cursor = await codec.seal("new", place, "peer");
      expect(cursor.timestamp).toBe(NOW);
      expect(await codec.open("new", cursor, "peer")).toEqual({ ok: true, value: place });
    }
  });

  it("seals the start of a window without a token, so that it stays valid under other filters", async () => {
    const cursor = await codec.seal("new", { window: asWindow(NOW) }, "peer, R0");
    expect(cursor).toEqual({ timestamp: NOW, nextToken: "" });
    expect(await codec.open("new", cursor, "peer, R0 and R1"))
      .toEqual({ ok: true, value: { window: NOW } });
  });

  it("does not show the key", async () => {
    const { nextToken } = await codec.seal("new", position, "peer");
    expect(nextToken).not.toContain("AAAAAAAAA");
    expect((await codec.seal("new", position, "peer")).nextToken).not.toBe(nextToken);
  });

  it("takes no token for the start of a window, and the year 1 for the beginning", async () => {
    const open = (timestamp: number) => codec.open("new", { timestamp, nextToken: "" }, "peer");
    expect(await open(NOW)).toEqual({ ok: true, value: { window: NOW } });
    expect(await open(-62_135_596_800)).toEqual({ ok: true, value: { window: 0 } });
    expect(await open(Number.NaN)).toEqual(refused);
    expect(await open(2 ** 60)).toEqual(refused);
  });

  it("refuses it for another stream, peer, filter, window or server", async () => {
    const cursor = await codec.seal("new", position, "peer");
    const other = await cursorCodec(NATIVE, new Uint8Array(32).fill(8));
    expect(await codec.open("revised", cursor, "peer")).toEqual(refused);
    expect(await codec.open("new", cursor, "other peer")).toEqual(refused);
    expect(await codec.open("new", { ...cursor, timestamp: NOW + 3600 }, "peer")).toEqual(refused);
    expect(await other.open("new", cursor, "peer")).toEqual(refused);
  });

  it("refuses every change of a token", async () => {
    const cursor = await codec.seal("new", position, "peer");
    for (let at = 0; at < cursor.nextToken.length; at++) {
      const letter = cursor.nextToken[at] === "A" ? "B" : "A";
      const nextToken = cursor.nextToken.slice(0, at) + letter + cursor.nextToken.slice(at + 1);
      expect(await codec.open("new", { ...cursor, nextToken }, "peer")).toEqual(refused);
    }
  });

  it("refuses garbage", async () => {
    const runs = Number(process.env["FUZZ_RUNS"] ?? 500);
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1, unit: "binary" }), async (nextToken) => {
        const opened = await codec.open("new", { timestamp: NOW, nextToken }, "peer");
        expect(opened).toEqual(refused);
      }),
      { numRuns: runs, seed: 3 },
    );
    const long = { timestamp: NOW, nextToken: "A".repeat(1_000_000) };
    expect(await codec.open("new", long, "peer")).toEqual(refused);
  });
});
