import type { AuditedUpload, GatewayBatch, GatewayBatches } from "../../model/efgs-gateway.ts";
import type { Database } from "../database.ts";
import type { Transaction } from "../sql.ts";

type BatchRow = { id: number; tag: string; day: number; next_tag: string | null };

/** Batches in the database. */
export function gatewayBatches({ sql, bulk }: Database): GatewayBatches {
  return {
    find: async (tag) => {
      const [row] = await sql<BatchRow[]>`
        select id, tag, day, next_tag from efgs_batch where tag = ${tag}`;
      return row === undefined ? undefined : batchOf(row);
    },
    firstFrom: async (day) => {
      const [row] = await sql<BatchRow[]>`
        select id, tag, day, next_tag from efgs_batch where day >= ${day} order by id limit 1`;
      return row === undefined ? undefined : batchOf(row);
    },
    keysFor: async (batch, exceptCountry) =>
      (await sql<{ keys: Uint8Array }[]>`
        select keys from efgs_upload
        where batch = ${batch} and country <> ${exceptCountry} and keys is not null order by id`)
        .map(({ keys }) => keys),
    audit: (batch) => auditOf(sql, batch),
    make: async (maxKeys) => {
      const total = { batches: 0, keys: 0 };
      for (;;) {
        const made = await bulk.begin((transaction) => makeBatch(transaction, maxKeys));
        if (made === undefined) break;
        total.batches += 1;
        total.keys += made;
      }
      const [row] = await bulk<{ oversized: number }[]>`
        select count(*) as oversized from efgs_upload where batch is null and key_count > ${maxKeys}`;
      return { ...total, oversized: row?.oversized ?? 0 };
    },
    forget: async (batchesBefore, hashesBefore) => {
      const emptied = await bulk`
        update efgs_upload set keys = null
        where keys is not null
          and batch in (select id from efgs_batch where day < ${batchesBefore})`;
      const gone = await bulk`delete from efgs_key where day < ${hashesBefore}`;
      return emptied.count + gone.count;
    },
  };
}

function batchOf({ id, tag, day, next_tag }: BatchRow): GatewayBatch {
  return { id, tag, day, ...(next_tag === null ? {} : { nextTag: next_tag }) };
}

type WaitingRow = { id: number; key_count: number; version: string };
/** Uploads that are looked at for one batch. */
const SCAN_ROWS = 5000;

/** Makes one batch in a transaction, with its link; the number of its keys, or undefined when nothing waits. */
async function makeBatch(sql: Transaction, maxKeys: number): Promise<number | undefined> {
  const waiting = await sql<WaitingRow[]>`
    select id, key_count, version from efgs_upload
    where batch is null and key_count <= ${maxKeys} order by id limit ${SCAN_ROWS} for update`;
  const chosen = firstOfOneVersion(waiting, maxKeys);
  if (chosen.length === 0) return undefined;
  const { id, tag, day } = await insertBatch(sql);
  await sql`
    update efgs_upload set batch = ${id} where id = any(${
    chosen.map((upload) => upload.id)
  }::bigint[])`;
  await sql`
    insert into efgs_callback_task (country, callback, tag, day, next_try_at)
    select country, id, ${tag}, ${day}, wayfarer_now() from efgs_callback where failed_at is null`;
  return chosen.reduce((sum, { key_count }) => sum + key_count, 0);
}

/** Uploads from the first one on, as many as fit; one that does not fit does not let later ones overtake it. */
function firstOfOneVersion(waiting: readonly WaitingRow[], maxKeys: number): readonly WaitingRow[] {
  let room = maxKeys;
  const end = waiting.findIndex(({ key_count, version }) => {
    room -= key_count;
    return room < 0 || version !== waiting[0]?.version;
  });
  return end === -1 ? waiting : waiting.slice(0, end);
}

/** A batch with the next tag, linked from the one before. A clock that was put back does not put tags back. */
async function insertBatch(sql: Transaction): Promise<{ id: number; tag: string; day: number }> {
  const [last] = await sql<{ id: number; day: number; number: number }[]>`
    select id, day, number from efgs_batch order by id desc limit 1 for update`;
  const [now] = await sql<{ day: number }[]>`select (wayfarer_now() / 86400)::int as day`;
  const day = Math.max(now?.day ?? 0, last?.day ?? 0);
  for (let number = day === last?.day ? last.number + 1 : 1;; number++) {
    const tag = `${dateText(day).replaceAll("-", "")}-${number}`;
    const [row] = await sql<{ id: number }[]>`
      insert into efgs_batch (tag, day, number, made_at) values (${tag}, ${day}, ${number}, wayfarer_now())
      on conflict do nothing returning id`;
    if (row === undefined) continue;
    if (last !== undefined) {
      await sql`update efgs_batch set next_tag = ${tag} where id = ${last.id}`;
    }
    return { id: row.id, tag, day };
  }
}

const dateText = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10);

type AuditRow = {
  country: string;
  uploaded_at: number;
  key_count: number;
  signature: string;
  authentication_thumbprint: string;
  signing_thumbprint: string;
  authentication_pem: string;
  signing_pem: string;
  authentication_signature: string | null;
  signing_signature: string | null;
};

async function auditOf(sql: Database["sql"], batch: number): Promise<readonly AuditedUpload[]> {
  const rows = await sql<AuditRow[]>`
    select upload.country, uploaded_at, key_count, signature, authentication_thumbprint,
           signing_thumbprint, authentication.pem as authentication_pem, signing.pem as signing_pem,
           authentication.operator_signature as authentication_signature,
           signing.operator_signature as signing_signature
    from efgs_upload as upload
    join efgs_certificate as authentication
      on authentication.thumbprint = authentication_thumbprint
    join efgs_certificate as signing on signing.thumbprint = signing_thumbprint
    where batch = ${batch} order by upload.id`;
  return rows.map((row) => ({
    country: row.country,
    uploadedAt: row.uploaded_at,
    keyCount: row.key_count,
    signature: row.signature,
    authentication: {
      thumbprint: row.authentication_thumbprint,
      pem: row.authentication_pem,
      operatorSignature: row.authentication_signature,
    },
    signing: {
      thumbprint: row.signing_thumbprint,
      pem: row.signing_pem,
      operatorSignature: row.signing_signature,
    },
  }));
}
