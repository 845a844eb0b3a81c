import { join } from "node:path";
import { exportDependencies } from "../../src/app/export.ts";
import { filesystemBlobStore } from "../../src/blob/filesystem.ts";
import type { ExportEvent } from "../../src/export/events.ts";
import type { ExportDependencies } from "../../src/export/run.ts";
import { exportConfigSchema } from "../../src/model/resource/export-config.ts";
import type { Database } from "../../src/store/database.ts";
import { benchFoundation, fixedResources } from "./foundation.ts";

/** The length of a window of the export `mag`, in seconds. */
export const PERIOD: number = 4 * 3600;

/** What the job `export` needs for one config `mag` of region MAG, with files in `folder`. */
export async function exportWorld(
  database: Database,
  folder: string,
  report: (event: ExportEvent) => void,
): Promise<ExportDependencies> {
  const cache = fixedResources([
    {
      kind: "SigningKey",
      name: "signer",
      key: "local:signer",
      keyId: "310",
      version: "v1",
    },
    exportConfigSchema.parse({
      kind: "ExportConfig",
      name: "mag",
      bucket: "exports",
      filenameRoot: "mag",
      period: "4h",
      outputRegion: "MAG",
      signingKeys: ["signer"],
    }),
  ]);
  const blobs = filesystemBlobStore(join(folder, "blob"));
  const foundation = await benchFoundation(database, {}, { cache, blobs });
  await foundation.keys.create("local:signer", "sign");
  return {
    ...exportDependencies(foundation),
    report: (event) => {
      if (event.kind !== "file-written") throw new Error(JSON.stringify(event));
      report(event);
    },
  };
}

/** Has the export begin with the window that starts at this second, as if nothing had been exported. */
export async function beginWith({ bulk }: Database, startsAt: number): Promise<void> {
  await bulk`truncate export_batch, export_file, export_index, export_schedule`;
  await bulk`
    insert into export_schedule (config, series, reached) values ('mag', 'period', ${startsAt})`;
}
