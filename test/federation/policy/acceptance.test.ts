import { describe, expect, it } from "vitest";
import {
  acceptanceOf,
  type ReceivedKey,
  type RefusalReason,
} from "../../../federation/policy/acceptance.ts";
import { asRegion } from "../../../src/model/ids.ts";
import { HOME, MAX_AGE_SECONDS, NOW, peerOf, receivedKey, regionNames } from "../support.ts";

const peer = peerOf({ accept: { regions: regionNames(2) } });
const context = { peer, serverId: HOME, now: NOW, maxAgeSeconds: MAX_AGE_SECONDS };
const current = Math.floor(NOW / 600);
const oldest = Math.ceil((NOW - MAX_AGE_SECONDS) / 600);

const judge = (change: Partial<ReceivedKey>, revised = false) => {
  const acceptance = acceptanceOf(receivedKey(change), revised, context);
  return acceptance.ok ? "accepted" : acceptance.reason;
};

describe("acceptanceOf()", () => {
  it.each<[string, Partial<ReceivedKey>, RefusalReason | "accepted"]>([
    ["a good key", {}, "accepted"],
    ["15 bytes", { key: new Uint8Array(15) }, "key_length"],
    ["17 bytes", { key: new Uint8Array(17) }, "key_length"],
    ["no bytes", { key: new Uint8Array(0) }, "key_length"],
    ["count 0", { intervalCount: 0 }, "interval_count"],
    ["count 1", { intervalCount: 1 }, "accepted"],
    ["count 145", { intervalCount: 145 }, "interval_count"],
    ["a negative count", { intervalCount: -1 }, "interval_count"],
    ["the current interval", { intervalNumber: current }, "accepted"],
    ["the next interval", { intervalNumber: current + 1 }, "interval_future"],
    ["just young enough", { intervalNumber: oldest - 144 }, "accepted"],
    ["just too old", { intervalNumber: oldest - 145 }, "too_old"],
    ["a negative interval", { intervalNumber: -2_147_483_648 }, "too_old"],
    ["risk 0", { transmissionRisk: 0 }, "accepted"],
    ["risk 8", { transmissionRisk: 8 }, "accepted"],
    ["risk 9", { transmissionRisk: 9 }, "risk"],
    ["risk −1", { transmissionRisk: -1 }, "risk"],
    ["UNKNOWN", { reportType: 0 }, "report_type"],
    ["clinical", { reportType: 2 }, "clinical"],
    ["self report", { reportType: 3 }, "self_report"],
    ["RECURSIVE", { reportType: 4 }, "report_type"],
    ["REVOKED", { reportType: 5 }, "revoked"],
    ["a foreign number", { reportType: 6 }, "report_type"],
    ["one who stayed", { traveler: false }, "not_traveler"],
    ["no region", { regions: [] }, "region"],
    ["another region", { regions: ["Z"] }, "region"],
    ["a region in small letters", { regions: ["r1"] }, "accepted"],
    ["the second region", { regions: ["Z", "R1"] }, "accepted"],
    ["three hops", { hops: 3 }, "accepted"],
    ["four hops", { hops: 4 }, "hops"],
    ["our own key", { homeServer: HOME }, "home"],
    ["another home", { homeServer: "https://third.example" }, "accepted"],
    ["a home that is no URL", { homeServer: "nowhere" }, "home_server"],
    ["a home with a zero byte", { homeServer: "https://a\0b" }, "home_server"],
    ["a home without end", { homeServer: `https://x.example/${"x".repeat(238)}` }, "home_server"],
    [
      "a home just as long as may be",
      { homeServer: `https://x.example/${"x".repeat(237)}` },
      "accepted",
    ],
    ["a home with a zero byte in its path", { homeServer: "https://a.example/\0b" }, "home_server"],
    ["a home that cannot be parsed", { homeServer: "https://[" }, "home_server"],
    ["a home in another script", { homeServer: "https://a\u0430.example" }, "home_server"],
    ["our own key, with a slash", { homeServer: `${HOME}/` }, "home"],
    ["our own key, shouted", { homeServer: HOME.toUpperCase() }, "home"],
    ["our own key, with a port", { homeServer: `${HOME}:443` }, "home"],
  ])("%s", (_, change, verdict) => {
    expect(judge(change)).toBe(verdict);
  });

  it("takes a revocation as a revision", () => {
    expect(judge({ reportType: 5 }, true)).toBe("accepted");
  });

  it.each([[0, 1, 2], [0, 5, 6], [3, 1, 3]])(
    "makes of risk %i with report type %i, as of a publish, %i",
    (transmissionRisk, reportType, kept) => {
      const acceptance = acceptanceOf(
        receivedKey({ transmissionRisk, reportType }),
        reportType === 5,
        context,
      );
      expect(acceptance.ok && acceptance.key.transmissionRisk).toBe(kept);
    },
  );

  it.each([[14, 14], [-14, -14], [0, 0], [15, undefined], [-15, undefined]])(
    "keeps of DSOS %i: %s",
    (sent, kept) => {
      const acceptance = acceptanceOf(receivedKey({ daysSinceOnset: sent }), false, context);
      expect(acceptance.ok && acceptance.key.daysSinceOnset).toBe(kept);
    },
  );

  it.each([0, 1, 2, 20])("assigns our names to %i regions", (count) => {
    const names = regionNames(count);
    const accept = {
      regions: names,
      assignRegions: Object.fromEntries(names.map((name) => [name, asRegion(`US-${name}`)])),
    };
    const acceptance = acceptanceOf(receivedKey({ regions: regionNames(20) }), false, {
      ...context,
      peer: peerOf({ accept }),
    });
    if (count === 0) expect(acceptance).toEqual({ ok: false, reason: "region" });
    else expect(acceptance.ok && acceptance.key.regions).toEqual(names.map((name) => `US-${name}`));
  });

  it("makes one of two regions with the same name of ours", () => {
    const assignRegions = { R0: asRegion("EU"), R1: asRegion("EU") };
    const accepted = acceptanceOf(receivedKey({ regions: ["R0", "R1"] }), false, {
      ...context,
      peer: peerOf({ accept: { regions: regionNames(2), assignRegions } }),
    });
    expect(accepted.ok && accepted.key.regions).toEqual(["EU"]);
  });

  it("is not led astray by names that objects have", () => {
    const accepted = acceptanceOf(
      receivedKey({ regions: ["toString", "__proto__"] }),
      false,
      context,
    );
    expect(accepted).toEqual({ ok: false, reason: "region" });
  });

  it("counts the sender as a hop, and as the home when none is named", () => {
    const accepted = acceptanceOf(receivedKey({ hops: 2 }), false, context);
    expect(accepted.ok && accepted.key).toMatchObject({ hops: 3, homeServer: peer.serverId });
  });

  it("takes what the agreement switches on", () => {
    const wide = peerOf({
      accept: {
        regions: regionNames(1),
        onlyTravelers: false,
        acceptSelfReport: true,
        acceptClinical: true,
      },
    });
    for (const reportType of [1, 2, 3]) {
      const key = receivedKey({ reportType, traveler: false });
      expect(acceptanceOf(key, false, { ...context, peer: wide }).ok).toBe(true);
    }
  });
});
