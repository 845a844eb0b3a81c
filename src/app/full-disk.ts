import { resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { AppError } from "../errors.ts";
import type { Log, LogFields } from "../observe/log.ts";
import { sparingLog } from "../observe/sparing-log.ts";
import type { DatabaseAddress } from "../store/database.ts";
import { diskFullText } from "../store/embedded/file-trouble.ts";
import { isDiskFull } from "../store/failure.ts";

/** How often the log repeats where the full disk is, in milliseconds. */
const REPEAT_MS = 60_000;

const FOREIGN =
  "the disk of the PostgreSQL that DATABASE_URL names is full: on its machine, `sudo -u postgres psql -c 'show " +
  "data_directory'` prints the folder and `df -h FOLDER` how full its disk is; free space there, or enlarge it";

/** For people who run the server: which disk is full, whose it is, and the command that shows it. */
export async function fullDiskText(
  address: DatabaseAddress,
  { dataDirectory }: Pick<Config, "dataDirectory">,
): Promise<string> {
  if (address.kind === "url") return FOREIGN;
  return await diskFullText(address.folder, resolve(dataDirectory));
}

/** `database_unavailable` with {@link fullDiskText} when that is the cause; else the error as it is. */
export async function explainFullDisk(
  error: unknown,
  ...where: Parameters<typeof fullDiskText>
): Promise<unknown> {
  if (!isDiskFull(error)) return error;
  return new AppError("database_unavailable", await fullDiskText(...where), { cause: error });
}

/** A log that, beside the first line in each minute about a full disk, says where it is and what to do. */
export function tellFullDisk(log: Log, ...where: Parameters<typeof fullDiskText>): Log {
  const tell = sparingLog(log, "error", "database-disk-full", REPEAT_MS);
  const watched = (level: keyof Log) => (event: string, fields?: LogFields): void => {
    log[level](event, fields);
    if (!String(fields?.["causes"] ?? "").includes("PostgresError 53100")) return;
    fullDiskText(...where).then((text) => tell({ text }));
  };
  return {
    ...log,
    warn: watched("warn"),
    error: watched("error"),
  };
}
