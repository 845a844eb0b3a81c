import { zipSync } from "fflate";
import {
  buildExportFile,
  type BuiltExport,
  type ExportHeader,
  type ExportSigner,
} from "../../src/export-file/build.ts";
import { FILE_HEADER } from "../../src/export-file/format.ts";
import { type ExportFile, readExportFile } from "../../src/export-file/read.ts";
import type { ExportKey } from "../../src/model/exposure.ts";

/** 2020-11-01T00:00:00Z. */
export const START = 1_604_188_800;
export const HEADER: ExportHeader = { start: START, end: START + 3600, region: "MAG" };

/** Bytes of a hexadecimal string. */
export const fromHex = (hex: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(hex, "hex"));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** A key whose first four bytes are a number, so that greater numbers sort later. */
export function keyNumber(number: number): Uint8Array {
  const key = new Uint8Array(16).fill(7);
  new DataView(key.buffer).setUint32(0, number);
  return key;
}

/** Ordinary keys in order. */
export function sampleKeys(count: number, from = 0): ExportKey[] {
  return Array.from({ length: count }, (_, index) => ({
    key: keyNumber(from + index),
    transmissionRisk: 2,
    intervalNumber: START / 600 - 144 * (1 + index % 14),
    intervalCount: 144 - (index % 3),
    reportType: 1 + (index % 3),
    daysSinceOnset: index % 5 === 0 ? undefined : (index % 29) - 14,
  }));
}

export async function* batches<T>(
  ...lists: readonly (readonly T[])[]
): AsyncGenerator<readonly T[]> {
  yield* lists;
}

/** A signer with a fresh P-256 key, and the key's public half. */
export async function newSigner(
  keyVersion = "v1",
  keyId = "310",
): Promise<{ signer: ExportSigner; publicKey: CryptoKey; pem: string }> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    true,
    ["sign", "verify"],
  );
  const spki = Buffer.from(await crypto.subtle.exportKey("spki", publicKey)).toString("base64");
  const pem = `-----BEGIN PUBLIC KEY-----\n${
    spki.replace(/.{64}/g, "$&\n")
  }\n-----END PUBLIC KEY-----\n`;
  const sign = async (data: Uint8Array): Promise<Uint8Array> =>
    new Uint8Array(
      await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, data.slice()),
    );
  return { signer: { info: { keyId, keyVersion }, sign }, publicKey, pem };
}

/** A signer whose signature is always r = 1, s = 2. */
export function fakeSigner(keyVersion = "v1"): ExportSigner {
  const signature = new Uint8Array(64);
  signature[31] = 1;
  signature[63] = 2;
  return { info: { keyId: "310", keyVersion }, sign: () => Promise.resolve(signature) };
}

/** A file of ordinary keys. */
export function sampleFile(
  keys: readonly ExportKey[] = sampleKeys(20),
  revisedKeys: readonly ExportKey[] = [],
  signers: readonly ExportSigner[] = [fakeSigner()],
): Promise<BuiltExport> {
  return buildExportFile({
    header: HEADER,
    signers,
    keys: batches(keys),
    revisedKeys: batches(revisedKeys),
  });
}

/** A zip, by another implementation, of any export.bin and export.sig. */
export function zipOf(bin: Uint8Array, sig: Uint8Array = new Uint8Array()): Uint8Array {
  return zipSync({ "export.bin": bin, "export.sig": sig });
}

/** export.bin with this message after the header. */
export function binOf(message: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(FILE_HEADER), message]);
}

/** Reads a file that must be well formed. */
export async function mustRead(zip: Uint8Array): Promise<ExportFile> {
  const outcome = await readExportFile(zip);
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.value;
}
