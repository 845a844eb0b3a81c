import type { StoredKey } from "../../model/exposure.ts";
import type { ReportType } from "../../model/report-type.ts";
import type { Sql, Transaction } from "../sql.ts";
import { byteaArray } from "./array-literal.ts";

/** Who sends keys that may be stored already. */
export type SendingSource =
  | { readonly kind: "local" }
  | { readonly kind: "peer"; readonly name: string; readonly serverId: string };

type Row = Omit<StoredKey, "revisedTo" | "homeServer"> & {
  readonly revisedTo: ReportType | null;
  readonly homeServer: string | null;
};

/** Before there was a column for the server, the name of the agreement told. */
const SAME_SOURCE = {
  local: "source = 'local'",
  peer: `source = 'peer' and case when source_server is null
      then source_name is not distinct from $2::text else source_server = $3::text end`,
} as const satisfies Record<SendingSource["kind"], string>;

const selectSql = (kind: SendingSource["kind"]): string =>
  `select encode(key, 'hex') as hex, interval_number as "intervalNumber",
     interval_count as "intervalCount", report_type as "reportType",
     revised_report_type as "revisedTo", ${SAME_SOURCE[kind]} as "sameSource",
     home_server as "homeServer", created_at as "createdAt", regions, traveler
   from exposure where key = any($1::bytea[])`;

const SELECT = { local: selectSql("local"), peer: selectSql("peer") } as const;

/** Those of some keys that are stored, by their hex; `lock` holds them until the transaction ends, in their order. */
export async function storedKeys(
  sql: Sql | Transaction,
  source: SendingSource,
  keys: readonly { readonly key: Uint8Array }[],
  { lock }: { readonly lock: boolean },
): Promise<ReadonlyMap<string, StoredKey>> {
  const whose = source.kind === "peer" ? [source.name, source.serverId] : [];
  const rows = await sql.unsafe<Row[]>(
    lock ? `${SELECT[source.kind]} order by key for update` : SELECT[source.kind],
    [byteaArray(keys.map(({ key }) => key)), ...whose],
    { prepare: true },
  );
  return new Map(rows.map((row) => [row.hex, {
    ...row,
    revisedTo: row.revisedTo ?? undefined,
    homeServer: row.homeServer ?? undefined,
  }]));
}

/** The hex of those of some keys that are stored. */
export async function knownKeys(
  sql: Sql | Transaction,
  keys: readonly { readonly key: Uint8Array }[],
): Promise<ReadonlySet<string>> {
  const rows = await sql.unsafe<{ hex: string }[]>(
    "select encode(key, 'hex') as hex from exposure where key = any($1::bytea[])",
    [byteaArray(keys.map(({ key }) => key))],
    { prepare: true },
  );
  return new Set(rows.map(({ hex }) => hex));
}
