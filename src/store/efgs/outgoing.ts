import { Buffer } from "node:buffer";
import type { NewOutgoingBatch, OutgoingBatch, OutgoingBatches } from "../../model/efgs-batch.ts";
import type { PeerCursors } from "../../model/peer-sync.ts";
import type { Database } from "../database.ts";
import type { Sql, Transaction } from "../sql.ts";

/** An upload whose answer was lost may still be at work for so long. */
const SETTLE_SECONDS = 300;

type Row = {
  id: number;
  peer: string;
  next: PeerCursors;
  filters: string;
  tag: string;
  keys: Uint8Array;
  key_count: number;
  signature: string;
  failed_before: number[];
  known: boolean;
  sent: number;
  wait_seconds: number;
  unsettled: number;
  held: string | null;
};

/** Batches on their way out, in the database. */
export function outgoingBatches({ bulk }: Database): OutgoingBatches {
  return {
    first: async (peer) => {
      const [row] = await bulk<Row[]>`
        select *, greatest(0, coalesce(sent_at, 0) + ${SETTLE_SECONDS} - wayfarer_now()) as wait_seconds
        from efgs_outgoing where peer = ${peer} order by id limit 1`;
      return row === undefined ? undefined : outgoingOf(row);
    },
    add: (batches) => insertOutgoing(bulk, batches),
    begin: async (id) => {
      await bulk`
        update efgs_outgoing set sent = sent + 1, sent_at = wayfarer_now(), held = null where id = ${id}`;
    },
    undo: async (id) => {
      await bulk`
        update efgs_outgoing set sent = sent - 1, sent_at = case when sent > 1 then sent_at end
        where id = ${id}`;
    },
    unsettle: async (id) => {
      await bulk`update efgs_outgoing set unsettled = unsettled + 1 where id = ${id}`;
    },
    hold: async (id, reason) => {
      await bulk`
        update efgs_outgoing set held = ${reason}, sent = 0, sent_at = null where id = ${id}`;
    },
    discard: async (peer, knownUntil) => {
      await bulk.begin(async (transaction) => {
        await transaction`delete from efgs_outgoing where peer = ${peer}`;
        await transaction`
          insert into efgs_gateway (peer, known_until) values (${peer}, ${knownUntil})
          on conflict (peer) do update set known_until = excluded.known_until`;
      });
    },
    knownUntil: async (peer) => {
      const [row] = await bulk<{ known_until: number }[]>`
        select known_until from efgs_gateway where peer = ${peer}`;
      return row?.known_until ?? 0;
    },
  };
}

function outgoingOf(row: Row): OutgoingBatch {
  return {
    id: row.id,
    peer: row.peer,
    next: row.next,
    filters: row.filters,
    tag: row.tag,
    keys: row.keys,
    keyCount: row.key_count,
    signature: row.signature,
    failedBefore: row.failed_before,
    known: row.known,
    sent: row.sent,
    waitSeconds: row.wait_seconds,
    unsettled: row.unsettled,
    ...(row.held === null ? {} : { held: row.held }),
  };
}

/** Notes batches. */
async function insertOutgoing(
  sql: Sql | Transaction,
  batches: readonly NewOutgoingBatch[],
): Promise<void> {
  if (batches.length === 0) return;
  await sql`insert into efgs_outgoing ${
    sql(batches.map((batch) => ({
      peer: batch.peer,
      next: sql.json(batch.next),
      filters: batch.filters,
      tag: batch.tag,
      keys: Buffer.from(batch.keys),
      key_count: batch.keyCount,
      signature: batch.signature,
      failed_before: [...batch.failedBefore],
      known: batch.known,
    })))
  }`;
}

/** Takes a batch away, notes what of it is to be sent again, and answers how many batches of its peer are left. */
export async function settleOutgoing(
  sql: Transaction,
  id: number,
  rest: readonly NewOutgoingBatch[],
): Promise<number> {
  const gone = await sql<{ peer: string }[]>`
    delete from efgs_outgoing where id = ${id} returning peer`;
  await insertOutgoing(sql, rest);
  const [row] = await sql<{ left_over: number }[]>`
    select count(*) as left_over from efgs_outgoing where peer = ${gone[0]?.peer ?? ""}`;
  return row?.left_over ?? 0;
}
