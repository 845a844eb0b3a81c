import type { BlobStore } from "../blob/blob.ts";
import type { ExportPlace } from "../model/export-place.ts";
import type { ExportIndexes } from "../store/export/index-file.ts";
import { INDEX_HEADERS, indexName, indexText } from "../export-file/served-files.ts";

/** The dependencies of {@link publishIndex}. */
export type IndexWriter = {
  readonly indexes: ExportIndexes;
  readonly blob: BlobStore;
  readonly settings: { readonly cleanupTtlSeconds: number };
};

/** Writes the index of a place from the database. If several processes write it, the newest list wins. */
export async function publishIndex(
  { indexes, blob, settings }: IndexWriter,
  place: ExportPlace,
  signal?: AbortSignal,
): Promise<void> {
  await indexes.publish(
    place,
    settings.cleanupTtlSeconds,
    (names) =>
      blob.put(place.bucket, indexName(place.root), indexText(names), INDEX_HEADERS, signal),
  );
}
