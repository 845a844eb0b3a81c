import type { ReportType } from "./report-type.ts";

/** What may become of a report type by its one revision. */
export const TRANSITIONS: Readonly<Record<ReportType, readonly ReportType[]>> = {
  likely: ["confirmed", "negative"],
  "user-report": ["confirmed", "likely", "negative"],
  confirmed: [],
  negative: [],
};

/** The report types of a stored key. An empty one, from times before report types, counts as `likely`. */
export type RevisionState = {
  readonly reportType: ReportType | "";
  /** Absent until the one revision. */
  readonly revisedTo?: ReportType;
};

/** What publishing a stored key again does. */
export type RevisionStep =
  | { readonly kind: "unchanged" }
  | { readonly kind: "revise" }
  | { readonly kind: "already-revised" }
  | { readonly kind: "not-allowed"; readonly from: ReportType; readonly to: ReportType };

/** The state machine: what publishing a stored key with report type `to` does. */
export function revisionStep(state: RevisionState, to: ReportType): RevisionStep {
  const from = state.reportType === "" ? "likely" : state.reportType;
  if (to === from || to === state.revisedTo) return { kind: "unchanged" };
  if (state.revisedTo !== undefined) return { kind: "already-revised" };
  return TRANSITIONS[from].includes(to) ? { kind: "revise" } : { kind: "not-allowed", from, to };
}
