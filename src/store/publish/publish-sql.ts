import type { CheckedKey, CheckedSet, PublishStoreSettings } from "./checked-set.ts";
import { currentWindowSql } from "../exposure/closed-window-watermark.ts";

/** Columns that a decision about a revision, or a preview of one, needs. */
export const STORED_COLUMNS: string = `key, interval_number, interval_count, report_type,
   revised_report_type as revised_to, source = 'local' as local,
   created_at, regions, traveler`;

/** Some keys of one publish. */
export type KeysOfSet = { readonly set: CheckedSet; readonly keys: readonly CheckedKey[] };

/**
 * Inserts keys, of one publish or of several, with the window that they belong to. One that is still valid gets the
 * window after the end of its validity, so that nobody can replay it. In the order of the keys, whatever set they are
 * of: so two statements that want the same keys wait for each other in one direction only. Parameters:
 * {@link insertParameters}.
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
      sent.report_type, sent.regions::text[], sent.traveler, sent.authority, sent.issuer, ${createdAt}
    from unnest($1::bytea[], $2::int[], $3::smallint[], $4::smallint[], $5::smallint[],
                $6::text[], $7::text[], $8::boolean[], $9::text[], $10::text[])
      as sent(key, start, count, risk, dsos, report_type, regions, traveler, authority, issuer)
    order by sent.key`;
}

/** Parameters 1 to 10 of {@link insertSql}: a row a key. */
export function insertParameters(parts: readonly KeysOfSet[]): string[] {
  const columns: string[][] = Array.from({ length: 10 }, () => []);
  for (const { set, keys } of parts) {
    const ofSet = [
      quoted(set.reportType),
      quoted(textArray(set.regions)),
      String(set.traveler),
      quoted(set.healthAuthority),
      set.issuer === undefined ? "null" : quoted(set.issuer),
    ];
    for (const { hex, intervalNumber, intervalCount, transmissionRisk, daysSinceOnset } of keys) {
      const ofKey = [intervalNumber, intervalCount, transmissionRisk, daysSinceOnset];
      [`"\\\\x${hex}"`, ...ofKey.map(String), ...ofSet]
        .forEach((value, index) => columns[index]?.push(value));
    }
  }
  return columns.map((column) => `{${column.join(",")}}`);
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
  return `{${texts.map(quoted).join(",")}}`;
}

/** A text as an element of an array's text. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}
