import type { ReportType } from "../../model/report-type.ts";

/** A TEK that passed every check. */
export type CheckedKey = {
  /** The key's 16 bytes in lower-case hex. */
  readonly hex: string;
  readonly intervalNumber: number;
  readonly intervalCount: number;
  /** 1 to 8: the report type's own in place of 0. */
  readonly transmissionRisk: number;
  /** DSOS. */
  readonly daysSinceOnset: number;
};

/** TEKs of one publish and what they have in common. */
export type CheckedSet = {
  /** In ascending order of the key, each once. */
  readonly keys: readonly CheckedKey[];
  readonly reportType: ReportType;
  readonly regions: readonly string[];
  readonly traveler: boolean;
  readonly healthAuthority: string;
  /** Name of the Issuer resource; absent when verification was bypassed. */
  readonly issuer: string | undefined;
};

/** A stored key, as far as a decision about its revision needs it. */
export type StoredKey = {
  readonly hex: string;
  readonly intervalNumber: number;
  readonly intervalCount: number;
  readonly reportType: ReportType | "";
  readonly revisedTo: ReportType | undefined;
  /** It was published here, not federated or imported. */
  readonly local: boolean;
  /** The window that it belongs to. */
  readonly createdAt: number;
  readonly regions: readonly string[];
  readonly traveler: boolean;
};

/** How `created_at` is decided. */
export type PublishStoreSettings = {
  /** TRUNCATE_WINDOW. */
  readonly windowSeconds: number;
  /** DEBUG_RELEASE_SAME_DAY_KEYS: keys that are still valid are not held back. */
  readonly releaseSameDayKeys: boolean;
};
