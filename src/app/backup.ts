import { runSchedule, type ScheduleDependencies } from "../backup/schedule.ts";
import { AppError } from "../errors.ts";
import { type StoredBackups, storedBackups } from "../backup/stored.ts";
import { writeBackup } from "../backup/write.ts";
import { newRequestId } from "../http/request-id.ts";
import type { Job } from "../jobs.ts";
import { withSnapshot } from "../store/backup/snapshot.ts";
import { leases } from "../store/lease.ts";
import { holdLease } from "../store/lease-hold.ts";
import type { Foundation } from "./foundation.ts";
import { PROGRAM_VERSION } from "./program-version.ts";

/** Backups on a schedule, put together. */
export type BackupPart = {
  readonly jobs: readonly Job[];
  /** How they stand; looked up at most once a minute. */
  readonly standing: () => Promise<BackupStanding>;
};

/** How backups stand. */
export type BackupStanding = {
  /** 0: none are made by themselves. */
  readonly intervalSeconds: number;
  /** When the newest whole one was begun, UTC seconds. */
  readonly newestAt?: number;
};

const LEASE_SECONDS = 60;
const MINUTE_MS = 60_000;
const LOOK_MS = 5 * MINUTE_MS;
const TIMEOUT_MS = 6 * 60 * MINUTE_MS;

/**
 * Puts backups on a schedule together. Without BACKUP_SCHEDULE there is no job. Throws `invalid_configuration` when
 * nobody can be encrypted for.
 */
export async function backupPart(foundation: Foundation): Promise<BackupPart> {
  const { config, clock } = foundation;
  const { intervalMs } = config.backup;
  const backups = storedBackups(foundation.blobs, config.backup.bucket);
  const intervalSeconds = intervalMs / 1000;
  if (intervalMs === 0) {
    return { jobs: [], standing: () => Promise.resolve({ intervalSeconds }) };
  }
  await requireRecipients(config.backup.recipients);
  const deps = scheduleDependencies(foundation, backups);
  let known: { readonly at: number; readonly standing: Promise<BackupStanding> } | undefined;
  const look = async (): Promise<BackupStanding> => {
    const [newest] = await backups.list();
    return { intervalSeconds, ...(newest === undefined ? {} : { newestAt: newest.at }) };
  };
  return {
    jobs: [{
      name: "backup",
      intervalMs: Math.min(intervalMs, LOOK_MS),
      timeoutMs: TIMEOUT_MS,
      run: (signal) => runSchedule(deps, signal),
      runNow: (signal) => runSchedule(deps, signal, true),
    }],
    standing: async () => {
      if (known === undefined || clock.monotonic() - known.at > MINUTE_MS) {
        known = { at: clock.monotonic(), standing: look() };
        known.standing.catch(() => known = undefined);
      }
      return await known.standing;
    },
  };
}

function scheduleDependencies(
  { config, database, clock, crypto }: Foundation,
  backups: StoredBackups,
): ScheduleDependencies {
  const { intervalMs, keep, recipients } = config.backup;
  const now = (): number => Math.floor(clock.now() / 1000);
  return {
    backups,
    intervalSeconds: intervalMs / 1000,
    keep,
    now,
    hold: () => holdLease(leases(database), "backup", newRequestId(crypto), LEASE_SECONDS),
    make: (store) =>
      withSnapshot(database, async (snapshot) => {
        let rows = 0;
        const chunks = writeBackup(snapshot, {
          program: `wayfarer ${PROGRAM_VERSION}`,
          now: now(),
          progress: (count) => rows = count,
          done: () => {},
        });
        const { sealed } = await import("../backup/seal.ts");
        await store(sealed(chunks, { kind: "recipients", recipients }));
        return rows;
      }),
  };
}

async function requireRecipients(recipients: readonly string[]): Promise<void> {
  const { isRecipient } = await import("../backup/seal.ts");
  if (recipients.every(isRecipient)) return;
  throw new AppError(
    "invalid_configuration",
    "BACKUP_TO: a recipient is mistyped, its checksum is wrong; copy it again",
  );
}
