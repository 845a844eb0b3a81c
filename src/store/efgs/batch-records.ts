import type { BatchRecord, SignatureState } from "../../model/efgs-batch.ts";
import type { Database } from "../database.ts";
import type { Transaction } from "../sql.ts";

/** A record as the audit shows it. */
export type BatchShown = BatchRecord & {
  /** UTC seconds. */
  readonly at: number;
};

/** What came in which batch. */
export type BatchRecords = {
  /** The newest records of a peer. */
  last(peer: string, limit: number): Promise<readonly BatchShown[]>;
  /** Forgets records that are older, and those of peers that are no more; answers how many. */
  forget(olderThanSeconds: number, peers: readonly string[]): Promise<number>;
};

type Row = {
  peer: string;
  direction: "pull" | "push";
  at: number;
  tag: string;
  origin: string;
  keys: number;
  signature: SignatureState;
  fault: string | null;
  verdicts: Readonly<Record<string, number>>;
};

/** Records of batches in the database. */
export function batchRecords({ bulk }: Database): BatchRecords {
  return {
    last: async (peer, limit) => {
      const rows = await bulk<Row[]>`
        select peer, direction, at, tag, origin, keys, signature, fault, verdicts
        from efgs_batch_record where peer = ${peer} order by id desc limit ${limit}`;
      return rows.map(({ fault, ...row }) => ({ ...row, ...(fault === null ? {} : { fault }) }));
    },
    forget: async (olderThanSeconds, peers) => {
      const gone = await bulk`
        delete from efgs_batch_record
        where at < wayfarer_now() - ${olderThanSeconds}::bigint
           or peer <> all(${[...peers]}::text[])`;
      const unsent = await bulk`delete from efgs_outgoing where peer <> all(${[...peers]}::text[])`;
      const former = await bulk`delete from efgs_gateway where peer <> all(${[...peers]}::text[])`;
      return gone.count + unsent.count + former.count;
    },
  };
}

/** Adds records. */
export async function insertBatchRecords(
  sql: Transaction,
  records: readonly BatchRecord[],
): Promise<void> {
  if (records.length === 0) return;
  await sql`
    insert into efgs_batch_record (peer, direction, at, tag, origin, keys, signature, fault, verdicts)
    select one->>'peer', one->>'direction', wayfarer_now(), one->>'tag', one->>'origin',
           (one->>'keys')::int, one->>'signature', one->>'fault', one->'verdicts'
    from jsonb_array_elements(${JSON.stringify(records)}::text::jsonb) as one`;
}
