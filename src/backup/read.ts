import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { crc32 } from "../export-file/crc32.ts";
import { inflateRaw } from "../export-file/inflate.ts";
import { localHeader, ZipDirectory, type ZipMember } from "../export-file/zip-headers.ts";
import { equalBytes } from "../keys/crypto.ts";
import { AppError } from "../errors.ts";
import { ByteSource } from "./byte-source.ts";
import {
  BACKUP_FORMAT,
  type BackupHead,
  type BackupSums,
  HEAD_NAME,
  headSchema,
  MAX_MEMBER_BYTES,
  rowsIn,
  SUMS_NAME,
  sumsSchema,
  tableOfPart,
} from "./format.ts";

/** What a backup gives, in this order: its head, the rows of its tables, its sums. */
export type BackupItem =
  | { readonly kind: "head"; readonly head: BackupHead }
  | { readonly kind: "rows"; readonly table: string; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "sums"; readonly sums: BackupSums };

const LOCAL_BYTES = 30;
const MAX_NAME_BYTES = 200;
/** Deflated bytes may be a little more than those that they expand to. */
const MAX_DEFLATED_BYTES = MAX_MEMBER_BYTES + 64 * 1024;
const MAX_HEAD_BYTES = 1024 * 1024;

/**
 * Reads a backup to its end. Only a whole one that is as it was written comes to its end: every byte of its headers is
 * compared, and every member with its sum. Throws `malformed_file` with the place otherwise, and for a newer format.
 * The sums come last, so what is read before may only be kept for good once the end has come.
 */
export async function* readBackup(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<BackupItem> {
  const source = new ByteSource(chunks);
  const directory = new ZipDirectory();
  const seen: { name: string; sha256: string }[] = [];
  const counted = new Map<string, number>();
  let head: BackupHead | undefined;
  for (;;) {
    const { name, data, sha256 } = await readMember(source, directory);
    if (head === undefined) {
      head = readHead(name, data);
      yield { kind: "head", head };
    } else if (name === SUMS_NAME) {
      const sums = parsed(sumsSchema, data, name);
      requireSums(sums, seen, counted, head);
      await requireEnd(source, directory, sha256);
      yield { kind: "sums", sums };
      return;
    } else {
      const table = tableOfPart(name);
      if (table === undefined || !head.tables.some((one) => one.name === table)) {
        throw malformed(`${name} is no member of a backup`);
      }
      counted.set(table, (counted.get(table) ?? 0) + rowsIn(data));
      yield { kind: "rows", table, bytes: data };
    }
    seen.push({ name, sha256 });
  }
}

type Member = { readonly name: string; readonly data: Uint8Array<ArrayBuffer>; sha256: string };

async function readMember(source: ByteSource, directory: ZipDirectory): Promise<Member> {
  const { at } = source;
  const fixed = await take(source, LOCAL_BYTES);
  const view = new DataView(fixed.buffer, fixed.byteOffset, fixed.byteLength);
  const nameBytes = view.getUint16(26, true);
  const [compressedBytes, bytes] = [view.getUint32(18, true), view.getUint32(22, true)];
  const isPossible = nameBytes <= MAX_NAME_BYTES && bytes <= MAX_MEMBER_BYTES &&
    compressedBytes <= MAX_DEFLATED_BYTES;
  if (!isPossible) throw malformed(`no member of a backup begins at byte ${at}`);
  const name = new TextDecoder().decode(await take(source, nameBytes));
  const member: ZipMember = { name, crc: view.getUint32(14, true), compressedBytes, bytes };
  if (!equalBytes(localHeader(member).subarray(0, LOCAL_BYTES), fixed)) {
    throw malformed(`no member of a backup begins at byte ${at}`);
  }
  directory.add(member, at);
  const body = await take(source, compressedBytes);
  const expanded = await inflateRaw(body, bytes);
  if (!expanded.ok) throw malformed(`the member at byte ${at} ${expanded.message}`);
  if (await crc32(expanded.value) !== member.crc) {
    throw malformed(`the member at byte ${at} has a wrong checksum`);
  }
  const sha256 = createHash("sha256").update(body).digest("hex");
  return { name, data: expanded.value, sha256 };
}

/** The format is looked at before anything else: of a newer one, nothing more is known. */
function readHead(name: string, data: Uint8Array): BackupHead {
  if (name !== HEAD_NAME || data.length > MAX_HEAD_BYTES) {
    throw malformed("it does not begin as one");
  }
  const format = Number(Object(jsonOf(data))["format"]);
  if (format > BACKUP_FORMAT) {
    throw malformed(
      `it has format ${format}, and this program knows ${BACKUP_FORMAT}: restore it with the program that made it, or a newer one`,
    );
  }
  return parsed(headSchema, data, name);
}

function requireSums(
  { members, rows }: BackupSums,
  seen: readonly { readonly name: string; readonly sha256: string }[],
  counted: ReadonlyMap<string, number>,
  { tables }: BackupHead,
): void {
  const wrong = seen.find(({ name, sha256 }, index) =>
    members[index]?.name !== name || members[index].sha256 !== sha256
  );
  if (wrong !== undefined) throw malformed(`${wrong.name} is not as it was written`);
  if (members.length !== seen.length) throw malformed("some of its members are missing");
  const told = new Map(rows.map(({ table, rows: count }) => [table, count]));
  const short = tables.find(({ name }) => (told.get(name) ?? -1) !== (counted.get(name) ?? 0));
  if (short !== undefined) throw malformed(`rows of the table ${short.name} are missing`);
}

/** The comment of the zip is the sum of the member that holds the others'. */
async function requireEnd(
  source: ByteSource,
  directory: ZipDirectory,
  sumOfSums: string,
): Promise<void> {
  const end = directory.finish(source.at, sumOfSums);
  if (!equalBytes(end, await take(source, end.length))) {
    throw malformed("its end is not as it was written");
  }
  if (!await source.isAtEnd()) throw malformed("something follows its end");
}

async function take(source: ByteSource, count: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await source.take(count);
  if (bytes === undefined) throw malformed(`it is cut off after ${source.at} bytes`);
  return bytes;
}

function parsed<T>(
  schema: { safeParse(value: unknown): { success: true; data: T } | { success: false } },
  data: Uint8Array,
  name: string,
): T {
  const result = schema.safeParse(jsonOf(data));
  if (result.success) return result.data;
  throw malformed(`${name} is not what this program writes`);
}

function jsonOf(data: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(data).toString("utf8"));
  } catch {
    throw malformed("a member that should be JSON is none");
  }
}

function malformed(what: string): AppError {
  return new AppError("malformed_file", `not a whole backup: ${what}`);
}
