import { ByteWriter } from "./byte-writer.ts";

/** The header fields of a deflated member. Names are ASCII; sizes are below 4 GiB. */
export type ZipMember = {
  readonly name: string;
  readonly crc: number;
  readonly compressedBytes: number;
  readonly bytes: number;
};

/** 1980-01-01 00:00 in MS-DOS form, so the zip does not show when it was made. */
const DOS_TIME = 0;
const DOS_DATE = 0x21;
const VERSION = 20;
const ZIP64_VERSION = 45;
const DEFLATED = 8;
/** The value of a field whose number is in the Zip64 record (APPNOTE 6.3.3, 4.4.1.4). */
const TOO_MANY = 0xffff;
const TOO_LARGE = 0xffffffff;

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The local header of a member (APPNOTE 6.3.3, 4.3.7), with its sizes. */
export function localHeader(member: ZipMember): Uint8Array<ArrayBuffer> {
  const header = new ByteWriter();
  header.littleEndian(0x04034b50, 4);
  writeCommon(header, member, VERSION, 0);
  header.bytes(ascii(member.name));
  return header.finish();
}

/** Collects the members for the central directory. */
export class ZipDirectory {
  readonly #entries = new ByteWriter();
  #count = 0;

  /** Adds a member whose local header is at byte `at` of the zip. */
  add(member: ZipMember, at: number): void {
    const far = at >= TOO_LARGE;
    this.#entries.littleEndian(0x02014b50, 4);
    this.#entries.littleEndian(far ? ZIP64_VERSION : VERSION, 2);
    writeCommon(this.#entries, member, far ? ZIP64_VERSION : VERSION, far ? 12 : 0);
    this.#entries.littleEndian(0, 10); // comment length, disk, attributes
    this.#entries.littleEndian(far ? TOO_LARGE : at, 4);
    this.#entries.bytes(ascii(member.name));
    if (far) {
      this.#entries.littleEndian(1, 2); // Zip64
      this.#entries.littleEndian(8, 2);
      this.#entries.littleEndian(at, 8);
    }
    this.#count++;
  }

  /**
   * Returns everything after the members, which end at byte `at` of the zip (APPNOTE 6.3.3, 4.3.12 to 4.3.16). The
   * comment is ASCII, at most 65,535 characters.
   */
  finish(at: number, comment: string = ""): Uint8Array<ArrayBuffer> {
    const end = new ByteWriter();
    const size = this.#entries.length;
    end.bytes(this.#entries.finish());
    const isLarge = this.#count >= TOO_MANY || at + size >= TOO_LARGE;
    if (isLarge) this.#writeZip64End(end, at, size);
    const count = Math.min(this.#count, TOO_MANY);
    end.littleEndian(0x06054b50, 4);
    end.littleEndian(0, 4); // disks
    end.littleEndian(count, 2);
    end.littleEndian(count, 2);
    end.littleEndian(Math.min(size, TOO_LARGE), 4);
    end.littleEndian(Math.min(at, TOO_LARGE), 4);
    end.littleEndian(comment.length, 2);
    end.bytes(ascii(comment));
    return end.finish();
  }

  #writeZip64End(end: ByteWriter, at: number, size: number): void {
    end.littleEndian(0x06064b50, 4);
    end.littleEndian(44, 8); // remaining size of this record
    end.littleEndian(ZIP64_VERSION, 2);
    end.littleEndian(ZIP64_VERSION, 2);
    end.littleEndian(0, 8); // disks
    for (const value of [this.#count, this.#count, size, at]) end.littleEndian(value, 8);
    end.littleEndian(0x07064b50, 4);
    end.littleEndian(0, 4); // disk
    end.littleEndian(at + size, 8);
    end.littleEndian(1, 4); // disks
  }
}

function writeCommon(
  to: ByteWriter,
  { name, crc, compressedBytes, bytes }: ZipMember,
  version: number,
  extraBytes: number,
): void {
  for (
    const [value, count] of [
      ...[[version, 2], [0, 2], [DEFLATED, 2], [DOS_TIME, 2], [DOS_DATE, 2]],
      ...[[crc, 4], [compressedBytes, 4], [bytes, 4], [ascii(name).length, 2], [extraBytes, 2]],
    ] as const
  ) to.littleEndian(value, count);
}
