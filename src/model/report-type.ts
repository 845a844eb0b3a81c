/** Report types: what a certificate says, how exports and federation number it, and the risk that it stands for. */

/** `confirmed`, `likely` (clinical), `user-report` (self report) or `negative` (revokes). */
export type ReportType = "confirmed" | "likely" | "user-report" | "negative";

/** `wire`: number in exports and federation. `defaultRisk`: for a publish that lets the server choose. */
export const REPORT_TYPES: Readonly<Record<ReportType, { wire: number; defaultRisk: number }>> = {
  confirmed: { wire: 1, defaultRisk: 2 },
  likely: { wire: 2, defaultRisk: 4 },
  "user-report": { wire: 3, defaultRisk: 5 },
  negative: { wire: 5, defaultRisk: 6 },
};

/** Numbers of the enum in `export.proto` and `federation.proto`. */
export const WIRE_REPORT_TYPE = {
  UNKNOWN: 0,
  CONFIRMED_TEST: 1,
  CONFIRMED_CLINICAL_DIAGNOSIS: 2,
  SELF_REPORT: 3,
  RECURSIVE: 4,
  REVOKED: 5,
} as const;

const BY_WIRE: ReadonlyMap<number, ReportType> = new Map(
  (Object.keys(REPORT_TYPES) as ReportType[]).map((type) => [REPORT_TYPES[type].wire, type]),
);

/** Whether a string is a report type. */
export function isReportType(value: string): value is ReportType {
  return Object.hasOwn(REPORT_TYPES, value);
}

/** The report type of an enum number; undefined for UNKNOWN, RECURSIVE and foreign numbers. */
export function reportTypeOfWire(wire: number): ReportType | undefined {
  return BY_WIRE.get(wire);
}
