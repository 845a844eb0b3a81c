import type { Selection } from "../../model/feed.ts";
import { MAX_HOPS } from "../../model/feed.ts";
import type { Database } from "../database.ts";
import { allowedSql } from "./feed-rows.ts";

/** Keys of the last 14 days that are alike. */
export type PreviewRow = {
  /** Whether they would go out. */
  readonly allowed: boolean;
  /** Of those that would not: why, the first reason that holds. */
  readonly reason: string | null;
  readonly region: string;
  readonly reportType: string;
  readonly traveler: boolean;
  readonly keys: number;
};

/** What an agreement would let out. */
export type AgreementPreview = {
  readonly total: number;
  readonly allowed: number;
  readonly rows: readonly PreviewRow[];
};

/** So many keys are looked at, the newest. */
const LOOKED_AT = 500_000;
const DAYS = 14;

/** Counts what would go out under a selection: which of the keys of the last 14 days, and why the others would not. */
export async function previewAgreement(
  { bulk: sql }: Database,
  selection: Selection,
): Promise<AgreementPreview> {
  const { regions, excludeRegions, onlyTravelers, onlyLocal, selfReport, peer, serverId } =
    selection;
  const rows = await sql<PreviewRow[]>`
    with looked_at as (
      select * from exposure
      where created_at >= wayfarer_now() - ${DAYS * 86_400}::bigint and source <> 'generated'
      order by created_at desc limit ${LOOKED_AT}
    )
    select ${allowedSql(sql, selection, "new")} as allowed,
           case when ${allowedSql(sql, selection, "new")} then null
                when not regions && ${[...regions]}::text[] then 'region'
                when regions && ${[...excludeRegions]}::text[] then 'excluded region'
                when ${onlyTravelers} and not traveler then 'not a traveler'
                when ${onlyLocal} and source <> 'local' then 'from another server'
                when source_name is not distinct from ${peer}
                  or home_server is not distinct from ${serverId} then 'came from this peer'
                when not ${selfReport} and report_type = 'user-report' then 'self report'
                when hops >= ${MAX_HOPS} then 'crossed too many servers'
                else 'other' end as reason,
           coalesce(regions[1], '') as region, report_type as "reportType", traveler,
           count(*)::int as keys
    from looked_at group by 1, 2, 3, 4, 5 order by keys desc limit 500`;
  const sum = (some: readonly PreviewRow[]): number =>
    some.reduce((total, row) => total + row.keys, 0);
  return { total: sum(rows), allowed: sum(rows.filter((row) => row.allowed)), rows };
}
