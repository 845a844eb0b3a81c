import { placeOf } from "../model/export-place.ts";
import type { ResourceCache } from "../store/resource/cache.ts";
import { type IndexWriter, publishIndex } from "./publish-index.ts";
import { seriesOf } from "./series.ts";

/** The dependencies of {@link publishFirstIndexes}. */
export type FirstIndexWriter = IndexWriter & {
  readonly resources: ResourceCache;
  /** Called for an index that could not be written. */
  readonly firstIndexFailed: (config: string, error: unknown) => void;
};

/**
 * Writes the index of every export that has none yet, so phones and importers read an empty list from the start and not
 * a 404. A failed index does not hold up the others.
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
