import { REPORT_TYPES, type ReportType } from "./report-type.ts";

/** What an app sends to let the server choose. */
const UNSPECIFIED_RISK = 0;

/** The transmission risk to store: the app's, or that of the report type when the app lets the server choose. */
export function transmissionRisk(sent: number, reportType: ReportType): number {
  return sent === UNSPECIFIED_RISK ? REPORT_TYPES[reportType].defaultRisk : sent;
}
