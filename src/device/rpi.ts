/** Rolling proximity identifiers: Exposure Notification Cryptography Specification, version 1.2. */

import { createCipheriv, hkdfSync } from "node:crypto";
import { AppError } from "../errors.ts";
import { KEY_BYTES } from "../model/exposure.ts";
import type { Tek } from "../model/exposure.ts";

/** The size in bytes of a rolling proximity identifier (RPI) and of its key (RPIK). */
export const RPI_BYTES = 16;

const NO_SALT = new Uint8Array();
const RPIK_INFO = "EN-RPIK";
/** "EN-RPI" ‖ 6 zero bytes; the interval number follows, 32 bits, little endian. */
const PADDED_DATA: Uint8Array = new TextEncoder().encode("EN-RPI\0\0\0\0\0\0");

/** RPIK = HKDF-SHA256(TEK, no salt, "EN-RPIK", 16 bytes). Throws `internal` unless the TEK has 16 bytes. */
export function rollingProximityIdentifierKey(tek: Uint8Array): Uint8Array<ArrayBuffer> {
  if (tek.length !== KEY_BYTES) {
    throw new AppError("internal", `a TEK must have ${KEY_BYTES} bytes`);
  }
  return new Uint8Array(hkdfSync("sha256", tek, NO_SALT, RPIK_INFO, RPI_BYTES));
}

/**
 * The RPIs of `count` intervals from `firstInterval` on, 16 bytes each, concatenated:
 * AES-128-ECB(RPIK, "EN-RPI" ‖ 6 zero bytes ‖ interval number).
 */
export function rollingProximityIdentifiers(
  tek: Uint8Array,
  firstInterval: number,
  count: number,
): Uint8Array {
  const padded = new Uint8Array(count * RPI_BYTES);
  const view = new DataView(padded.buffer);
  for (let index = 0; index < count; index++) {
    padded.set(PADDED_DATA, index * RPI_BYTES);
    view.setUint32(index * RPI_BYTES + PADDED_DATA.length, firstInterval + index, true);
  }
  const cipher = createCipheriv("aes-128-ecb", rollingProximityIdentifierKey(tek), null);
  cipher.setAutoPadding(false);
  return cipher.update(padded);
}

/** The RPI that a phone with this TEK sends in one interval. */
export function rpiAt({ key }: Pick<Tek, "key">, interval: number): Uint8Array {
  return rollingProximityIdentifiers(key, interval, 1);
}
