import { describe, expect, it } from "vitest";
import { type Environment, EnvironmentReader } from "../../src/config/environment.ts";
import { publishSettings, revisionSettings } from "../../src/config/publish.ts";
import { DEFAULT_REVISION_KEY_SETTINGS } from "../../src/publish/revision-keys.ts";
import { DEFAULT_PUBLISH_SETTINGS, type PublishSettings } from "../../src/publish/settings.ts";

const publishOf = (environment: Environment) => {
  const read = new EnvironmentReader(environment);
  return { settings: publishSettings(read, 3600), faults: read.faults };
};
const revisionOf = (environment: Environment) => {
  const read = new EnvironmentReader(environment);
  return { settings: revisionSettings(read), faults: read.faults };
};

describe("publishSettings()", () => {
  it("has the defaults of the specification", () => {
    expect(publishOf({})).toEqual({ settings: DEFAULT_PUBLISH_SETTINGS, faults: [] });
  });

  it.each<[string, string, keyof PublishSettings, unknown]>([
    ["MAX_KEYS_ON_PUBLISH", "14", "maxKeys", 14],
    ["MAX_SAME_START_INTERVAL_KEYS", "2", "maxSameStartKeys", 2],
    ["MAX_INTERVAL_AGE_ON_PUBLISH", "240h", "maxKeyAgeSeconds", 864_000],
    ["MAX_SYMPTOM_ONSET_DAYS", "14", "maxOnsetDays", 14],
    ["MAX_VALID_SYMPTOM_ONSET_REPORT_DAYS", "27", "maxOnsetReportDays", 27],
    ["DEFAULT_SYMPTOM_ONSET_DAYS_AGO", "5", "defaultOnsetDaysAgo", 5],
    ["DEBUG_RELEASE_SAME_DAY_KEYS", "true", "releaseSameDayKeys", true],
    ["DEFAULT_REGION", " us-ca ", "defaultRegion", "US-CA"],
    ["ALLOW_PARTIAL_REVISIONS", "true", "allowPartialRevisions", true],
    ["CERTIFICATE_CLOCK_SKEW", "90s", "certificateSkewSeconds", 90],
    ["RESPONSE_PADDING_MIN_BYTES", "10", "paddingMinBytes", 10],
    ["RESPONSE_PADDING_RANGE", "11", "paddingRangeBytes", 11],
    ["REVISION_TOKEN_MIN_LENGTH", "29", "tokenMinEntries", 29],
    ["PUBLISH_MAX_BODY_BYTES", "32000", "maxBodyBytes", 32_000],
    ["PUBLISH_BODY_TIMEOUT", "5s", "bodyTimeoutMs", 5000],
    ["PUBLISH_MAX_IN_FLIGHT", "7", "maxInFlight", 7],
    ["CHAFF_REQUEST_MAX_LATENCY_MS", "500", "chaffMaxLatencyMs", 500],
    ["MAINTENANCE_MODE", "true", "maintenance", true],
    ["MAINTENANCE_RETRY_AFTER", "1m", "maintenanceRetrySeconds", 60],
    ["ENABLE_V1ALPHA1_API", "true", "enableAlpha", true],
    ["STATS_AUDIENCE", "aud", "statsAudience", "aud"],
    ["STATS_UPLOAD_MINIMUM", "20", "statsUploadMinimum", 20],
    ["STATS_EMBARGO_PERIOD", "72h", "statsEmbargoSeconds", 259_200],
    ["STATS_EMBARGO_PERIOD", "0s", "statsEmbargoSeconds", 0],
  ])("takes %s=%s as %s, and nothing else", (name, text, member, value) => {
    expect(publishOf({ [name]: text })).toEqual({
      settings: { ...DEFAULT_PUBLISH_SETTINGS, [member]: value },
      faults: [],
    });
  });

  it.each([
    ["STATS_EMBARGO_PERIOD", "24h", "must be 0 (off) or at least 48h"],
    ["STATS_UPLOAD_MINIMUM", "9", "must be a whole number from 10 to 2147483647"],
    ["DEFAULT_REGION", "north of here", "must be a region code such as MAG or US-CA"],
    ["DEFAULT_REGION", "  ", "must be a region code such as MAG or US-CA"],
    ["MAX_KEYS_ON_PUBLISH", "0", "must be a whole number from 1 to 200"],
  ])("refuses %s=%s", (name, text, why) => {
    const { faults } = publishOf({ [name]: text });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(name);
    expect(faults[0]).toContain(why);
  });
});

describe("revisionSettings()", () => {
  const defaults = {
    ...DEFAULT_REVISION_KEY_SETTINGS,
    additionalData: new TextEncoder().encode("wayfarer revision token"),
    wrappingKey: "local:revision-token",
  };
  const plain = ({ additionalData, ...settings }: ReturnType<typeof revisionSettings>) => ({
    ...settings,
    additionalData: [...additionalData],
  });

  it.each<[string, string, Partial<typeof defaults>]>([
    ["REVISION_TOKEN_AAD", "AQID", { additionalData: new Uint8Array([1, 2, 3]) }],
    ["REVISION_TOKEN_KEY_ID", "local:other", { wrappingKey: "local:other" }],
    ["NEW_KEY_PERIOD", "24h", { newKeySeconds: 86_400 }],
    ["DELETE_OLD_KEY_PERIOD", "48h", { deleteOldSeconds: 172_800 }],
    ["REVISION_KEY_CACHE_DURATION", "2m", { cacheMs: 120_000 }],
    ["PATH", "nothing", {}],
  ])("takes %s=%s, and nothing else", (name, text, change) => {
    const { settings, faults } = revisionOf({ [name]: text });
    expect([plain(settings), faults]).toEqual([plain({ ...defaults, ...change }), []]);
  });

  it("refuses additional data that are not base64", () => {
    const { faults } = revisionOf({ REVISION_TOKEN_AAD: "not base64!" });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain("REVISION_TOKEN_AAD must be base64");
  });
});
