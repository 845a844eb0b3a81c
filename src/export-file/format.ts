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
/** ECDSA with SHA-512, dotted: Android accepts it too. */
export const ECDSA_SHA512_OID = "1.2.840.10045.4.3.4";
/** Times beyond this, the year 5138, are milliseconds written by mistake. */
export const MAX_SECONDS = 100_000_000_000;
/** The most signatures that phones read. */
export const MAX_SIGNATURES = 10;
/** The default rolling period, which files omit. */
export const DEFAULT_ROLLING_PERIOD = 144;

/** Names the key that a signature is made with. */
export type SignatureInfo = {
  /** Such as `v1`. */
  readonly keyVersion: string;
  /** Usually the MCC. */
  readonly keyId: string;
};

/** Size limits of a file from outside. */
export type ReadLimits = {
  /** The zip. */
  readonly zipBytes: number;
  /** export.bin and export.sig together, expanded. */
  readonly expandedBytes: number;
  /** Entries of the zip, including unknown ones. */
  readonly entries: number;
  /** Keys and revised keys together. */
  readonly keys: number;
};

/** The limits of import and of the command line. */
export const READ_LIMITS: ReadLimits = {
  zipBytes: 20 * 1024 * 1024,
  expandedBytes: 64 * 1024 * 1024,
  entries: 16,
  keys: 2_000_000,
};
