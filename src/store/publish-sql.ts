import type { CheckedKey, CheckedSet, PublishStoreSettings } from "./publish.ts";
import { currentWindowSql } from "./window-floor.ts";

/** Columns that a decision about a revision needs. */
export const STORED_COLUMNS: string =
  `key, interval_number as rolling_start, interval_count as rolling_period, report_type,
   revised_report_type as revised_to, source = 'local' as local`;

/**
 * Inserts keys with the window that they belong to. One that is still valid gets the window after the end of its
 * validity, so that nobody can replay it. Parameters: {@link insertParameters}.
 */
export function insertSql({ windowSeconds, releaseSameDayKeys }: PublishStoreSettings): string {
  const length = Math.floor(windowSeconds);
  const current = currentWindowSql(length);
  const validUntil = "((sent.start + sent.count)::bigint * 600)";
  const createdAt = releaseSameDayKeys ? current : `case when ${validUntil} > wayfarer_now()
      then greatest((${validUntil} + ${length}) / ${length} * ${length}, ${current}) else ${current} end`;
  return `insert into exposure (key, interval_number, interval_count, transmission_risk, days_since_onset,
      report_type, regions, traveler, health_authority, issuer, created_at)
    select sent.key, sent.start, sent.count, sent.risk, sent.dsos,
      $6::text, $7::text[], $8::boolean, $9::text, $10::text, ${createdAt}
    from unnest($1::bytea[], $2::int[], $3::smallint[], $4::smallint[], $5::smallint[])
      as sent(key, start, count, risk, dsos)`;
}

/** Parameters 1 to 10 of {@link insertSql}. */
export function insertParameters(
  set: CheckedSet,
  keys: readonly CheckedKey[],
): (string | boolean | null)[] {
  let hexes = "";
  let starts = "";
  let counts = "";
  let risks = "";
  let days = "";
  for (const { hex, rollingStart, rollingPeriod, transmissionRisk, daysSinceOnset } of keys) {
    hexes += `,"\\\\x${hex}"`;
    starts += `,${rollingStart}`;
    counts += `,${rollingPeriod}`;
    risks += `,${transmissionRisk}`;
    days += `,${daysSinceOnset}`;
  }
  return [
    `{${hexes.slice(1)}}`,
    `{${starts.slice(1)}}`,
    `{${counts.slice(1)}}`,
    `{${risks.slice(1)}}`,
    `{${days.slice(1)}}`,
    set.reportType,
    textArray(set.regions),
    set.traveler,
    set.healthAuthority,
    set.issuer ?? null,
  ];
}

/**
 * Gives keys their one revision. A key that is not exported yet keeps its window: being revised must not release it before
 * its time. Parameters: {@link updateParameters}.
 */
export function updateSql(windowSeconds: number): string {
  return `update exposure set
      revised_at = greatest(${currentWindowSql(windowSeconds)}, exposure.created_at),
      revised_report_type = $4::text,
      revised_transmission_risk = sent.risk,
      revised_days_since_onset = sent.dsos,
      revised_health_authority = $5::text,
      regions = exposure.regions ||
        array(select region from unnest($6::text[]) region where region <> all (exposure.regions))
    from unnest($1::bytea[], $2::smallint[], $3::smallint[]) as sent(key, risk, dsos)
    where exposure.key = sent.key and exposure.revised_at is null`;
}

/** Parameters of {@link updateSql}. */
export function updateParameters(set: CheckedSet, keys: readonly CheckedKey[]): string[] {
  return [
    keyArray(keys),
    `{${keys.map((key) => key.transmissionRisk).join(",")}}`,
    `{${keys.map((key) => key.daysSinceOnset).join(",")}}`,
    set.reportType,
    set.healthAuthority,
    textArray(set.regions),
  ];
}

/** Keys as the text of a `bytea[]`. */
export function keyArray(keys: readonly CheckedKey[]): string {
  return `{${keys.map(({ hex }) => `"\\\\x${hex}"`).join(",")}}`;
}

/** Texts as the text of a `text[]`. */
function textArray(texts: readonly string[]): string {
  return `{${texts.map((text) => `"${text.replace(/[\\"]/g, "\\$&")}"`).join(",")}}`;
}
