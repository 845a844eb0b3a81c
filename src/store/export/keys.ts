import type { Region } from "../../model/ids.ts";
import { REPORT_TYPES } from "../../model/report-type.ts";
import { AppError } from "../../errors.ts";
import type { Database } from "../database.ts";
import { readCopyRows } from "../exposure/copy-rows.ts";

/** Which keys an export takes. */
export type KeyRules = {
  /** A key is in if it has any of them. */
  readonly regions: readonly Region[];
  /** A key is out if it has any of them. */
  readonly excludeRegions: readonly Region[];
  /** Every traveler's key is in, whatever its region. */
  readonly includeTravelers: boolean;
  /** Travelers' keys are out. */
  readonly onlyNonTravelers: boolean;
};

/** A half-open span of time [startsAt, endsAt) in UTC seconds. */
export type Span = { readonly startsAt: number; readonly endsAt: number };

/** First publications, or revisions. */
export type KeyPart = "keys" | "revised";

/** A stretch of a window's keys in the order of their bytes: at most `limit` of those after `after`. */
export type KeyRange = { readonly after: Uint8Array | undefined; readonly limit: number };

/** Takes one key, of 16 bytes in `source` at `at`. `reportType` is the number in `export.proto`. */
export type TakeKey = (
  source: Uint8Array,
  at: number,
  transmissionRisk: number,
  intervalNumber: number,
  intervalCount: number,
  reportType: number,
  daysSinceOnset: number | undefined,
) => void;

/** The keys of closed windows. */
export type ExportKeys = {
  /** How many there are. */
  count(span: Span, rules: KeyRules): Promise<Readonly<Record<KeyPart, number>>>;
  /** Gives them to `take` in ascending order; answers the last key, undefined when there was none. */
  read(
    span: Span,
    rules: KeyRules,
    part: KeyPart,
    range: KeyRange,
    take: TakeKey,
  ): Promise<Uint8Array | undefined>;
};

/** Stands for an unknown DSOS in a row. */
const NO_ONSET = 32_767;

/** The keys of closed windows, in the database. */
export function exportKeys({ bulk }: Database): ExportKeys {
  return {
    count: async (span, rules) => {
      const [row] = await bulk.unsafe<{ keys: number; revised: number }[]>(`select
        (select count(*) from exposure where ${selectionSql("keys", span, rules)}) as keys,
        (select count(*) from exposure where ${selectionSql("revised", span, rules)}) as revised`);
      return { keys: row?.keys ?? 0, revised: row?.revised ?? 0 };
    },
    read: async (span, rules, part, { after, limit }, take) => {
      const later = after === undefined ? "" : `and key > ${byteaSql(after)}`;
      const query = `select ${COLUMNS[part]} from exposure
        where ${selectionSql(part, span, rules)} ${later} order by key limit ${whole(limit)}`;
      let last: Uint8Array | undefined;
      await readCopyRows(bulk, query, ROW_BYTES, (row, at) => {
        const view = new DataView(row.buffer, row.byteOffset + at, ROW_BYTES);
        const onset = view.getInt16(52);
        take(
          row,
          at + 6,
          view.getInt16(40),
          view.getInt32(26),
          view.getInt16(34),
          view.getInt16(46),
          onset === NO_ONSET ? undefined : onset,
        );
        last = row.subarray(at + 6, at + 22);
      });
      return last === undefined ? undefined : Uint8Array.from(last);
    },
  };
}

/**
 * A row in COPY's binary form: fields(2), then of each field length(4) and value: key(16), interval number(4),
 * interval count(2), risk(2), report type(2), DSOS(2).
 */
const ROW_BYTES = 2 + (4 + 16) + (4 + 4) + 4 * (4 + 2);

const wireOf = (column: string): string =>
  `(case ${column} ${
    Object.entries(REPORT_TYPES).map(([name, { wire }]) => `when '${name}' then ${wire}`).join(" ")
  } else 0 end)::int2`;

const COLUMNS: Readonly<Record<KeyPart, string>> = {
  keys: `key, interval_number, interval_count, transmission_risk, ${wireOf("report_type")},
    coalesce(days_since_onset, ${NO_ONSET})::int2`,
  revised: `key, interval_number, interval_count,
    coalesce(revised_transmission_risk, transmission_risk),
    ${wireOf("revised_report_type")},
    coalesce(revised_days_since_onset, ${NO_ONSET})::int2`,
};

/** The condition on `exposure` for the keys of a window. COPY takes no parameters, so the values are in the text. */
export function selectionSql(part: KeyPart, { startsAt, endsAt }: Span, rules: KeyRules): string {
  const column = part === "keys" ? "created_at" : "revised_at";
  return `${column} >= ${whole(startsAt)} and ${column} < ${whole(endsAt)} and ${takesSql(rules)}`;
}

/** The condition on `exposure` for the keys that rules take, of whatever time. */
export function takesSql(rules: KeyRules): string {
  const wanted = `regions && ${regionsSql(rules.regions)}`;
  return [
    rules.includeTravelers ? `(traveler or ${wanted})` : wanted,
    ...(rules.onlyNonTravelers ? ["not traveler"] : []),
    ...(rules.excludeRegions.length > 0
      ? [`not regions && ${regionsSql(rules.excludeRegions)}`]
      : []),
  ].join(" and ");
}

function regionsSql(regions: readonly Region[]): string {
  for (const region of regions) {
    if (!/^[A-Z0-9_-]{1,50}$/.test(region)) {
      throw new AppError("internal", "a region is not a code");
    }
  }
  return `'{${regions.map((region) => `"${region}"`).join(",")}}'::text[]`;
}

function byteaSql(bytes: Uint8Array): string {
  return `'\\x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}'::bytea`;
}

function whole(value: number): string {
  if (!Number.isSafeInteger(value)) throw new AppError("internal", "a whole number was expected");
  return String(value);
}
