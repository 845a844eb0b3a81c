import { AppError } from "../errors.ts";
import { ByteWriter } from "./byte-writer.ts";
import { encodeDer, SIGNATURE_BYTES } from "../bytes/ecdsa-der.ts";
import {
  BIN_ENTRY,
  ECDSA_SHA256_OID,
  FILE_HEADER,
  MAX_SIGNATURES,
  SIG_ENTRY,
  type SignatureInfo,
} from "./format.ts";
import { KeySection, type KeySource, USUAL_KEY_MESSAGE_BYTES } from "./key-section.ts";
import { writeZip } from "./zip-write.ts";

/** The window and region of a file; `start` and `end` are UTC seconds, [start, end). */
export type ExportHeader = {
  readonly start: number;
  readonly end: number;
  readonly region: string;
};

/** A signer: its name in the file, and a function that returns r ‖ s (64 bytes), ECDSA P-256 / SHA-256. */
export type ExportSigner = {
  readonly info: SignatureInfo;
  readonly sign: (data: Uint8Array) => Promise<Uint8Array>;
};

/** The contents of a file. Signers: 1 to 10, most recent key first. */
export type ExportInput = {
  readonly header: ExportHeader;
  readonly signers: readonly ExportSigner[];
  readonly keys: KeySource;
  readonly revisedKeys: KeySource;
  /** The total number of keys, if known, so that memory is allocated once. */
  readonly expectedKeys?: number;
};

/** A file: `zip` is what phones download, `bin` and `sig` are its entries. */
export type BuiltExport = {
  readonly zip: Uint8Array<ArrayBuffer>;
  readonly bin: Uint8Array<ArrayBuffer>;
  readonly sig: Uint8Array<ArrayBuffer>;
  readonly keyCount: number;
  readonly revisedKeyCount: number;
};

/**
 * Builds a signed export file. The same input yields the same `bin`, byte for byte. Throws `invalid_configuration`
 * for no or too many signers, `internal` for keys out of order, and whatever a signer or source throws.
 */
export async function buildExportFile(input: ExportInput): Promise<BuiltExport> {
  const { signers } = input;
  if (signers.length < 1 || signers.length > MAX_SIGNATURES) {
    throw new AppError(
      "invalid_configuration",
      `an export file needs 1 to ${MAX_SIGNATURES} signing keys, not ${signers.length}`,
    );
  }
  const writer = new ByteWriter(64 * 1024 + (input.expectedKeys ?? 0) * USUAL_KEY_MESSAGE_BYTES);
  writePreamble(writer, input.header, signers);
  const keys = new KeySection(writer, 7);
  await keys.appendAll(input.keys);
  const revisedKeys = new KeySection(writer, 8);
  await revisedKeys.appendAll(input.revisedKeys);
  const bin = writer.finish();
  const sig = await signatureList(bin, signers);
  const zip = await writeZip([{ name: BIN_ENTRY, data: bin }, { name: SIG_ENTRY, data: sig }]);
  return { zip, bin, sig, keyCount: keys.count, revisedKeyCount: revisedKeys.count };
}

/** Header and fields 1 to 6 of TemporaryExposureKeyExport. */
function writePreamble(
  writer: ByteWriter,
  header: ExportHeader,
  signers: readonly ExportSigner[],
): void {
  writer.bytes(new TextEncoder().encode(FILE_HEADER));
  writer.fixed64Field(1, header.start);
  writer.fixed64Field(2, header.end);
  writer.stringField(3, header.region);
  writer.varintField(4, 1);
  writer.varintField(5, 1);
  for (const { info } of signers) writer.bytesField(6, encodeInfo(info));
}

function encodeInfo(info: SignatureInfo): Uint8Array {
  const writer = new ByteWriter(128);
  writer.stringField(3, info.keyVersion);
  writer.stringField(4, info.keyId);
  writer.stringField(5, ECDSA_SHA256_OID);
  return writer.finish();
}

/** TEKSignatureList: every signer signs the whole of export.bin. */
async function signatureList(
  bin: Uint8Array,
  signers: readonly ExportSigner[],
): Promise<Uint8Array<ArrayBuffer>> {
  const list = new ByteWriter();
  // One after the other, because each may copy the whole file.
  for (const { info, sign } of signers) {
    const signature = await sign(bin);
    if (signature.length !== SIGNATURE_BYTES) {
      throw new AppError(
        "internal",
        `the signature by key ${info.keyId} ${info.keyVersion} is not ${SIGNATURE_BYTES} bytes long`,
      );
    }
    const message = new ByteWriter(256);
    message.bytesField(1, encodeInfo(info));
    message.varintField(2, 1);
    message.varintField(3, 1);
    message.bytesField(4, encodeDer(signature));
    list.bytesField(1, message.finish());
  }
  return list.finish();
}
