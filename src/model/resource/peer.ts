import * as z from "zod";
import type { Region, ServerId } from "../ids.ts";
import { asServerId } from "../ids.ts";
import { type EfgsAgreement, efgsAgreementSchema } from "./efgs-agreement.ts";
import { type PeerCall, peerCallSchema } from "./peer-call.ts";
import { type PeerCompatibility, referenceFaults } from "./peer-compatibility.ts";
import {
  durationMember,
  momentMember,
  nameMember,
  regionMember,
  regionsMember,
  urlMember,
} from "./members.ts";

/**
 * How a peer is spoken to; `efgs`: it is a gateway of the European kind; `import`: it offers only its public export
 * files.
 */
export type PeerProtocol = "auto" | "grpc" | "connect" | "efgs" | "import";

/** How a peer proves who it is. */
export type PeerAuth = {
  /** `iss` of its tokens; absent: its server ID, whose own keys count. */
  readonly issuer?: string | undefined;
  /** `sub` of its tokens; absent: its server ID. */
  readonly subject?: string | undefined;
  /** `aud` of its tokens; absent: our server ID. */
  readonly audience?: string | undefined;
  /** Pinned public keys (RFC 7517), in place of those that its issuer publishes. */
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] } | undefined;
  /** SHA-256 of its TLS client certificate, lower-case hex: asked for on top of the token. */
  readonly certificateFingerprint?: string | undefined;
};

/** What a peer may get from us. */
export type PeerSend = {
  /** Empty: nothing. */
  readonly regions: readonly Region[];
  /** A key with any of these never goes out. */
  readonly excludeRegions: readonly Region[];
  readonly onlyTravelers: boolean;
  /** Pass on keys whose home is another server. */
  readonly resend: boolean;
  /** Send days since onset, for keys that have them. */
  readonly symptomOnset: boolean;
  /** Send keys that are self reports. */
  readonly selfReport: boolean;
  readonly maxKeysPerSecond: number;
};

/** What we take from a peer. */
export type PeerAccept = {
  /** In the peer's names. Empty: nothing. */
  readonly regions: readonly Region[];
  readonly onlyTravelers: boolean;
  readonly acceptSelfReport: boolean;
  readonly acceptClinical: boolean;
  /** The peer's name of a region to ours; one that is not named keeps its name. */
  readonly assignRegions: Readonly<Record<string, Region>>;
};

/** When we call a peer, and how much at once. */
export type PeerCalls = {
  readonly enabled: boolean;
  readonly interval: string;
  /** Keys a page, 1 to 5,000. */
  readonly pageSize: number;
};

/** Another server, and the agreement with it. */
export type Peer = {
  readonly kind: "Peer";
  readonly name: string;
  /** The URL that is its name, in its canonical form. */
  readonly serverId: ServerId;
  readonly protocol: PeerProtocol;
  /** Absent: a server of our own kind, or of another one that keeps to the rules. */
  readonly compatibility?: PeerCompatibility | undefined;
  readonly auth: PeerAuth;
  /** Absent: our own tokens, for its server ID. */
  readonly call?: PeerCall | undefined;
  readonly send: PeerSend;
  readonly accept: PeerAccept;
  readonly pull: PeerCalls;
  readonly push: PeerCalls;
  /** With the protocol `efgs` alone. */
  readonly efgs?: EfgsAgreement | undefined;
  readonly from?: string | undefined;
  readonly thru?: string | undefined;
};

/** Keys in one page or batch at most. */
export const MAX_PEER_PAGE = 5000;

const claim = z.string().min(1).max(500);
const PRIVATE_JWK_MEMBERS = ["d", "k", "p", "q", "dp", "dq", "qi", "oth"];

const publicJwk = z.record(z.string().max(50), z.unknown()).refine(
  (jwk) => typeof jwk["kty"] === "string" && typeof jwk["kid"] === "string",
  "must be a public key with kty and kid (RFC 7517)",
).refine(
  (jwk) => !PRIVATE_JWK_MEMBERS.some((member) => Object.hasOwn(jwk, member)),
  "holds a private or symmetric key: give public keys only",
);

const fingerprint = z.string().max(200)
  .transform((text) => text.replaceAll(":", "").toLowerCase())
  .refine(
    (hex) => /^[0-9a-f]{64}$/.test(hex),
    "must be the SHA-256 of a certificate, 64 hex digits",
  );

const auth = z.strictObject({
  issuer: claim.optional(),
  subject: claim.optional(),
  audience: claim.optional(),
  jwks: z.strictObject({ keys: z.array(publicJwk).min(1).max(20) }).optional(),
  certificateFingerprint: fingerprint.optional(),
});

const send = z.strictObject({
  regions: regionsMember.default([]),
  excludeRegions: regionsMember.default([]),
  onlyTravelers: z.boolean().default(true),
  resend: z.boolean().default(false),
  symptomOnset: z.boolean().optional().meta({ default: true }),
  selfReport: z.boolean().optional().meta({ default: true }),
  maxKeysPerSecond: z.number().int().min(1).max(10_000_000).default(100_000),
}).superRefine((block, context) => {
  const both = block.regions.filter((region) => block.excludeRegions.includes(region));
  if (both.length === 0) return;
  context.addIssue({
    code: "custom",
    path: ["excludeRegions"],
    message: `${both.join(", ")} must not be in regions too`,
  });
});

const regionMap = z.record(regionMember, regionMember)
  .refine((map) => Object.keys(map).length <= 500, "must have at most 500 regions");

const accept = z.strictObject({
  regions: regionsMember.default([]),
  onlyTravelers: z.boolean().default(true),
  acceptSelfReport: z.boolean().default(false),
  acceptClinical: z.boolean().default(false),
  assignRegions: regionMap.default({}),
});

const calls = z.strictObject({
  enabled: z.boolean().default(false),
  interval: durationMember("1s", "24h").default("5m"),
  pageSize: z.number().int().min(1).max(MAX_PEER_PAGE).default(2000),
});

const schema = z.strictObject({
  kind: z.literal("Peer"),
  name: nameMember,
  serverId: urlMember.transform(asServerId),
  protocol: z.enum(["auto", "grpc", "connect", "efgs", "import"]).optional()
    .meta({ default: "auto" }),
  compatibility: z.literal("reference").optional(),
  auth: auth.prefault({}),
  call: peerCallSchema.optional(),
  send: send.prefault({}),
  accept: accept.prefault({}),
  pull: calls.prefault({}),
  push: calls.prefault({}),
  efgs: efgsAgreementSchema.optional(),
  from: momentMember.optional(),
  thru: momentMember.optional(),
}).superRefine((peer, context) => {
  if (
    peer.from !== undefined && peer.thru !== undefined &&
    Date.parse(peer.thru) <= Date.parse(peer.from)
  ) {
    context.addIssue({ code: "custom", path: ["thru"], message: "must be later than from" });
  }
  if ((peer.protocol === "efgs") !== (peer.efgs !== undefined)) {
    context.addIssue({
      code: "custom",
      path: ["efgs"],
      message: "must be there with protocol: efgs, and only then",
    });
  }
  if (peer.protocol === "efgs" && peer.send.resend) {
    context.addIssue({
      code: "custom",
      path: ["send", "resend"],
      message: "must be false: a gateway takes a country's own keys only",
    });
  }
  if (peer.call !== undefined && (peer.protocol === "efgs" || peer.protocol === "import")) {
    context.addIssue({
      code: "custom",
      path: ["call"],
      message: `must not be there with protocol: ${peer.protocol}, which takes no tokens`,
    });
  }
  if (peer.protocol === "import" && (peer.pull.enabled || peer.push.enabled)) {
    context.addIssue({
      code: "custom",
      path: ["protocol"],
      message: "import speaks no calls: switch pull and push off, and make an ExportImport",
    });
  }
  if (peer.compatibility === "reference") {
    for (const fault of referenceFaults(peer)) {
      context.addIssue({ code: "custom", ...fault });
    }
  }
}).transform((peer): Peer => {
  const isReference = peer.compatibility === "reference";
  const { kind, name, serverId, protocol = isReference ? "grpc" : "auto", ...rest } = peer;
  const { symptomOnset = !isReference, selfReport = !isReference } = peer.send;
  const send = { ...peer.send, symptomOnset, selfReport };
  return { kind, name, serverId, protocol, ...rest, send };
});

/** What a file or request must look like to be one. */
export const peerSchema: z.ZodType<Peer> = schema;
