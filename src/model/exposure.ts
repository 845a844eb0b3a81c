import type { Region, ServerId } from "./ids.ts";
import type { ReportType } from "./report-type.ts";

/** Bytes in a TEK. */
export const KEY_BYTES = 16;
/** The largest transmission risk. */
export const MAX_TRANSMISSION_RISK = 8;
/** Phones refuse a file with a DSOS outside −14…14. */
export const MAX_WIRE_DSOS = 14;

/** The intervals in which a TEK is valid; on the wire its rolling start number and rolling period. */
export type IntervalSpan = {
  /** First interval in which the key is valid. */
  readonly intervalNumber: number;
  /** For how many intervals, 1 to 144. */
  readonly intervalCount: number;
};

/** A temporary exposure key. */
export type Tek = IntervalSpan & {
  /** 16 bytes. */
  readonly key: Uint8Array;
};

/** A TEK of somebody who tested positive, and what is known of the case. */
export type DiagnosisKey = Tek & {
  /** 0 to 8. */
  readonly transmissionRisk: number;
  readonly reportType: ReportType;
  /** Days since onset of symptoms (DSOS), signed; absent when unknown. */
  readonly daysSinceOnset?: number | undefined;
  /** Whether somebody told the onset; false: DSOS is an estimate; absent: not noted. */
  readonly onsetTold?: boolean | undefined;
};

/** The same as in export files and federation, where the report type is a number of the enum in `export.proto`. */
export type ExportKey = Omit<DiagnosisKey, "reportType"> & { readonly reportType: number };

/** A diagnosis key with the regions that it concerns. */
export type RegionalKey = DiagnosisKey & {
  readonly regions: readonly Region[];
  readonly traveler: boolean;
};

/** A key that other servers send or get. */
export type FederatedKey = RegionalKey & {
  /** The server that the key was published at; absent: this one. */
  readonly homeServer?: ServerId | undefined;
  /** Servers that it crossed to get here; in a key that is received, the sender is included. */
  readonly hops: number;
};

/** What is stored of a key that is published or received again: what a decision about its revision needs. */
export type StoredKey = IntervalSpan & {
  /** Its 16 bytes in lower-case hex. */
  readonly hex: string;
  /** Empty in rows from times before report types. */
  readonly reportType: ReportType | "";
  /** Absent until the one revision. */
  readonly revisedTo?: ReportType | undefined;
  /** Whether it came from whoever sends it again: only that source may revise it. */
  readonly sameSource: boolean;
  /** The server that it was published at; absent: this one. */
  readonly homeServer?: string | undefined;
  /** The window in which it was first published. */
  readonly createdAt: number;
  readonly regions: readonly string[];
  readonly traveler: boolean;
};
