import type { z } from "zod";
import {
  dailyRoot,
  type ExportConfig,
  exportConfigRules,
  exportConfigSchema,
} from "./export-config.ts";
import { type Country, countrySchema } from "./country.ts";
import { type ExportImport, exportImportSchema } from "./export-import.ts";
import { type HealthAuthority, healthAuthoritySchema } from "./health-authority.ts";
import { type Issuer, issuerSchema } from "./issuer.ts";
import { type Mirror, mirrorSchema } from "./mirror.ts";
import { type Peer, peerSchema } from "./peer.ts";
import { type BrokenRule, rewriteRules, rootRules } from "./rule.ts";
import { type SigningKey, signingKeyRules, signingKeySchema } from "./signing-key.ts";

/** Every kind of resource by name. */
export type ResourceByKind = {
  Issuer: Issuer;
  HealthAuthority: HealthAuthority;
  SigningKey: SigningKey;
  ExportConfig: ExportConfig;
  ExportImport: ExportImport;
  Mirror: Mirror;
  Peer: Peer;
  Country: Country;
};
export type Kind = keyof ResourceByKind;
export type Resource = ResourceByKind[Kind];

/** A mention of another resource: where it stands, and which one it means. */
export type Reference = {
  readonly path: readonly (string | number)[];
  readonly kind: Kind;
  readonly name: string;
};

/** What is particular to a kind. */
export type KindRules<K extends Kind> = {
  /** Its name in the admin API's paths. */
  readonly plural: string;
  readonly schema: z.ZodType<ResourceByKind[K]>;
  /** Other resources that must exist. */
  readonly references: (resource: ResourceByKind[K]) => readonly Reference[];
  /** What only one resource may have, of whatever kind. */
  readonly claims?: (resource: ResourceByKind[K]) => readonly Claim[];
  /** Rules that bind what is made or changed; see {@link BrokenRule}. */
  readonly rules?: (resource: ResourceByKind[K]) => readonly BrokenRule[];
};

/** Something that only one resource may have, and the member that says so. */
export type Claim = {
  readonly member: string;
  readonly what: string;
  /** Where files go: no other resource may have a place below or above it. */
  readonly place?: { readonly bucket: string; readonly root: string };
};

const placeAt = (bucket: string, root: string): Claim => ({
  member: "filenameRoot",
  what: `the place ${root} in bucket ${bucket}`,
  place: { bucket, root },
});
const none = (): readonly Reference[] => [];
const named = (kind: Kind, member: string, names: readonly string[]): readonly Reference[] =>
  names.map((name, index) => ({ path: [member, index], kind, name }));

/** The table of kinds, in the order in which they can be applied. */
export const KINDS: { readonly [K in Kind]: KindRules<K> } = {
  Issuer: { plural: "issuers", schema: issuerSchema, references: none },
  HealthAuthority: {
    plural: "healthAuthorities",
    schema: healthAuthoritySchema,
    references: (authority) => named("Issuer", "acceptIssuers", authority.acceptIssuers),
  },
  SigningKey: {
    plural: "signingKeys",
    schema: signingKeySchema,
    references: none,
    rules: signingKeyRules,
  },
  ExportConfig: {
    plural: "exportConfigs",
    schema: exportConfigSchema,
    references: (config) => named("SigningKey", "signingKeys", config.signingKeys),
    claims: ({ bucket, filenameRoot, rollup }) => [
      placeAt(bucket, filenameRoot),
      ...(rollup === undefined ? [] : [placeAt(bucket, dailyRoot(filenameRoot))]),
    ],
    rules: (config) => [...rootRules(config.filenameRoot), ...exportConfigRules(config)],
  },
  ExportImport: { plural: "exportImports", schema: exportImportSchema, references: none },
  Mirror: {
    plural: "mirrors",
    schema: mirrorSchema,
    references: none,
    claims: ({ bucket, filenameRoot }) => [placeAt(bucket, filenameRoot)],
    rules: ({ filenameRoot, filenameRewrite }) => [
      ...rootRules(filenameRoot),
      ...rewriteRules(filenameRewrite),
    ],
  },
  Peer: {
    plural: "peers",
    schema: peerSchema,
    references: none,
    claims: ({ serverId }) => [{ member: "serverId", what: `the server ID ${serverId}` }],
  },
  Country: {
    plural: "countries",
    schema: countrySchema,
    references: none,
  },
};

/** Other resources that one names. */
export function referencesOf<K extends Kind>(
  resource: ResourceByKind[K] & { readonly kind: K },
): readonly Reference[] {
  return KINDS[resource.kind].references(resource);
}

/** What one resource claims for itself. */
export function claimsOf<K extends Kind>(
  resource: ResourceByKind[K] & { readonly kind: K },
): readonly Claim[] {
  return KINDS[resource.kind].claims?.(resource) ?? [];
}

/** The rules beyond its schema that a resource breaks. */
export function brokenRulesOf<K extends Kind>(
  resource: ResourceByKind[K] & { readonly kind: K },
): readonly BrokenRule[] {
  return KINDS[resource.kind].rules?.(resource) ?? [];
}

/** Whether a text names a kind. */
export function isKind(text: string): text is Kind {
  return Object.hasOwn(KINDS, text);
}

/** Kinds in the order in which they can be applied. */
export const KIND_NAMES: readonly Kind[] = Object.keys(KINDS).filter(isKind);

/** The kind with this plural. */
export function kindOfPlural(plural: string): Kind | undefined {
  return KIND_NAMES.find((kind) => KINDS[kind].plural === plural);
}
