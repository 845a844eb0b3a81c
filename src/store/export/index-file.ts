import type { Clocks } from "../clocks.ts";
import type { Database } from "../database.ts";
import type { ExportPlace } from "../../model/export-place.ts";

/** Lists of files for phones. */
export type ExportIndexes = {
  /** Returns those of these places whose list was never written. */
  missing(places: readonly ExportPlace[]): Promise<readonly ExportPlace[]>;
  /**
   * Calls `write` with the names of all files of a place, oldest first, except those whose window ended `ttlSeconds`
   * ago, which are unlisted from then on. There is one writer at a time, and each reads the list after the previous one
   * has stored its own, so the newest always wins. If `write` throws, nothing changes. While the clocks differ, nothing
   * is unlisted.
   */
  publish(
    place: ExportPlace,
    ttlSeconds: number,
    write: (names: readonly string[]) => Promise<void>,
  ): Promise<void>;
};

/** Lists of files in the database. */
export function exportIndexes({ bulk }: Database, clocks: Clocks): ExportIndexes {
  return {
    missing: async (places) =>
      await bulk<ExportPlace[]>`
        select bucket, root from unnest(
          ${bulk.array(places.map(({ bucket }) => bucket))}::text[],
          ${bulk.array(places.map(({ root }) => root))}::text[]) as place (bucket, root)
        where not exists (
          select from export_index as known
          where (known.bucket, known.root) = (place.bucket, place.root) and written_at > 0)`,

    publish: async ({ bucket, root }, ttlSeconds, write) => {
      await bulk`
        insert into export_index (bucket, root, written_at, file_count) values (${bucket}, ${root}, 0, 0)
        on conflict (bucket, root) do nothing`;
      await bulk.begin(async (sql) => {
        const judge = clocks.compare();
        const [clock] = await sql<{ now: number }[]>`
          select wayfarer_now() as now from export_index
          where bucket = ${bucket} and root = ${root} for update`;
        if (clock === undefined) throw new Error("an index lost its row");
        if (judge(clock.now) === undefined) {
          await sql`
          update export_file set unlisted_at = wayfarer_now()
          where bucket = ${bucket} and root = ${root} and unlisted_at is null
            and ends_at <= ${clock.now - ttlSeconds}::bigint`;
        }
        const files = await sql<{ name: string }[]>`
          select name from export_file
          where bucket = ${bucket} and root = ${root} and unlisted_at is null
          order by ends_at, starts_at, number`;
        await write(files.map((file) => file.name));
        await sql`
          update export_index set written_at = wayfarer_now(), file_count = ${files.length}
          where bucket = ${bucket} and root = ${root}`;
      });
    },
  };
}
