import { encodeHex } from "../../bytes/base64.ts";
import type { GatewayUpload, GatewayUploads, UploadVerdict } from "../../model/efgs-gateway.ts";
import { type Database, sqlState } from "../database.ts";
import { storeFailure } from "../failure.ts";
import type { Sql, Transaction } from "../sql.ts";

const DEADLOCK_DETECTED = "40P01";
const MAX_ATTEMPTS = 5;

class Rollback extends Error {
  readonly verdict: UploadVerdict;
  constructor(verdict: UploadVerdict) {
    super("rolled back");
    this.verdict = verdict;
  }
}

/** Uploads in the database. */
export function gatewayUploads({ sql }: Database): GatewayUploads {
  return {
    isTagTaken: async (tag) =>
      (await sql`select 1 from efgs_upload where lower(tag) = lower(${tag})`).length > 0,
    knownOf: async (hashes) => await knownAmong(sql, byteaArray(hashes)),
    add: async (upload) => {
      for (let attempt = 1;; attempt++) {
        try {
          return await sql.begin((transaction) => insertUpload(transaction, upload));
        } catch (error) {
          if (error instanceof Rollback) return error.verdict;
          if (sqlState(error) !== DEADLOCK_DETECTED || attempt === MAX_ATTEMPTS) {
            throw storeFailure(error);
          }
        }
      }
    },
  };
}

async function insertUpload(sql: Transaction, upload: GatewayUpload): Promise<UploadVerdict> {
  const { authentication, signing, hashes } = upload;
  await sql`
    insert into efgs_certificate ${
    sql(
      [authentication, signing].map((one) => ({
        thumbprint: one.thumbprint,
        country: one.country,
        pem: one.pem,
        operator_signature: one.operatorSignature ?? null,
      })),
    )
  } on conflict do nothing`;
  const [row] = await sql<{ id: number }[]>`
    insert into efgs_upload (tag, country, version, authentication_thumbprint, signing_thumbprint,
                             signature, key_count, keys, uploaded_at)
    values (${upload.tag}, ${upload.country}, ${upload.version}, ${authentication.thumbprint},
            ${signing.thumbprint}, ${upload.signature}, ${upload.keyCount}, ${upload.keys},
            wayfarer_now())
    on conflict ((lower(tag))) do nothing returning id`;
  if (row === undefined) throw new Rollback({ kind: "tag-taken" });
  const array = byteaArray(hashes);
  const inserted = await sql`
    insert into efgs_key (hash, upload, day)
    select hash, ${row.id}, wayfarer_now() / 86400 from unnest(${array}::text::bytea[]) as hash
    on conflict do nothing`;
  if (inserted.count === hashes.length) return { kind: "stored" };
  const known = await knownAmong(sql, array, row.id);
  throw new Rollback({ kind: "known", known });
}

/** In hex, but for those of one upload. */
async function knownAmong(
  sql: Sql | Transaction,
  array: string,
  exceptUpload = 0,
): Promise<ReadonlySet<string>> {
  const rows = await sql<{ hash: Uint8Array }[]>`
    select hash from efgs_key
    where hash = any(${array}::text::bytea[]) and upload <> ${exceptUpload}`;
  return new Set(rows.map(({ hash }) => encodeHex(hash)));
}

/** As the text of a `bytea[]`, in one order for everybody: two uploads then wait in one direction only. */
function byteaArray(hashes: readonly string[]): string {
  return `{${[...hashes].sort().map((hex) => `"\\\\x${hex}"`).join(",")}}`;
}
