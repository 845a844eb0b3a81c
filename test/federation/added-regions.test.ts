import { beforeEach, describe, expect, it } from "vitest";
import { dayDigests } from "../../federation/digest.ts";
import { type InboundDependencies, judgeBatch, storeBatch } from "../../federation/inbound.ts";
import type { ReceivedKey } from "../../federation/policy/acceptance.ts";
import { selectionOf } from "../../federation/policy/selection.ts";
import { encodeHex } from "../../src/bytes/base64.ts";
import { asInterval, asRegion, asServerId, asWindow } from "../../src/model/ids.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import { exportKeys } from "../../src/store/exposure/export-keys.ts";
import type { KeyPart, KeyRules } from "../../src/store/exposure/selection.ts";
import { federationDigests } from "../../src/store/federation/digest.ts";
import { federationFeed } from "../../src/store/federation/feed.ts";
import { federationInbound } from "../../src/store/federation/inbound.ts";
import { retentionStore } from "../../src/store/retention.ts";
import { useDatabase } from "../support/database.ts";
import { TRUSTED_CLOCKS } from "../support/trusted-clocks.ts";
import { HOME, MAX_AGE_SECONDS, NOW, peerOf, receivedKey } from "./support.ts";

const HOUR = 3600;
const REGIONS = ["DE", "FR", "IT"] as const;
type Country = (typeof REGIONS)[number];

const peers = Object.fromEntries(REGIONS.map((region) => [
  region,
  peerOf({
    name: region.toLowerCase(),
    serverId: asServerId(`https://${region.toLowerCase()}.example`),
    accept: { regions: [asRegion(region)], acceptClinical: true },
    send: { regions: REGIONS.map(asRegion), resend: true },
  }),
])) as Readonly<Record<Country, Peer>>;

/** The rules of every export that there can be for these regions. */
const RULES: readonly KeyRules[] = [1, 2, 3, 4, 5, 6, 7].flatMap((wanted) =>
  [0, 1, 2, 4].filter((excluded) => (wanted & excluded) === 0).map((excluded) => ({
    regions: subset(wanted),
    excludeRegions: subset(excluded),
    includeTravelers: false,
    onlyNonTravelers: false,
  }))
);

function subset(bits: number) {
  return REGIONS.filter((_, index) => (bits >> index) % 2 === 1).map(asRegion);
}

const of = (...regions: readonly Country[]): KeyRules => ({
  regions: regions.map(asRegion),
  excludeRegions: [],
  includeTravelers: false,
  onlyNonTravelers: false,
});

describe("a key that comes from one peer after the other", () => {
  const database = useDatabase();
  let window = 0;

  beforeEach(async () => {
    await database().clear();
    window = 0;
    await database().setClock(NOW + 1800);
  });

  /** Closes the window of now: what comes later belongs to the next. */
  const closeWindow = async (): Promise<void> => {
    window += 1;
    const end = NOW + window * HOUR;
    await database().setClock(end + 1800);
    await database().bulk`
      update window_floor set closed_through = ${end}, next_closed_through = ${end}`;
  };

  const receive = (
    country: Country,
    revised: boolean = false,
    change: Partial<ReceivedKey> = {},
  ) => {
    const deps: InboundDependencies = {
      inbound: federationInbound(database(), {
        windowSeconds: HOUR,
        writeTimeoutMs: 10_000,
        processSeconds: TRUSTED_CLOCKS.processSeconds,
      }),
      serverId: HOME,
      clockMs: () => (NOW + window * HOUR + 1800) * 1000,
      maxAgeSeconds: MAX_AGE_SECONDS,
    };
    const key = receivedKey({ regions: [country], homeServer: "https://home.example", ...change });
    const batch = revised ? { keys: [], revised: [key] } : { keys: [key], revised: [] };
    return storeBatch(
      deps,
      peers[country],
      judgeBatch(deps, peers[country], batch),
      async () => {},
    );
  };

  /** In which windows an export has the key, counted from the first; with the risk that it shows. */
  const windowsOf = async (rules: KeyRules, part: KeyPart = "keys"): Promise<string[]> => {
    const found: string[] = [];
    for (let at = 0; at < window; at++) {
      const span = { startsAt: NOW + at * HOUR, endsAt: NOW + (at + 1) * HOUR };
      const range = { after: undefined, limit: 10 };
      const counts = await exportKeys(database()).count(span, rules);
      let read = 0;
      await exportKeys(database()).read(span, rules, part, range, (key) => {
        read += 1;
        found.push(`${at}: type ${key.reportType}`);
      });
      expect(counts[part]).toBe(read);
    }
    return found;
  };

  it("has the regions of both in its one window while that is open", async () => {
    await receive("DE");
    const { counts } = await receive("FR");
    expect(counts).toEqual({ duplicate: 1 });
    await closeWindow();
    await closeWindow();
    for (const rules of [of("DE"), of("FR"), of("DE", "FR")]) {
      expect(await windowsOf(rules)).toEqual(["0: type 1"]);
    }
    expect(await windowsOf(of("IT"))).toEqual([]);
  });

  it("comes to the exports of the second one's region later, and to no export twice", async () => {
    await receive("DE");
    await closeWindow();
    await receive("FR");
    await receive("FR");
    await closeWindow();
    await receive("FR");
    await closeWindow();
    expect(await windowsOf(of("DE"))).toEqual(["0: type 1"]);
    expect(await windowsOf(of("FR"))).toEqual(["1: type 1"]);
    expect(await windowsOf(of("DE", "FR"))).toEqual(["0: type 1"]);
    expect(await windowsOf({ ...of("DE"), excludeRegions: [asRegion("FR")] }))
      .toEqual(["0: type 1"]);
    expect(await windowsOf({ ...of("FR"), excludeRegions: [asRegion("DE")] })).toEqual([]);
  });

  it("comes once to every export that takes any of its regions, whoever adds how many", async () => {
    await receive("DE");
    await closeWindow();
    await Promise.all([receive("FR"), receive("IT")]);
    await closeWindow();
    for (const rules of RULES.filter(({ excludeRegions }) => excludeRegions.length === 0)) {
      const first = rules.regions.includes(asRegion("DE")) ? 0 : 1;
      expect(await windowsOf(rules)).toEqual([`${first}: type 1`]);
    }
    for (const rules of RULES) {
      const found = await windowsOf(rules);
      expect(found.length).toBeLessThanOrEqual(1);
    }
  });

  it("is revised by the first one alone, for the regions of both", async () => {
    await receive("DE", false, { reportType: 2 });
    await closeWindow();
    await receive("FR");
    await closeWindow();
    const revoked = { reportType: 5 };
    expect((await receive("FR", true, revoked)).counts).toEqual({ other_source: 1 });
    expect((await receive("DE", true, revoked)).counts).toEqual({ revised: 1 });
    await closeWindow();
    expect(await windowsOf(of("DE"), "revised")).toEqual(["2: type 5"]);
    expect(await windowsOf(of("FR"), "revised")).toEqual(["2: type 5"]);
    expect(await windowsOf(of("FR"))).toEqual(["1: type 2"]);
  });

  it("comes to a region as what it was revised to before, and not at all once it is revoked", async () => {
    await receive("DE", false, { reportType: 2 });
    await closeWindow();
    await receive("DE", true, { reportType: 1 });
    await closeWindow();
    await receive("FR");
    await closeWindow();
    expect(await windowsOf(of("FR"))).toEqual(["2: type 1"]);
    expect(await windowsOf(of("FR"), "revised")).toEqual([]);

    await database().clear();
    window = 0;
    await receive("DE", false, { reportType: 2 });
    await closeWindow();
    await receive("DE", true, { reportType: 5 });
    await closeWindow();
    await receive("FR");
    await closeWindow();
    expect(await windowsOf(of("FR"))).toEqual([]);
  });

  it("keeps its regions when the second one tells other intervals", async () => {
    await receive("DE");
    await closeWindow();
    await receive("FR", false, { intervalCount: 143 });
    await closeWindow();
    expect(await windowsOf(of("FR"))).toEqual([]);
  });

  it("goes to peers that may have the added region, but not back to who added it", async () => {
    await receive("DE");
    await closeWindow();
    await receive("FR");
    await closeWindow();
    const wish = {
      includeRegions: ["FR"],
      excludeRegions: [],
      onlyTravelers: false,
      onlyLocalProvenance: false,
    };
    const sentTo = async (country: Country): Promise<readonly string[]> => {
      const selection = selectionOf(wish, peers[country]);
      if (!selection.ok) throw new Error(selection.message);
      const { keys } = await federationFeed(database()).read("new", {
        selection: selection.value,
        after: { window: asWindow(0) },
        closedThrough: asWindow(NOW + window * HOUR),
        oldest: asInterval(0),
        limit: 10,
        maxBytes: 1_000_000,
      });
      const told = await federationDigests(database())
        .digests(selection.value, 0, NOW + window * HOUR);
      const sent = keys.map((key) => receivedKey({ key: key.key }));
      expect(told.map(({ day, count, digest }) => ({ day, count, digest: encodeHex(digest) })))
        .toEqual(dayDigests(sent, []).map((one) => ({ ...one, digest: encodeHex(one.digest) })));
      return keys.map((key) => `${(key.window - NOW) / HOUR}: ${key.regions.join(" ")}`);
    };
    expect(await sentTo("IT")).toEqual(["1: DE FR"]);
    expect(await sentTo("FR")).toEqual([]);
  });

  it("is forgotten with its added regions", async () => {
    await receive("DE");
    await closeWindow();
    await receive("FR");
    await retentionStore(database()).deleteExposures(NOW + 10 * HOUR, undefined, 1000);
    const [left] = await database().sql<{ rows: number }[]>`
      select (select count(*) from exposure) + (select count(*) from exposure_region) as rows`;
    expect(left?.rows).toBe(0);
  });
});
