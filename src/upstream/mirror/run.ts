import { AppError, asAppError } from "../../errors.ts";
import type { ExportConfig } from "../../model/resource/export-config.ts";
import type { Mirror } from "../../model/resource/mirror.ts";
import { storeFailure } from "../../store/failure.ts";
import type { UpstreamIndexes } from "../../store/upstream/index-state.ts";
import type { MirrorPlace } from "../../store/upstream/mirror-file.ts";
import type { ResourceCache } from "../../store/resource/cache.ts";
import { type ConfigSharing, eachConfig } from "../each-config.ts";
import type { MirrorSettings } from "../settings.ts";
import { type ListTrust, trustOf } from "../trust-list.ts";
import { fileUrl, lastSegment, readIndex } from "../download.ts";
import { INDEX_HEADERS, indexName, indexText } from "../../export-file/served-files.ts";
import { placeOf } from "../../model/export-place.ts";
import { type Copier, copyDue, deleteUnlisted, mirrorPlace } from "./copies.ts";
import { copyName } from "./copy-name.ts";

/** The dependencies of the job `mirror`. */
export type MirrorDependencies = Copier & ConfigSharing & {
  readonly resources: ResourceCache;
  readonly indexes: UpstreamIndexes;
  readonly settings: MirrorSettings;
  /** Returns a random UUID (RFC 9562, version 4). */
  readonly newUuid: () => string;
};

/** The result of a run. */
export type MirrorSummary = {
  /** Files copied. */
  readonly files: number;
  /** Copies deleted because the other server no longer lists the file. */
  readonly deleted: number;
  /** Files and lists of files that could not be copied and will be tried again. */
  readonly failed: number;
};

type Totals = { files: number; deleted: number; failed: number };

/**
 * Runs the job `mirror`: copies the files of other servers in the order of their index, rewrites our index, then
 * deletes the copies that left it. Any number of processes may run it at once. The failure of a file or server is
 * stored, reported and tried again, and does not stop the others. Throws what the database throws.
 */
export async function mirrorExports(
  deps: MirrorDependencies,
  signal: AbortSignal,
): Promise<MirrorSummary> {
  // Read the places first, so that a place added meanwhile does not count as abandoned.
  const places = await deps.copies.places();
  const view = await deps.resources.fresh();
  const mirrors = view.list("Mirror");
  const exports = view.list("ExportConfig").flatMap(exportPlaces);
  const totals: Totals = { files: 0, deleted: 0, failed: 0 };
  await deps.indexes.keepOnly("mirror", mirrors.map(({ name }) => name));
  await eachConfig(deps, "mirror", mirrors, signal, async (mirror, itsSignal) => {
    try {
      if (exports.some((place) => isSame(place, mirrorPlace(mirror)))) throw taken(mirror);
      await mirrorOne(deps, mirror, totals, itsSignal);
    } catch (error) {
      const { code, message } = asAppError(storeFailure(error));
      await failIndex(deps, mirror, totals, { code, message, cause: error });
    }
  });
  const abandoned = places
    .filter((place) => !mirrors.some((mirror) => isSame(mirrorPlace(mirror), place)))
    .map((place) => ({
      name: `${place.bucket}/${place.root}`,
      place,
      exported: exports.some((one) => isSame(one, place)),
    }));
  await eachConfig(deps, "mirror", abandoned, signal, async ({ name, place, exported }) => {
    if (!exported) await deps.blob.delete(place.bucket, indexName(place.root));
    await deps.copies.unlistAll(place);
    totals.deleted += await deleteUnlisted(deps, name, place, deps.settings.unlistedTtlSeconds);
    await deps.copies.forget(place);
  });
  return totals;
}

async function mirrorOne(
  deps: MirrorDependencies,
  mirror: Mirror,
  totals: Totals,
  signal: AbortSignal,
): Promise<void> {
  const { indexes, copies, blob, settings } = deps;
  const reader = { reader: "mirror", name: mirror.name } as const;
  const place = mirrorPlace(mirror);
  const use = useOf(mirror);
  const index = await readIndex(deps, mirror.indexUrl, await indexes.etag(reader, use), signal);
  if (!index.ok) {
    if (index.code !== "canceled") await failIndex(deps, mirror, totals, index);
  } else if (index.value.changed) {
    const { paths, etag } = index.value;
    const urls = paths.map((path) => fileUrl(mirror.exportRoot, path));
    const overlap = await copies.overlap(place, urls);
    const trust = await trustOf(deps, reader, use, index.value, overlap);
    const unnamed = await listFiles(deps, mirror, urls, unlistAfter(trust, paths, settings));
    const copied = await copyDue(deps, mirror, signal);
    totals.files += copied.files;
    totals.failed += copied.failed + unnamed;
    // Another worker may have the lease by now; the lock of the index decides whose list is written.
    await copies.publish(
      place,
      (names) => blob.put(place.bucket, indexName(place.root), indexText(names), INDEX_HEADERS),
    );
    const complete = unnamed === 0 && await copies.missing(place) === 0;
    if (trust === "held") totals.failed += 1;
    else await indexes.succeeded(reader, use, complete ? etag : undefined);
  }
  if (signal.aborted) return;
  totals.deleted += await deleteUnlisted(deps, mirror.name, place, settings.unlistedTtlSeconds);
}

/** The age at which copies that the other index does not name leave ours; undefined when none leaves. */
function unlistAfter(
  trust: ListTrust,
  paths: readonly string[],
  { cleanupTtlSeconds }: MirrorSettings,
): number | undefined {
  if (trust === "everything") return 0;
  // If the other index is empty, copies expire like our own files.
  return trust === "held" && paths.length === 0 ? cleanupTtlSeconds : undefined;
}

/** Records the other server's list. Returns the number of files that get no name here. */
async function listFiles(
  deps: MirrorDependencies,
  mirror: Mirror,
  urls: readonly string[],
  unlistSeconds: number | undefined,
): Promise<number> {
  const unnamed = (url: string, message: string): void =>
    deps.report({
      kind: "file-failed",
      reader: "mirror",
      name: mirror.name,
      file: lastSegment(url),
      code: "bad_request",
      message,
      attempts: 1,
    });
  const named = urls.flatMap((url) => {
    const name = copyName(mirror.filenameRoot, url, mirror.filenameRewrite, deps.newUuid);
    if (name.ok) return [{ url, nameTemplate: name.value }];
    unnamed(url, name.message);
    return [];
  });
  const homeless = await deps.copies.list(mirrorPlace(mirror), named, unlistSeconds);
  for (const url of homeless) {
    unnamed(
      url,
      "another copy has its name: set filenameRewrite, or wait until that copy is deleted",
    );
  }
  return urls.length - named.length + homeless.length;
}

async function failIndex(
  deps: MirrorDependencies,
  mirror: Mirror,
  totals: Totals,
  { code, message, cause }: Pick<AppError, "code" | "message" | "cause">,
): Promise<void> {
  totals.failed += 1;
  const reader = { reader: "mirror", name: mirror.name } as const;
  await deps.indexes.failed(reader, useOf(mirror), code, message);
  deps.report({ kind: "index-failed", ...reader, code, message, cause });
}

/** Identifies the place and naming: if they change, the list must be processed again. */
function useOf(mirror: Mirror): { readonly indexUrl: string; readonly purpose: string } {
  const { indexUrl, exportRoot, bucket, filenameRoot, filenameRewrite } = mirror;
  return {
    indexUrl,
    purpose: JSON.stringify([exportRoot, bucket, filenameRoot, filenameRewrite ?? ""]),
  };
}

function exportPlaces(config: ExportConfig): readonly MirrorPlace[] {
  return [placeOf(config, "period"), placeOf(config, "24h")];
}

function taken({ bucket, filenameRoot }: Mirror): AppError {
  return new AppError(
    "invalid_configuration",
    `an ExportConfig writes below ${bucket}/${filenameRoot} too: give one of them another filenameRoot`,
  );
}

const isSame = (one: MirrorPlace, other: MirrorPlace): boolean =>
  one.bucket === other.bucket && one.root === other.root;
