import { describe, expect, it } from "vitest";
import { kindOfPlural } from "../../../src/model/resource/kinds.ts";
import { peerSchema } from "../../../src/model/resource/peer.ts";

const least = { kind: "Peer", name: "sla", serverId: "https://keys.sla.example" };

describe("peerSchema", () => {
  it("fills in that nothing flows", () => {
    expect(peerSchema.parse(least)).toEqual({
      ...least,
      protocol: "auto",
      auth: {},
      send: {
        regions: [],
        excludeRegions: [],
        onlyTravelers: true,
        resend: false,
        symptomOnset: true,
        selfReport: true,
        maxKeysPerSecond: 100_000,
      },
      accept: {
        regions: [],
        onlyTravelers: true,
        acceptSelfReport: false,
        acceptClinical: false,
        assignRegions: {},
      },
      pull: { enabled: false, interval: "5m", pageSize: 2000 },
      push: { enabled: false, interval: "5m", pageSize: 2000 },
    });
  });

  it("sets all that a reference server needs, with compatibility: reference", () => {
    const peer = peerSchema.parse({ ...least, compatibility: "reference" });
    expect(peer).toMatchObject({
      compatibility: "reference",
      protocol: "grpc",
      send: { symptomOnset: false, selfReport: false },
    });
    expect(peerSchema.parse(JSON.parse(JSON.stringify(peer)))).toEqual(peer);
  });

  it("refuses what a reference server cannot live with, each with the cure", () => {
    const faults = peerSchema.safeParse({
      ...least,
      compatibility: "reference",
      protocol: "connect",
      send: { symptomOnset: true, selfReport: true },
      push: { enabled: true },
    }).error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`);
    const because = "such a server fails on a key that has it";
    expect(faults).toEqual([
      "protocol must be grpc with compatibility: reference, which speaks nothing else",
      `send.symptomOnset must be false with compatibility: reference: ${because}`,
      `send.selfReport must be false with compatibility: reference: ${because}`,
      "push.enabled must be false with compatibility: reference: such a server knows no Push, let it pull",
    ]);
  });

  it.each<[string, unknown, string]>([
    [
      "two kinds of token",
      { tokenFile: "file:/t", serviceAccount: "file:/s" },
      "call must have only one of tokenFile, serviceAccount and client",
    ],
    [
      "a file without file:",
      { tokenFile: "/etc/token" },
      "call.tokenFile must be a file reference such as file:/etc/wayfarer/token",
    ],
    [
      "a client without a secret",
      { client: { tokenEndpoint: "https://x.example/t", id: "a" } },
      "call.client.secret must be there, or key in its place, as file:PATH",
    ],
    ["a client with secret and key", {
      client: { tokenEndpoint: "https://x.example/t", id: "a", secret: "file:/s", key: "file:/k" },
    }, "call.client.secret must be there, or key in its place, as file:PATH"],
    ["a key ID without a key", {
      client: { tokenEndpoint: "https://x.example/t", id: "a", secret: "file:/s", keyId: "k" },
    }, "call.client.keyId goes with key only"],
  ])("refuses in call: %s", (_, call, fault) => {
    const issues = peerSchema.safeParse({ ...least, call }).error?.issues;
    expect(issues?.map(({ path, message }) => `${path.join(".")} ${message}`)).toEqual([fault]);
  });

  it("refuses a call to whom no token is shown", () => {
    expect(peerSchema.safeParse({ ...least, protocol: "import", call: {} }).error?.issues).toEqual([
      expect.objectContaining({
        path: ["call"],
        message: "must not be there with protocol: import, which takes no tokens",
      }),
    ]);
  });

  it("keeps its own answer unchanged", () => {
    const parsed = peerSchema.parse({ ...least, accept: { assignRegions: { sla: "mag" } } });
    expect(parsed.accept.assignRegions).toEqual({ SLA: "MAG" });
    expect(peerSchema.parse(JSON.parse(JSON.stringify(parsed)))).toEqual(parsed);
  });

  it("takes the slash off the server ID, and the colons out of a fingerprint", () => {
    const certificateFingerprint = Array.from({ length: 32 }, () => "AB").join(":");
    const peer = peerSchema.parse({
      ...least,
      serverId: "https://keys.sla.example/",
      auth: { certificateFingerprint },
    });
    expect(peer.serverId).toBe("https://keys.sla.example");
    expect(peer.auth.certificateFingerprint).toBe("ab".repeat(32));
  });

  it.each([
    "https://KEYS.sla.example",
    "HTTPS://keys.sla.example:443//",
    "https://keys.sla.example/.",
  ])("knows the server ID %s in its one form", (serverId) => {
    expect(peerSchema.parse({ ...least, serverId }).serverId).toBe("https://keys.sla.example");
  });

  it.each([
    ["an unknown member", { ...least, regions: [] }, "", "Unrecognized key"],
    [
      "an unknown member of a block",
      { ...least, send: { region: ["MAG"] } },
      "send",
      "Unrecognized",
    ],
    ["no server ID", { kind: "Peer", name: "sla" }, "serverId", "Invalid input"],
    [
      "a user in the URL",
      { ...least, serverId: "https://a:b@x.example" },
      "serverId",
      "without user",
    ],
    [
      "a region on both sides",
      { ...least, send: { regions: ["MAG"], excludeRegions: ["mag"] } },
      "send.excludeRegions",
      "MAG must not be in regions too",
    ],
    [
      "a private key",
      { ...least, auth: { jwks: { keys: [{ kty: "EC", kid: "1", d: "x" }] } } },
      "auth.jwks.keys.0",
      "private or symmetric",
    ],
    [
      "a symmetric key",
      { ...least, auth: { jwks: { keys: [{ kty: "oct", kid: "1", k: "x" }] } } },
      "auth.jwks.keys.0",
      "private or symmetric",
    ],
    [
      "a short fingerprint",
      { ...least, auth: { certificateFingerprint: "abcd" } },
      "auth.certificateFingerprint",
      "64 hex digits",
    ],
    ["a huge page", { ...least, pull: { pageSize: 5001 } }, "pull.pageSize", "5000"],
    [
      "calls on an import",
      { ...least, protocol: "import", pull: { enabled: true } },
      "protocol",
      "ExportImport",
    ],
    [
      "an end before the start",
      { ...least, from: "2026-02-01T00:00:00Z", thru: "2026-01-01T00:00:00Z" },
      "thru",
      "later than from",
    ],
  ])("refuses %s", (_, value, path, message) => {
    const parsed = peerSchema.safeParse(value);
    expect(parsed.success).toBe(false);
    const issue = parsed.error?.issues[0];
    expect(issue?.path.join(".")).toBe(path);
    expect(issue?.message).toContain(message);
  });
});

it("a peer is found by its plural", () => {
  expect(kindOfPlural("peers")).toBe("Peer");
});
