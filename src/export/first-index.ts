import { placeOf } from "../model/export-place.ts";
import type { ResourceCache } from "../store/resource/cache.ts";
import { type IndexWriter, publishIndex } from "./publish-index.ts";
import { seriesOf } from "./series.ts";

/** What writing first indexes needs. */
export type FirstIndexWriter = IndexWriter & { readonly resources: ResourceCache };

/**
 * Writes the index of every export that has none yet: phones and importers read an empty list from the start, and not
 * that there is no such region.
 */
export async function publishFirstIndexes(
  writer: FirstIndexWriter,
  signal?: AbortSignal,
): Promise<void> {
  const configs = (await writer.resources.fresh()).list("ExportConfig");
  const places = configs.flatMap(seriesOf)
    .map(({ definition, series }) => placeOf(definition, series));
  for (const place of await writer.indexes.missing(places)) {
    await publishIndex(writer, place, signal);
  }
}
