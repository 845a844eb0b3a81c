import { describe, expect, it } from "vitest";
import {
  filtersOf,
  selectionOf,
  shownRegions,
  wholeAgreement,
  type Wish,
  wishText,
} from "../../../federation/policy/selection.ts";
import { type Candidate, maySend } from "../may-send.ts";
import { asRegion, type Region } from "../../../src/model/ids.ts";
import { peerOf, regionNames } from "../support.ts";

const wish = (input: Partial<Wish> = {}): Wish => ({
  includeRegions: [],
  excludeRegions: [],
  onlyTravelers: false,
  onlyLocalProvenance: false,
  ...input,
});

const selected = (asked: Wish, peer: ReturnType<typeof peerOf>) => {
  const outcome = selectionOf(asked, peer);
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.value;
};

const COUNTS = [0, 1, 2, 20] as const;
const PAIRS = COUNTS.flatMap((asked) => COUNTS.map((allowed) => [asked, allowed] as const));

describe("selectionOf()", () => {
  it.each(PAIRS)("intersects %i asked with %i allowed regions", (asked, allowed) => {
    const peer = peerOf({ send: { regions: regionNames(allowed) } });
    const selection = selected(wish({ includeRegions: regionNames(asked) }), peer);
    expect(selection.regions).toEqual(regionNames(Math.min(asked, allowed)));
  });

  it.each(PAIRS)("unites %i unwanted with %i excluded regions", (asked, excluded) => {
    const peer = peerOf({
      send: { regions: regionNames(30), excludeRegions: regionNames(excluded, "X") },
    });
    const selection = selected(
      wish({ includeRegions: regionNames(30), excludeRegions: regionNames(asked, "Y") }),
      peer,
    );
    expect(new Set(selection.excludeRegions)).toEqual(
      new Set([...regionNames(excluded, "X"), ...regionNames(asked, "Y")]),
    );
    expect(selection.regions).toEqual(regionNames(30));
  });

  it("does not select what the agreement excludes", () => {
    const peer = peerOf({ send: { regions: regionNames(2), excludeRegions: [asRegion("X")] } });
    const selection = selected(wish({ includeRegions: ["x", "r1"] }), peer);
    expect(selection.regions).toEqual(["R1"]);
  });

  it.each([1, 2, 20])("refuses %i regions on both sides, whatever their case", (count) => {
    const peer = peerOf({ send: { regions: regionNames(20) } });
    const includeRegions = regionNames(count);
    expect(selectionOf(wish({ includeRegions, excludeRegions: ["r0"] }), peer)).toEqual({
      ok: false,
      code: "invalid_argument",
      message: "includeRegions and excludeRegions overlap",
    });
  });

  it("refuses a list without end", () => {
    expect(selectionOf(wish({ includeRegions: regionNames(501) }), peerOf())).toMatchObject({
      ok: false,
      code: "invalid_argument",
      message: "more than 500 regions",
    });
  });

  it.each([
    [false, false, false],
    [true, false, true],
    [false, true, true],
    [true, true, true],
  ])("travelers only: asked %s, agreed %s, so %s", (asked, agreed, only) => {
    const peer = peerOf({ send: { onlyTravelers: agreed } });
    expect(selected(wish({ onlyTravelers: asked }), peer).onlyTravelers).toBe(only);
  });

  it("changes with what goes out: its filters are those of before while self reports go", () => {
    const before = filtersOf(wholeAgreement(peerOf()));
    expect(Object.keys(before)).toEqual([
      "regions",
      "excludeRegions",
      "onlyTravelers",
      "onlyLocal",
      "peer",
      "serverId",
    ]);
    expect(filtersOf(wholeAgreement(peerOf({ send: { symptomOnset: false } })))).toEqual(before);
    expect(filtersOf(wholeAgreement(peerOf({ send: { selfReport: false } })))).toEqual({
      ...before,
      selfReport: false,
    });
  });

  it.each([
    [false, true, false],
    [true, true, true],
    [false, false, true],
    [true, false, true],
  ])("local only: asked %s, resend agreed %s, so %s", (asked, resend, only) => {
    const peer = peerOf({ send: { resend } });
    expect(selected(wish({ onlyLocalProvenance: asked }), peer).onlyLocal).toBe(only);
  });
});

describe("maySend()", () => {
  const peer = peerOf({
    send: { regions: regionNames(20), excludeRegions: [asRegion("X")], resend: true },
  });
  const open = peerOf({ send: { ...peer.send, onlyTravelers: false } });
  const local: Candidate = { regions: regionNames(1), traveler: true, source: "local", hops: 0 };

  it.each<[string, Partial<Candidate>, boolean]>([
    ["a traveler's key", {}, true],
    ["with the last of twenty regions", { regions: [asRegion("R19")] }, true],
    ["with twenty regions", { regions: regionNames(20) }, true],
    ["without a region", { regions: [] }, false],
    ["with another region only", { regions: [asRegion("Z")] }, false],
    ["with an excluded region beside", { regions: [asRegion("R0"), asRegion("X")] }, false],
    ["not a traveler's", { traveler: false }, false],
    ["padding", { source: "generated" }, false],
    ["from another peer", { source: "peer", sourceName: "other", hops: 1 }, true],
    ["back to the peer", { source: "peer", sourceName: "sla", hops: 1 }, false],
    ["an import that has the peer's name", { source: "import", sourceName: "sla" }, true],
    ["home", { source: "peer", sourceName: "other", homeServer: peer.serverId }, false],
    ["after three hops", { source: "peer", sourceName: "other", hops: 3 }, true],
    ["after four hops", { source: "peer", sourceName: "other", hops: 4 }, false],
  ])("%s", (_, change, may) => {
    expect(maySend({ ...local, ...change }, wholeAgreement(peer))).toBe(may);
  });

  it("sends keys of those who stayed when the agreement says so", () => {
    expect(maySend({ ...local, traveler: false }, wholeAgreement(open))).toBe(true);
  });

  it("sends nothing of other homes without resend", () => {
    const strict = wholeAgreement(peerOf({ send: { ...peer.send, resend: false } }));
    expect(maySend({ ...local, source: "peer", sourceName: "other", hops: 1 }, strict)).toBe(false);
    expect(maySend({ ...local, source: "import", sourceName: "other" }, strict)).toBe(false);
    expect(maySend(local, strict)).toBe(true);
  });

  it.each(COUNTS)("sends with no region in the agreement nothing of %i", (count) => {
    const nothing = wholeAgreement(peerOf());
    expect(maySend({ ...local, regions: regionNames(count) }, nothing)).toBe(false);
  });
});

describe("shownRegions()", () => {
  it.each(PAIRS)("of a key with %i regions, %i selected", (has, chosen) => {
    const selection = wholeAgreement(peerOf({ send: { regions: regionNames(chosen) } }));
    const shown: Region[] = shownRegions(regionNames(has), selection);
    expect(shown).toEqual(regionNames(Math.min(has, chosen)));
  });
});

describe("wishText()", () => {
  it("is the same for the same wish, however written", () => {
    expect(wishText(wish({ includeRegions: ["b", "A", "a"] })))
      .toBe(wishText(wish({ includeRegions: ["A", "B"] })));
  });

  it.each<[string, Partial<Wish>]>([
    ["regions", { includeRegions: ["A"] }],
    ["excluded regions", { excludeRegions: ["A"] }],
    ["travelers", { onlyTravelers: true }],
    ["provenance", { onlyLocalProvenance: true }],
  ])("differs by %s", (_, change) => {
    expect(wishText(wish(change))).not.toBe(wishText(wish()));
  });
});
