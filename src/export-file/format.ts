/**
 * The export file, version 1: its names, numbers and limits (Apple and Google, "Exposure Key export file format
 * and verification").
 */

/** Entries of the zip, in this order. */
export const BIN_ENTRY = "export.bin";
export const SIG_ENTRY = "export.sig";
/** The first 16 bytes of export.bin. */
export const FILE_HEADER = "EK Export v1    ";
/** ECDSA with SHA-256, dotted. */
export const ECDSA_SHA256_OID = "1.2.840.10045.4.3.2";
/** ECDSA with SHA-512, dotted: Android takes it too. */
export const ECDSA_SHA512_OID = "1.2.840.10045.4.3.4";
/** Times beyond the year 5138 are no seconds: somebody wrote milliseconds. */
export const MAX_SECONDS = 100_000_000_000;
/** Phones read no more signatures than this. */
export const MAX_SIGNATURES = 10;
/** The rolling period that is left out. */
export const DEFAULT_ROLLING_PERIOD = 144;

/** Names the key that a signature is made with. */
export type SignatureInfo = {
  /** Such as `v1`. */
  readonly keyVersion: string;
  /** The MCC, as a rule. */
  readonly keyId: string;
};

/** How large a file from outside may be. */
export type ReadLimits = {
  /** The zip. */
  readonly zipBytes: number;
  /** export.bin and export.sig together, expanded. */
  readonly expandedBytes: number;
  /** Entries of the zip, also those that nobody reads. */
  readonly entries: number;
  /** Keys and revised keys together. */
  readonly keys: number;
};

/** What import and the command line allow. */
export const READ_LIMITS: ReadLimits = {
  zipBytes: 20 * 1024 * 1024,
  expandedBytes: 64 * 1024 * 1024,
  entries: 16,
  keys: 2_000_000,
};
