import * as z from "zod";
import type { Region } from "../ids.ts";
import { certificateMember, countryMember, trustAnchorMember } from "./country.ts";
import { fileReference, regionMember, urlMember } from "./members.ts";

/** What a gateway of the European kind needs beyond the agreement with any peer. */
export type EfgsAgreement = {
  /** Ours, as our certificates say. */
  readonly country: string;
  /** Countries that take part: travelers' keys name all but ours as visited. */
  readonly participants: readonly string[];
  /** Our regions and the countries that they stand for, ours among them. */
  readonly countries: Readonly<Record<Region, string>>;
  /** What TLS shows: files by reference. Absent: TLS_CLIENT_CERT_FILE of the process. */
  readonly clientCertificate?: { readonly certificate: string; readonly key: string } | undefined;
  /** Key manager reference of the key that signs batches: ECDSA P-256. */
  readonly signingKey: string;
  /** Its certificate, PEM. */
  readonly signingCertificate: string;
  readonly format: "protobuf" | "json";
  /** Send self reports too. */
  readonly selfReport: boolean;
  /** Send a revised key again, with its new report type. */
  readonly revisions: boolean;
  /** Fewer keys wait for more. */
  readonly minKeys: number;
  /** A batch that is sent for the first time and that the gateway has whole: `hold` it and tell, or count it as `stored`. */
  readonly existing: "hold" | "stored";
  /** `off`: signatures are not looked at; `warn`: faults are told; `require`: such keys are refused. */
  readonly verifySignatures: "off" | "warn" | "require";
  /** PEM of who signs the other countries' certificates. */
  readonly trustAnchor?: string | undefined;
  /** SHA-256 of signing certificates that count without the trust anchor. */
  readonly signers: readonly string[];
  /** How many days back the gateway gives batches. */
  readonly maxAgeDays: number;
  /** `decode` the gateway's dialects of days since onset, or `drop` all but plain days. */
  readonly dsos: "decode" | "drop";
  /** The Swiss gateway: only keys of origin CH are taken. */
  readonly chgs: boolean;
  /** Send the headers that a load balancer would set: for test installations without one. */
  readonly certificateHeaders: boolean;
  readonly callback?: EfgsCallback | undefined;
};

/** Where the gateway tells us of new batches. */
export type EfgsCallback = {
  readonly id: string;
  /** Ends in /efgs/callback/ and the peer's name. */
  readonly url: string;
  /** SHA-256 of the certificate with which the gateway calls. */
  readonly certificateFingerprint: string;
};

/** Characters of the visited countries of a key, joined by commas, that a deployed gateway can store: 96 countries. */
const MAX_VISITED = 96;

const tlsKey = z.string().regex(
  /^file:/,
  "must be a file reference such as file:/etc/efgs.pem: TLS needs the key itself, which no key manager hands out",
).pipe(fileReference);
const thumbprint = z.string().max(200)
  .transform((text) => text.replaceAll(":", "").toLowerCase())
  .refine(
    (hex) => /^[0-9a-f]{64}$/.test(hex),
    "must be the SHA-256 of a certificate, 64 hex digits",
  );

const schema = z.strictObject({
  country: countryMember,
  participants: z.array(countryMember).max(200).default([])
    .transform((countries) => [...new Set(countries)].sort()),
  countries: z.record(regionMember, countryMember),
  clientCertificate: z.strictObject({ certificate: fileReference, key: tlsKey }).optional(),
  signingKey: z.string().regex(
    /^[a-z][a-z0-9-]{0,20}:\S{1,500}$/,
    "must be a key manager reference such as local:NAME or file:PATH",
  ),
  signingCertificate: certificateMember,
  format: z.enum(["protobuf", "json"]).default("protobuf"),
  selfReport: z.boolean().default(false),
  revisions: z.boolean().default(false),
  minKeys: z.number().int().min(1).max(4000).default(1),
  existing: z.enum(["hold", "stored"]).default("hold"),
  verifySignatures: z.enum(["off", "warn", "require"]).default("warn"),
  trustAnchor: trustAnchorMember.optional(),
  signers: z.array(thumbprint).max(500).default([]),
  maxAgeDays: z.number().int().min(1).max(14).default(2),
  dsos: z.enum(["decode", "drop"]).default("decode"),
  chgs: z.boolean().default(false),
  certificateHeaders: z.boolean().default(false),
  callback: z.strictObject({
    id: z.string().regex(/^[\x21-\x7e]{1,32}$/, "must be 1 to 32 printable characters"),
    url: urlMember.refine(
      (url) => url.length <= 256 && new URL(url).search === "",
      "must have at most 256 characters and no query",
    ),
    certificateFingerprint: thumbprint,
  }).optional(),
}).superRefine((agreement, context) => {
  if (agreement.participants.filter((one) => one !== agreement.country).length > MAX_VISITED) {
    context.addIssue({
      code: "custom",
      path: ["participants"],
      message:
        `must have at most ${MAX_VISITED} countries besides our own: a gateway cannot store more`,
    });
  }
  if (!Object.values(agreement.countries).includes(agreement.country)) {
    context.addIssue({
      code: "custom",
      path: ["countries"],
      message: `must map one of our regions to ${agreement.country}: without it no key goes out`,
    });
  }
});

/** What the member `efgs` of a Peer must look like. */
export const efgsAgreementSchema: z.ZodType<EfgsAgreement> = schema;
