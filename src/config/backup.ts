import type { EnvironmentReader } from "./environment.ts";

/** BACKUP_… settings. */
export type BackupSettings = {
  /** BACKUP_SCHEDULE: how often a backup goes to the blob store; 0: never by itself. */
  readonly intervalMs: number;
  /** BACKUP_KEEP: how many of them stay there. */
  readonly keep: number;
  /** BACKUP_BUCKET. */
  readonly bucket: string;
  /** BACKUP_TO: age recipients. */
  readonly recipients: readonly string[];
};

const MIN_INTERVAL_MS = 60_000;
/** The form of age recipients (Bech32 without its checksum, which is looked at before the first backup). */
const RECIPIENT = /^age1[02-9ac-hj-np-z]{58,4000}$/;

/** Reads BACKUP_… settings. What goes to a blob store by itself must be encrypted, and never be among public files. */
export function backupSettings(read: EnvironmentReader, exportBucket: string): BackupSettings {
  const intervalMs = read.milliseconds("BACKUP_SCHEDULE", "0", { max: "720h" });
  const isScheduled = intervalMs > 0;
  if (isScheduled && intervalMs < MIN_INTERVAL_MS) {
    read.refuse("BACKUP_SCHEDULE", "must be 0, or at least 1m");
  }
  const recipients = (read.optional("BACKUP_TO") ?? "").split(",")
    .map((recipient) => recipient.trim()).filter((recipient) => recipient !== "");
  if (!recipients.every((recipient) => RECIPIENT.test(recipient))) {
    read.refuse("BACKUP_TO", "must be age recipients such as age1…, joined by commas");
  }
  if (isScheduled && recipients.length === 0) {
    read.refuse("BACKUP_TO", "must be set with BACKUP_SCHEDULE: backups are stored encrypted");
  }
  const bucket = read.text("BACKUP_BUCKET", "backups");
  if (isScheduled && bucket === exportBucket) {
    read.refuse("BACKUP_BUCKET", "must not be the bucket of the exports, which is public");
  }
  return {
    intervalMs,
    keep: read.integer("BACKUP_KEEP", 7, { min: 1, max: 1000 }),
    bucket,
    recipients,
  };
}
