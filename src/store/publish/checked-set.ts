import type { DiagnosisKey } from "../../model/exposure.ts";
import type { ReportType } from "../../model/report-type.ts";

/** A TEK that passed every check; its report type is that of the set. Risk 0 has become the report type's own. */
export type CheckedKey = Omit<DiagnosisKey, "reportType"> & {
  /** The key's 16 bytes in lower-case hex. */
  readonly hex: string;
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

/** Some keys of one publish. */
export type KeysOfSet = { readonly set: CheckedSet; readonly keys: readonly CheckedKey[] };
