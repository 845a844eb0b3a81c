import type { HealthAuthorityId, IntervalNumber, Region, ServerId, Window } from "./ids.ts";
import type { ReportType } from "./report-type.ts";

/** Bytes in a TEK. */
export const KEY_BYTES = 16;
/** The largest transmission risk. */
export const MAX_TRANSMISSION_RISK = 8;
/** Phones refuse a file with a DSOS outside −14…14. */
export const MAX_WIRE_DSOS = 14;

/** Where a key came from: this server's publish, a peer, an import, or made up as padding. */
export type Source =
  | { readonly kind: "local" }
  | { readonly kind: "peer"; readonly name: string }
  | { readonly kind: "import"; readonly name: string }
  | { readonly kind: "generated" };

/** The one revision that a key may get. */
export type Revision = {
  readonly reportType: ReportType;
  readonly transmissionRisk: number;
  /** Days since onset of symptoms; absent when unknown. */
  readonly daysSinceOnset?: number;
  /** Window in which it was revised. */
  readonly revisedAt: Window;
};

/** A temporary exposure key as stored. */
export type Exposure = {
  /** 16 bytes. */
  readonly key: Uint8Array;
  /** First interval in which the key is valid. */
  readonly intervalNumber: IntervalNumber;
  /** For how many intervals, 1 to 144. */
  readonly intervalCount: number;
  /** 0 to 8. */
  readonly transmissionRisk: number;
  readonly reportType: ReportType;
  /** Days since onset of symptoms (DSOS), signed; absent when unknown. */
  readonly daysSinceOnset?: number;
  readonly regions: readonly Region[];
  readonly traveler: boolean;
  /** Window of publication. */
  readonly createdAt: Window;
  readonly healthAuthority?: HealthAuthorityId;
  readonly source: Source;
  /** The server that its phone published to; absent means this one. */
  readonly homeServer?: ServerId;
  /** Servers it crossed to get here. */
  readonly hops: number;
  readonly revision?: Revision;
};
