import { AppError, type Outcome } from "../errors.ts";
import { parseDuration } from "../model/duration.ts";
import { isReportType, REPORT_TYPES, type ReportType } from "../model/report-type.ts";

/** Values of options in the form that commands want. Each function throws `usage` naming the option and the cure. */

/** The value of an outcome; a refusal is thrown, for `runCommandLine` to print. */
export function valueOf<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new AppError(outcome.code, outcome.message);
}

/** An option that has no default. `what`: what to give. */
export function required(text: string | undefined, name: string, what: string): string {
  if (text !== undefined && text !== "") return text;
  throw new AppError("usage", `--${name} is missing: give ${what}`);
}

/** A whole number within bounds. */
export function wholeNumber(
  text: string | undefined,
  name: string,
  fallback: number,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  if (text === undefined) return fallback;
  const value = /^-?\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new AppError("usage", `--${name} must be a whole number from ${min} to ${max}`);
}

/** A duration such as `15m`, in milliseconds. */
export function durationMs(text: string | undefined, name: string, fallbackMs: number): number {
  if (text === undefined) return fallbackMs;
  const value = parseDuration(text);
  if (value !== undefined) return value;
  throw new AppError("usage", `--${name} must be a duration such as 90s, 15m or 4h`);
}

/** The URL of a server, without a slash at its end. */
export function serverUrl(text: string | undefined, name = "url"): string {
  const url = required(text, name, "the URL of the server, such as http://127.0.0.1:8080");
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url.replace(/\/+$/, "");
  throw new AppError("usage", `--${name} must begin with http:// or https://`);
}

/** A report type. */
export function reportType(text: string | undefined, fallback: ReportType): ReportType {
  const value = text ?? fallback;
  if (isReportType(value)) return value;
  const known = Object.keys(REPORT_TYPES).join(", ");
  throw new AppError("usage", `--report-type must be one of ${known}`);
}

/** A moment in RFC 3339 or UTC seconds, in UTC seconds. */
export function momentSeconds(text: string | undefined, name: string, fallback: number): number {
  if (text === undefined) return fallback;
  if (/^\d{1,11}$/.test(text)) return Number(text);
  const value = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(value)) return Math.floor(value / 1000);
  throw new AppError("usage", `--${name} must be a time such as 2026-01-31T00:00:00Z`);
}
