/** Report types: what a certificate says, how exports and federation number it, and the risk that it stands for. */

export const REPORT_TYPES = {
  confirmed: { wire: 1, defaultRisk: 2 },
  likely: { wire: 2, defaultRisk: 4 },
  "user-report": { wire: 3, defaultRisk: 5 },
  negative: { wire: 5, defaultRisk: 6 },
} as const satisfies Record<string, { wire: number; defaultRisk: number }>;

/** `confirmed`, `likely` (clinical), `user-report` (self report) or `negative` (revokes). */
export type ReportType = keyof typeof REPORT_TYPES;

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
