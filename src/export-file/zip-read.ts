import { accept, type Outcome, type Refusal, refuse } from "../errors.ts";
import { crc32 } from "./crc32.ts";
import type { ReadLimits } from "./format.ts";
import { inflateRaw } from "./inflate.ts";

const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const MAX_COMMENT_BYTES = 0xffff;
const ENCRYPTED = 0x2041; // bits 0 (encrypted), 6 (strongly), 13 (masked headers)

/** An entry of the central directory. Offsets are bytes from the start of the zip. */
export type ZipEntry = {
  readonly name: string;
  readonly method: number;
  readonly encrypted: boolean;
  readonly crc: number;
  readonly compressedBytes: number;
  readonly bytes: number;
  readonly at: number;
};

const malformed = (what: string, at: number): Refusal =>
  refuse("malformed_file", `zip: ${what}, at byte ${at}`);

const viewOf = (zip: Uint8Array): DataView =>
  new DataView(zip.buffer, zip.byteOffset, zip.byteLength);

/**
 * Lists the entries of the central directory (APPNOTE 6.3.3), in its order, without expanding them. Refuses Zip64 and
 * multi-part zips as `malformed_file`, and whatever exceeds `limits` as `limit_exceeded`.
 */
export function readZipDirectory(
  zip: Uint8Array,
  limits: ReadLimits,
): Outcome<readonly ZipEntry[]> {
  if (zip.length > limits.zipBytes) {
    return refuse("limit_exceeded", `zip: ${zip.length} bytes, at most ${limits.zipBytes} allowed`);
  }
  const view = viewOf(zip);
  const end = findEnd(view);
  if (end === undefined) return malformed("no end of central directory record", zip.length);
  const count = view.getUint16(end + 10, true);
  const size = view.getUint32(end + 12, true);
  const start = view.getUint32(end + 16, true);
  if (count === 0xffff || size === 0xffffffff || start === 0xffffffff) {
    return malformed("zip64 is not supported", end);
  }
  if (view.getUint32(end + 4, true) !== 0 || view.getUint16(end + 8, true) !== count) {
    return malformed("a zip in several parts is not supported", end);
  }
  if (count > limits.entries) {
    return refuse("limit_exceeded", `zip: ${count} entries, at most ${limits.entries} allowed`);
  }
  if (start + size > end) return malformed("central directory out of bounds", end);
  const entries: ZipEntry[] = [];
  for (let at = start; entries.length < count;) {
    if (at + CENTRAL_BYTES > end || view.getUint32(at, true) !== 0x02014b50) {
      return malformed("no central directory entry where one should be", at);
    }
    const nameBytes = view.getUint16(at + 28, true);
    const next = at + CENTRAL_BYTES + nameBytes + view.getUint16(at + 30, true) +
      view.getUint16(at + 32, true);
    if (next > end) return malformed("central directory entry out of bounds", at);
    entries.push({
      name: latin1(zip.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameBytes)),
      method: view.getUint16(at + 10, true),
      encrypted: (view.getUint16(at + 8, true) & ENCRYPTED) !== 0,
      crc: view.getUint32(at + 16, true),
      compressedBytes: view.getUint32(at + 20, true),
      bytes: view.getUint32(at + 24, true),
      at: view.getUint32(at + 42, true),
    });
    at = next;
  }
  return accept(entries);
}

/** The offset of the end of central directory record, whose comment must end where the zip does. */
function findEnd(view: DataView): number | undefined {
  const last = view.byteLength - END_BYTES;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT_BYTES); at--) {
    if (view.getUint32(at, true) === 0x06054b50 && view.getUint16(at + 20, true) === last - at) {
      return at;
    }
  }
  return undefined;
}

/** Decodes a name as Latin-1. The names that matter are ASCII; others only have to differ from them. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 256));
}

/** Expands one stored or deflated entry to at most `maxBytes`, and checks its length and CRC. */
export async function readZipEntry(
  zip: Uint8Array,
  entry: ZipEntry,
  maxBytes: number,
): Promise<Outcome<Uint8Array<ArrayBuffer>>> {
  const { name, at } = entry;
  const view = viewOf(zip);
  if (entry.encrypted) return malformed(`${name} is encrypted`, at);
  if (entry.method !== 0 && entry.method !== 8) {
    return malformed(`${name} is compressed by unknown method ${entry.method}`, at);
  }
  if (entry.bytes > maxBytes) {
    return refuse("limit_exceeded", `zip: ${name} expands to ${entry.bytes} bytes, too many`);
  }
  if (at + LOCAL_BYTES > zip.length || view.getUint32(at, true) !== 0x04034b50) {
    return malformed(`no local header of ${name}`, at);
  }
  const nameBytes = view.getUint16(at + 26, true);
  const start = at + LOCAL_BYTES + nameBytes + view.getUint16(at + 28, true);
  const localName = latin1(zip.subarray(at + LOCAL_BYTES, at + LOCAL_BYTES + nameBytes));
  if (localName !== name || view.getUint16(at + 8, true) !== entry.method) {
    return malformed(`the local header of ${name} differs from the central directory`, at);
  }
  if (start + entry.compressedBytes > zip.length) return malformed(`${name} is cut off`, start);
  const data = zip.subarray(start, start + entry.compressedBytes);
  if (entry.method === 0 && data.length !== entry.bytes) {
    return malformed(`${name} is stored with two different lengths`, at);
  }
  const expanded = entry.method === 0 ? accept(data.slice()) : await inflateRaw(data, entry.bytes);
  if (!expanded.ok) return malformed(`${name} ${expanded.message}`, start);
  if (await crc32(expanded.value) !== entry.crc) return malformed(`${name} has a wrong CRC`, at);
  return expanded;
}
