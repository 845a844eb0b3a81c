import { accept, AppError, type Outcome, refuse } from "../errors.ts";
import { KEYS_PER_YIELD, yieldToEventLoop } from "./yield-to-event-loop.ts";
import { type FileKey, readKey } from "./file-key.ts";
import {
  BIN_ENTRY,
  FILE_HEADER,
  READ_LIMITS,
  type ReadLimits,
  SIG_ENTRY,
  type SignatureInfo,
} from "./format.ts";
import { WireReader } from "./wire-reader.ts";
import { readZipDirectory, readZipEntry, type ZipEntry } from "./zip-read.ts";

/** A SignatureInfo as read; absent strings are empty. */
export type FileSignatureInfo = SignatureInfo & { readonly algorithm: string };

/** A TEKSignature as read; `signature` should be DER, but is not checked. */
export type FileSignature = {
  readonly info: FileSignatureInfo;
  readonly batchNum: number;
  readonly batchSize: number;
  readonly signature: Uint8Array;
};

/** Fields 1 to 6 of TemporaryExposureKeyExport, and the number of keys. Absent fields are 0 or empty. */
export type FileSummary = {
  /** UTC seconds, [start, end). */
  readonly start: number;
  readonly end: number;
  readonly region: string;
  readonly batchNum: number;
  readonly batchSize: number;
  readonly signatureInfos: readonly FileSignatureInfo[];
  readonly keyCount: number;
  readonly revisedKeyCount: number;
};

/** A well-formed export file. Its keys are read on demand, as often as you like. */
export type ExportFile = FileSummary & {
  /** The size of the zip, and its entry names in order; 0 and empty for a bare export.bin. */
  readonly zipBytes: number;
  readonly entryNames: readonly string[];
  /** The whole of export.bin, which is what the signatures cover. */
  readonly bin: Uint8Array<ArrayBuffer>;
  readonly signatures: readonly FileSignature[];
  keys(): Iterable<FileKey>;
  revisedKeys(): Iterable<FileKey>;
};

/** The longest string in a file, in bytes. */
const MAX_STRING_BYTES = 1024;
/** The most signature infos, or signatures, in a file; phones stop at 10. */
const MAX_READ_SIGNATURES = 32;
/** The start of every known file; the rest of the 16 bytes is padding. */
const MAGIC = FILE_HEADER.trimEnd();

/**
 * Reads an export file of this or any other server. Refuses a file that is not well formed or exceeds `limits` as
 * `malformed_file` or `limit_exceeded`, with the problem and its byte offset. `parts` may allow a missing export.sig.
 * Accepts keys with odd values (see `keyProblems`), and does not check signatures (see `verifyExportFile`).
 */
export async function readExportFile(
  zip: Uint8Array,
  limits: ReadLimits = READ_LIMITS,
  parts: "all" | "any" = "all",
): Promise<Outcome<ExportFile>> {
  const directory = readZipDirectory(zip, limits);
  if (!directory.ok) return directory;
  const entries = directory.value;
  const unsigned = parts === "any" && !entries.some(({ name }) => name === SIG_ENTRY);
  const binEntry = only(entries, BIN_ENTRY);
  if (!binEntry.ok) return binEntry;
  const sigEntry = unsigned ? undefined : only(entries, SIG_ENTRY);
  if (sigEntry?.ok === false) return sigEntry;
  const bin = await readZipEntry(zip, binEntry.value, limits.expandedBytes);
  if (!bin.ok) return bin;
  const left = limits.expandedBytes - bin.value.length;
  const sig = sigEntry && await readZipEntry(zip, sigEntry.value, left);
  if (sig?.ok === false) return sig;
  const entryNames = entries.map(({ name }) => name);
  return await readParts(
    { bin: bin.value, sig: sig?.value, zipBytes: zip.length, entryNames },
    limits,
  );
}

/**
 * Like {@link readExportFile}, but also reads unsigned files: a zip without export.sig, or a bare export.bin. Use it to
 * inspect a file, never to trust one.
 */
export async function readAnyExport(
  bytes: Uint8Array,
  limits: ReadLimits = READ_LIMITS,
): Promise<Outcome<ExportFile>> {
  if (new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) {
    return await readExportFile(bytes, limits, "any");
  }
  if (bytes.length > limits.expandedBytes) {
    return refuse("limit_exceeded", `${BIN_ENTRY}: more than ${limits.expandedBytes} bytes`);
  }
  const parts = { bin: bytes.slice(), sig: undefined, zipBytes: 0, entryNames: [] };
  return await readParts(parts, limits);
}

type Parts = Pick<ExportFile, "bin" | "zipBytes" | "entryNames"> & {
  readonly sig: Uint8Array | undefined;
};

async function readParts(
  { sig, ...parts }: Parts,
  limits: ReadLimits,
): Promise<Outcome<ExportFile>> {
  const { bin } = parts;
  try {
    return accept({
      ...await readBin(bin, limits),
      ...parts,
      signatures: sig === undefined ? [] : readSignatures(sig),
      keys: () => iterateKeys(bin, 7),
      revisedKeys: () => iterateKeys(bin, 8),
    });
  } catch (error) {
    if (error instanceof AppError) return refuse(error.code, error.message);
    throw error;
  }
}

function only(entries: readonly ZipEntry[], name: string): Outcome<ZipEntry> {
  const [entry, another] = entries.filter((candidate) => candidate.name === name);
  if (entry === undefined) return refuse("malformed_file", `zip: has no entry ${name}`);
  if (another === undefined) return accept(entry);
  return refuse("malformed_file", `zip: has ${name} more than once, at byte ${another.at}`);
}

/** Reads all of export.bin, keys included, so that iterating over them later cannot fail. */
async function readBin(bin: Uint8Array, limits: ReadLimits): Promise<FileSummary> {
  if (new TextDecoder().decode(bin.subarray(0, MAGIC.length)) !== MAGIC) {
    throw new AppError("malformed_file", `${BIN_ENTRY}: does not start with "${MAGIC}", at byte 0`);
  }
  if (bin.length < FILE_HEADER.length) {
    throw new AppError("malformed_file", `${BIN_ENTRY}: header cut off, at byte ${bin.length}`);
  }
  const reader = new WireReader(BIN_ENTRY, bin, FILE_HEADER.length);
  const signatureInfos: FileSignatureInfo[] = [];
  const numbers = { start: 0, end: 0, batchNum: 0, batchSize: 0, keyCount: 0, revisedKeyCount: 0 };
  let region = "";
  for (let fields = 1; reader.next(); fields++) {
    if (fields % KEYS_PER_YIELD === 0) await yieldToEventLoop();
    if (reader.field === 1) numbers.start = reader.fixed64();
    else if (reader.field === 2) numbers.end = reader.fixed64();
    else if (reader.field === 3) region = reader.string(MAX_STRING_BYTES);
    else if (reader.field === 4) numbers.batchNum = reader.int32();
    else if (reader.field === 5) numbers.batchSize = reader.int32();
    else if (reader.field === 6) pushBounded(signatureInfos, readInfo(reader.message()));
    else if (reader.field === 7 || reader.field === 8) {
      readKey(reader.message());
      if (reader.field === 7) numbers.keyCount++;
      else numbers.revisedKeyCount++;
      if (numbers.keyCount + numbers.revisedKeyCount > limits.keys) {
        throw new AppError("limit_exceeded", `${BIN_ENTRY}: more than ${limits.keys} keys`);
      }
    } else reader.skip();
  }
  return { ...numbers, region, signatureInfos };
}

function* iterateKeys(bin: Uint8Array, field: 7 | 8): Generator<FileKey> {
  const reader = new WireReader(BIN_ENTRY, bin, FILE_HEADER.length);
  while (reader.next()) {
    if (reader.field === field) yield readKey(reader.message());
    else reader.skip();
  }
}

function pushBounded<T>(list: T[], item: T): void {
  if (list.length >= MAX_READ_SIGNATURES) {
    throw new AppError("limit_exceeded", `more than ${MAX_READ_SIGNATURES} signatures`);
  }
  list.push(item);
}

function readInfo(reader: WireReader): FileSignatureInfo {
  let keyVersion = "";
  let keyId = "";
  let algorithm = "";
  while (reader.next()) {
    if (reader.field === 3) keyVersion = reader.string(MAX_STRING_BYTES);
    else if (reader.field === 4) keyId = reader.string(MAX_STRING_BYTES);
    else if (reader.field === 5) algorithm = reader.string(MAX_STRING_BYTES);
    else reader.skip();
  }
  return { keyVersion, keyId, algorithm };
}

function readSignatures(sig: Uint8Array): readonly FileSignature[] {
  const signatures: FileSignature[] = [];
  const list = new WireReader(SIG_ENTRY, sig);
  while (list.next()) {
    if (list.field === 1) pushBounded(signatures, readSignature(list.message()));
    else list.skip();
  }
  return signatures;
}

function readSignature(reader: WireReader): FileSignature {
  let info: FileSignatureInfo = { keyVersion: "", keyId: "", algorithm: "" };
  let batchNum = 0;
  let batchSize = 0;
  let signature: Uint8Array = new Uint8Array();
  while (reader.next()) {
    if (reader.field === 1) info = readInfo(reader.message());
    else if (reader.field === 2) batchNum = reader.int32();
    else if (reader.field === 3) batchSize = reader.int32();
    else if (reader.field === 4) signature = reader.view();
    else reader.skip();
  }
  return { info, batchNum, batchSize, signature };
}
