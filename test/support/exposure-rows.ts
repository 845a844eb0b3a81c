import type { Region } from "../../src/model/ids.ts";
import type { TestDatabase } from "./database.ts";

/** A row of the table of exposures; what is left out is a traveler's confirmed local key of `R0`. */
export type ExposureRow = {
  readonly key: Uint8Array;
  readonly interval_number: number;
  readonly interval_count: number;
  readonly transmission_risk: number;
  readonly report_type: string;
  readonly days_since_onset: number | null;
  readonly regions: readonly (Region | string)[];
  readonly traveler: boolean;
  readonly created_at: number;
  readonly source: string;
  readonly source_name: string | null;
  readonly home_server: string | null;
  readonly hops: number;
  readonly revised_at: number | null;
  readonly revised_report_type: string | null;
  readonly revised_transmission_risk: number | null;
  readonly revised_days_since_onset: number | null;
  readonly onset_told: boolean | null;
};

/** Inserts rows as they are, so that tests can say when each was stored. */
export async function insertExposures(
  { bulk }: Pick<TestDatabase, "bulk">,
  rows: readonly (Partial<ExposureRow> & Pick<ExposureRow, "key" | "created_at">)[],
): Promise<void> {
  const whole = rows.map((row) => ({
    interval_number: Math.floor(row.created_at / 600) - 144,
    interval_count: 144,
    transmission_risk: 2,
    report_type: "confirmed",
    days_since_onset: null,
    traveler: true,
    source: "local",
    source_name: null,
    home_server: null,
    hops: 0,
    revised_at: null,
    revised_report_type: row.revised_at === undefined ? null : "negative",
    revised_transmission_risk: null,
    revised_days_since_onset: null,
    onset_told: null,
    ...row,
    regions: [...row.regions ?? ["R0"]],
  }));
  for (let at = 0; at < whole.length; at += 1000) {
    await bulk`insert into exposure ${bulk(whole.slice(at, at + 1000))}`;
  }
}
