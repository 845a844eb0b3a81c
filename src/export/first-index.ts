import { placeOf } from "../model/export-place.ts";
import type { ResourceCache } from "../store/resource/cache.ts";
import { type IndexWriter, publishIndex } from "./publish-index.ts";
import { seriesOf } from "./series.ts";

/** What writing first indexes needs. */
export type FirstIndexWriter = IndexWriter & {
  readonly resources: ResourceCache;
  /** Told of an index that could not be written. */
  readonly firstIndexFailed: (config: string, error: unknown) => void;
};

/**
 * Writes the index of every export that has none yet: phones and importers read an empty list from the start, and not
 * that there is no such region. One that cannot be written holds up no other.
 */
export async function publishFirstIndexes(
  writer: FirstIndexWriter,
  signal?: AbortSignal,
): Promise<void> {
  const series = (await writer.resources.fresh()).list("ExportConfig").flatMap(seriesOf);
  const places = series.map(({ definition, series }) => placeOf(definition, series));
  for (const place of await writer.indexes.missing(places)) {
    const at = places.findIndex(({ bucket, root }) =>
      bucket === place.bucket && root === place.root
    );
    const config = series[at]?.definition.name ?? place.root;
    await publishIndex(writer, place, signal).catch((error: unknown) =>
      writer.firstIndexFailed(config, error)
    );
  }
}
