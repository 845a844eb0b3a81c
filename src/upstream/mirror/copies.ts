import type { BlobStore } from "../../blob/blob.ts";
import { asAppError, type Outcome, type Refusal } from "../../errors.ts";
import { readExportFile } from "../../export-file/read.ts";
import { isUnreachable } from "../../http/call-failure.ts";
import type { Mirror } from "../../model/resource/mirror.ts";
import { storeFailure } from "../../store/failure.ts";
import type { UpstreamIndexes } from "../../store/upstream/index-state.ts";
import type { DueCopy, MirrorFiles, MirrorPlace } from "../../store/upstream/mirror-file.ts";
import type { ReportUpstream } from "../events.ts";
import { retrySeconds } from "../retry.ts";
import { checkSignature } from "../signature.ts";
import { type Downloader, downloadFile, lastSegment } from "../download.ts";
import { FILE_HEADERS } from "../../export-file/served-files.ts";

/** The dependencies of creating and deleting copies. */
export type Copier = Downloader & {
  readonly copies: MirrorFiles;
  readonly blob: BlobStore;
  readonly report: ReportUpstream;
  readonly crypto: Crypto;
  readonly indexes: Pick<UpstreamIndexes, "now">;
};

/** The number of files that were copied, and that failed. */
export type Copied = { readonly files: number; readonly failed: number };

/** Copies per page read from the database. */
const COPIES_A_PAGE = 100;
/** After this many failed downloads in a row, the server counts as down until the next run. */
const DOWN_AFTER = 3;

/** The place of a mirror's copies. */
export function mirrorPlace(mirror: Mirror): MirrorPlace {
  return { bucket: mirror.bucket, root: mirror.filenameRoot };
}

/** Creates all due copies in the order of the index. Failures are stored, reported and tried again. */
export async function copyDue(
  copier: Copier,
  mirror: Mirror,
  signal: AbortSignal,
): Promise<Copied> {
  const place = mirrorPlace(mirror);
  let files = 0;
  let failed = 0;
  let unreachable = 0;
  let after = -1;
  for (;;) {
    const due = await copier.copies.due(place, after, COPIES_A_PAGE);
    if (due.length === 0) return { files, failed };
    for (const copy of due) {
      if (signal.aborted || unreachable >= DOWN_AFTER) return { files, failed };
      after = copy.position;
      const failure = await copyOne(copier, mirror, copy, signal);
      if (failure === "canceled") return { files, failed };
      if (failure === undefined) files += 1;
      else failed += 1;
      const down = failure !== undefined && isUnreachable(failure);
      unreachable = down ? unreachable + 1 : 0;
    }
  }
}

/** Checks a file and copies it byte for byte. If that fails, stores the reason and returns its code. */
async function copyOne(
  copier: Copier,
  mirror: Mirror,
  copy: DueCopy,
  signal: AbortSignal,
): Promise<Refusal["code"] | undefined> {
  const { copies, blob, report } = copier;
  const place = mirrorPlace(mirror);
  const file = { name: mirror.name, file: lastSegment(copy.url) };
  let failure: Refusal;
  let cause: unknown;
  try {
    const zip = await downloadChecked(copier, mirror, copy.url, signal);
    if (zip.ok) {
      await blob.put(place.bucket, copy.name, zip.value, FILE_HEADERS);
      await copies.stored(place, copy.url, zip.value.length);
      report({ kind: "file-copied", ...file, byteCount: zip.value.length });
      return undefined;
    }
    if (zip.code === "canceled") return zip.code;
    failure = zip;
  } catch (error) {
    cause = error;
    const { code, message } = asAppError(storeFailure(error));
    failure = { ok: false, code, message };
  }
  const { code, message } = failure;
  const attempts = copy.attempts + 1;
  await copies.fail(place, copy.url, code, message, retrySeconds(attempts));
  report({ kind: "file-failed", reader: "mirror", ...file, code, message, attempts, cause });
  return code;
}

/** Downloads an export file; if the mirror has public keys, one of them must have signed it. */
async function downloadChecked(
  copier: Copier,
  { exportRoot, publicKeys }: Mirror,
  url: string,
  signal: AbortSignal,
): Promise<Outcome<Uint8Array>> {
  const zip = await downloadFile(copier, exportRoot, url, signal);
  if (!zip.ok) return zip;
  const file = await readExportFile(zip.value);
  if (!file.ok) return file;
  if (publicKeys.length === 0) return zip;
  const now = await copier.indexes.now();
  const { subtle } = copier.crypto;
  const signed = await checkSignature(file.value, publicKeys, now, subtle);
  return signed.ok ? zip : signed;
}

/** Deletes copies that left the index `unlistedSeconds` ago. Returns how many. */
export async function deleteUnlisted(
  { copies, blob, report }: Pick<Copier, "copies" | "blob" | "report">,
  name: string,
  place: MirrorPlace,
  unlistedSeconds: number,
): Promise<number> {
  for (let deleted = 0;;) {
    const names = await copies.removable(place, unlistedSeconds, COPIES_A_PAGE);
    if (names.length === 0) return deleted;
    for (const copy of names) {
      await blob.delete(place.bucket, copy);
      report({ kind: "file-deleted", name, file: lastSegment(copy) });
    }
    await copies.removed(place, names);
    deleted += names.length;
  }
}
