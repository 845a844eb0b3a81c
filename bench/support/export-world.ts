import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { filesystemBlobStore } from "../../src/blob/filesystem.ts";
import type { ExportEvent } from "../../src/export/events.ts";
import type { ExportDependencies } from "../../src/export/run.ts";
import { localKeys } from "../../src/keys/local.ts";
import { exportConfigSchema } from "../../src/model/resource/export-config.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Database } from "../../src/store/database.ts";
import { exportBatches } from "../../src/store/export/batches.ts";
import { exportIndexes } from "../../src/store/export/index-file.ts";
import { exportKeys } from "../../src/store/export/keys.ts";
import { exportSchedule } from "../../src/store/export/schedule.ts";
import { leases } from "../../src/store/lease.ts";
import { localKeyRows } from "../../src/store/local-key.ts";
import { viewOf } from "../../src/store/resource/cache.ts";
import { windowFloor } from "../../src/store/exposure/window-floor.ts";

/** The length of a window of the export `mag`, in seconds. */
export const PERIOD: number = 4 * 3600;

/** What the job `export` needs for one config `mag` of region MAG, with files in `folder`. */
export async function exportWorld(
  database: Database,
  folder: string,
  report: (event: ExportEvent) => void,
): Promise<ExportDependencies> {
  const { crypto } = currentRuntime();
  const keys = localKeys({
    rows: localKeyRows(database),
    masterKey: randomBytes(32),
    crypto,
    now: () => Math.floor(Date.now() / 1000),
  });
  await keys.create("local:signer", "sign");
  const resources = viewOf(1, [
    {
      resource: {
        kind: "SigningKey",
        name: "signer",
        key: "local:signer",
        keyId: "310",
        version: "v1",
      },
      version: 1,
    },
    {
      resource: exportConfigSchema.parse({
        kind: "ExportConfig",
        name: "mag",
        bucket: "exports",
        filenameRoot: "mag",
        period: "4h",
        outputRegion: "MAG",
        signingKeys: ["signer"],
      }),
      version: 1,
    },
  ]);
  return {
    resources: { view: () => Promise.resolve(resources), fresh: () => Promise.resolve(resources) },
    floor: windowFloor(database, { windowSeconds: 3600, graceSeconds: 60 }),
    schedule: exportSchedule(database),
    batches: exportBatches(database),
    indexes: exportIndexes(database),
    exposures: exportKeys(database),
    leases: leases(database),
    blob: filesystemBlobStore(join(folder, "blob")),
    keys,
    settings: {
      maxRecords: 500_000,
      minRecords: 1000,
      paddingRange: 100,
      minWindowAgeSeconds: 7200,
      windowGraceSeconds: 60,
      workerTimeoutSeconds: 300,
      cleanupTtlSeconds: 60 * 86_400,
    },
    report: (event) => {
      if (event.kind !== "file-written") throw new Error(JSON.stringify(event));
      report(event);
    },
    stopwatch: () => performance.now(),
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
  };
}

/** Has the export begin with the window that starts at this second, as if nothing had been exported. */
export async function beginWith({ bulk }: Database, startsAt: number): Promise<void> {
  await bulk`truncate export_batch, export_file, export_index, export_schedule`;
  await bulk`
    insert into export_schedule (config, series, reached) values ('mag', 'period', ${startsAt})`;
}
