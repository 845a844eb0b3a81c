import type { Sql } from "../sql.ts";
import type { BatchLease, ReadyBatch, SeriesId, WrittenFile } from "./batch.ts";
import type { ExportPlace } from "../../model/export-place.ts";
import { PLAN_NOTED_SECONDS, PLAN_TAKEN_UP_SECONDS } from "../../model/unlisted-file.ts";
import type { KeyPart, KeyRules } from "../exposure/selection.ts";
import { inTurn, overlapsUnsettled, unsettledOf } from "./window.ts";

/** The input of a window's files: the same plan yields the same keys under the same names. */
export type BatchPlan = ExportPlace & {
  readonly region: string;
  readonly rules: KeyRules;
  readonly maxRecords: number;
  /** The number of keys of each part. */
  readonly counts: Readonly<Record<KeyPart, number>>;
};

/** The files of a batch before they are stored. */
export type PlannedFile = { readonly name: string; readonly number: number };

/**
 * Plans the files of a window whose keys are final. Records their names as unlisted files before anything is stored, so
 * retention deletes them if no worker records them as written. Reuses an existing plan if it is the same. A different
 * plan is dropped: the window is opened again, and its next files get other names, so an upload that completes late
 * cannot replace them.
 * Undefined when another worker continued the batch, or when the window is open again.
 */
export async function planFiles(
  bulk: Sql,
  batch: ReadyBatch,
  series: readonly SeriesId[],
  plan: BatchPlan,
  name: (number: number) => string,
): Promise<readonly PlannedFile[] | undefined> {
  return await inTurn(bulk, async (sql) => {
    const [found] = await sql<{ planned: boolean; same: boolean; first: number | null }[]>`
      ${unsettledOf(sql, series)}
      select plan is not null as planned, first_number as first,
             coalesce(plan = ${
      sql.json(plan)
    } and planned_at > wayfarer_now() - ${PLAN_TAKEN_UP_SECONDS}::bigint, false)
               as same
      from export_batch as batch
      where id = ${batch.id} and state = 'padded' and generation = ${batch.generation}
        and not ${overlapsUnsettled(sql)}
      for update of batch`;
    if (found === undefined) return undefined;
    if (found.planned && !found.same) {
      await sql`
        update export_batch set state = 'open', generation = generation + 1, plan = null where id = ${batch.id}`;
      return undefined;
    }
    const { bucket, root, counts, maxRecords } = plan;
    const [free] = await sql<{ number: number }[]>`
      select coalesce(max(number), 0) + 1 as number from export_file
      where bucket = ${bucket} and root = ${root}
        and starts_at = ${batch.startsAt} and ends_at = ${batch.endsAt}`;
    const first = found.planned ? found.first ?? 1 : free?.number ?? 1;
    const files = Array.from(
      { length: Math.ceil((counts.keys + counts.revised) / maxRecords) },
      (_, index) => ({ name: name(first + index), number: first + index }),
    );
    if (found.planned) return files;
    await sql`
      update export_batch set plan = ${
      sql.json(plan)
    }, planned_at = wayfarer_now(), first_number = ${first}
      where id = ${batch.id}`;
    await sql`
      insert into export_file (bucket, name, root, batch, config, starts_at, ends_at, written_at, unlisted_at,
                               number, key_count, revised_key_count, byte_count)
      select ${bucket}, name, ${root}, 0, ${batch.config}, ${batch.startsAt}, ${batch.endsAt},
             wayfarer_now(), wayfarer_now(), number, 0, 0, 0
      from unnest(${sql.array(files.map((file) => file.name))}::text[],
                  ${
      sql.array(files.map((file) => file.number), 23)
    }::int[]) as file (name, number)`;
    return files;
  });
}

/** Records the stored files of a plan; false when the lease was lost or the batch has another plan. */
export async function noteFiles(
  bulk: Sql,
  batch: ReadyBatch,
  lease: BatchLease,
  bucket: string,
  files: readonly WrittenFile[],
): Promise<boolean> {
  return await bulk.begin(async (sql) => {
    const held = await sql`
      select from lease where name = ${lease.name} and holder = ${lease.holder} for update`;
    if (held.count === 0) return false;
    const changed = await sql`
      update export_batch set state = 'written', last_error = null
      where id = ${batch.id} and state = 'padded' and generation = ${batch.generation}
        and planned_at > wayfarer_now() - ${PLAN_NOTED_SECONDS}::bigint`;
    if (changed.count === 0) return false;
    const counts = (key: "keyCount" | "revisedKeyCount" | "byteCount") =>
      sql.array(files.map((file) => file[key]), 23);
    const noted = await sql`
      update export_file as planned
      set batch = ${batch.id}, written_at = wayfarer_now(), unlisted_at = null, key_count = file.key_count,
          revised_key_count = file.revised_key_count, byte_count = file.byte_count
      from unnest(${sql.array(files.map((file) => file.name))}::text[],
                  ${counts("keyCount")}::int[], ${counts("revisedKeyCount")}::int[],
                  ${counts("byteCount")}::int[])
           as file (name, key_count, revised_key_count, byte_count)
      where planned.bucket = ${bucket} and planned.name = file.name`;
    if (noted.count !== files.length) {
      throw new Error("files were forgotten before they were noted");
    }
    return true;
  });
}
