import type postgres from "postgres";
import { AppError } from "../../errors.ts";
import type { Region } from "../../model/ids.ts";
import type { Sql, Transaction } from "../sql.ts";

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

/** Where the keys of a part are read from, with {@link enteringSql}. */
export const PART_RELATIONS: Readonly<Record<KeyPart, string>> = {
  keys: "exposure_entry",
  revised: "exposure_revision",
};

/** The condition on `exposure` for the keys of a window. COPY takes no parameters, so the values are in the text. */
export function selectionSql(part: KeyPart, { startsAt, endsAt }: Span, rules: KeyRules): string {
  const column = part === "keys" ? "created_at" : "revised_at";
  return `${column} >= ${whole(startsAt)} and ${column} < ${whole(endsAt)} and ${takesSql(rules)}`;
}

/** The same on {@link PART_RELATIONS}: a key that got more regions is in where those before did not take it. */
export function enteringSql(part: KeyPart, span: Span, rules: KeyRules): string {
  return `${selectionSql(part, span, rules)}
    and (regions_before is null or not (${takesSql(rules, "regions_before")}))`;
}

/** The condition on `exposure` for the keys that rules take, of whatever time. */
export function takesSql(rules: KeyRules, regions: string = "regions"): string {
  const wanted = `${regions} && ${regionsSql(rules.regions)}`;
  return [
    rules.includeTravelers ? `(traveler or ${wanted})` : wanted,
    ...(rules.onlyNonTravelers ? ["not traveler"] : []),
    ...(rules.excludeRegions.length > 0
      ? [`not ${regions} && ${regionsSql(rules.excludeRegions)}`]
      : []),
  ].join(" and ");
}

/** Whether any key at all was published, revised or given more regions in the window of the row `window`. */
export function holdsKeys(sql: Sql | Transaction, window: postgres.Fragment): postgres.Fragment {
  return sql`(
    exists (select from exposure
            where created_at >= ${window}.starts_at and created_at < ${window}.ends_at)
    or exists (select from exposure
               where revised_at >= ${window}.starts_at and revised_at < ${window}.ends_at)
    or exists (select from exposure_region
               where added_at >= ${window}.starts_at and added_at < ${window}.ends_at))`;
}

/** How many keys are held back until they cannot be replayed any more. */
export function heldBackKeys(sql: Sql | Transaction): postgres.Fragment {
  return sql`(select count(*)::int from exposure where created_at > wayfarer_now())`;
}

function regionsSql(regions: readonly Region[]): string {
  for (const region of regions) {
    if (!/^[A-Z0-9_-]{1,50}$/.test(region)) {
      throw new AppError("internal", "a region is not a code");
    }
  }
  return `'{${regions.map((region) => `"${region}"`).join(",")}}'::text[]`;
}

/** The text of a whole number in SQL. */
export function whole(value: number): string {
  if (!Number.isSafeInteger(value)) throw new AppError("internal", "a whole number was expected");
  return String(value);
}
