import { readUpTo } from "../bounds/read.ts";
import { encodeHex } from "../bytes/base64.ts";
import type { InspectedFile } from "../console/dependencies.ts";
import { accept, type Outcome, refuse } from "../errors.ts";
import type { FileKey } from "../export-file/file-key.ts";
import { READ_LIMITS } from "../export-file/format.ts";
import { inspectExportFile } from "../export-file/inspect.ts";
import { lintExportFile } from "../export-file/lint.ts";
import { type ExportFile, readExportFile } from "../export-file/read.ts";
import { verifyExportFile } from "../export-file/verify.ts";
import { exposurePublicKeys } from "./public-keys.ts";
import type { Foundation } from "./foundation.ts";

const READ_TIMEOUT_MS = 20_000;

/** Reads a stored file and checks it with the public keys that phones know. Refused when it is gone, or no such file. */
export async function inspectStored(
  foundation: Foundation,
  bucket: string,
  name: string,
): Promise<Outcome<InspectedFile>> {
  const { blobs, crypto } = foundation;
  if (!/^[A-Za-z0-9._-]{1,100}$/.test(bucket) || !/^[A-Za-z0-9._/-]{1,300}\.zip$/.test(name)) {
    return refuse("not_found", "this is no name of an export file");
  }
  const stored = await blobs.get(bucket, name);
  if (stored === undefined) return refuse("not_found", "the storage does not have it");
  const { bytes, complete } = await readUpTo(stored.body, {
    maxBytes: READ_LIMITS.zipBytes,
    timeoutMs: READ_TIMEOUT_MS,
  });
  if (!complete) return refuse("limit_exceeded", "it is larger than phones read");
  const file = await readExportFile(bytes);
  if (!file.ok) return file;
  const publicKeys = (await exposurePublicKeys(foundation)).map((key) => ({
    keyId: key.keyId,
    keyVersion: key.version,
    publicKey: key.publicKeyPem,
  }));
  const verdicts = await verifyExportFile(file.value, publicKeys, crypto.subtle);
  const inspection = await inspectExportFile(file.value, verdicts);
  return accept({
    inspection,
    findings: lintExportFile(file.value, inspection),
    digest: encodeHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))),
    keys: (from, limit) => keysOf(file.value, from, limit),
  });
}

/** New keys, then revised ones. */
function keysOf(
  file: ExportFile,
  from: number,
  limit: number,
): readonly (FileKey & { readonly revised: boolean })[] {
  const found: (FileKey & { readonly revised: boolean })[] = [];
  let at = 0;
  for (const [keys, revised] of [[file.keys(), false], [file.revisedKeys(), true]] as const) {
    for (const key of keys) {
      if (at++ < from) continue;
      if (found.length === limit) return found;
      found.push({ ...key, revised });
    }
  }
  return found;
}
