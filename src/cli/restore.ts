import { readFile } from "node:fs/promises";
import { type BackupContents, checkBackup, restoreBackup, schemaFault } from "../backup/restore.ts";
import type { Opening } from "../backup/seal.ts";
import { storedBackups } from "../backup/stored.ts";
import { openBlobStore } from "../blob/open.ts";
import { requireOpenable } from "../app/backup-keys.ts";
import type { Configuration } from "../config/config.ts";
import { loadConfiguration } from "../config/load.ts";
import { AppError } from "../errors.ts";
import { jsonLog } from "../observe/log.ts";
import { restoreTarget } from "../store/backup/restore.ts";
import type { Database } from "../store/database.ts";
import { migrate } from "../store/migrate.ts";
import { MIGRATIONS } from "../store/migrations/index.ts";
import { readPassphrase } from "./backup.ts";
import { readFileChunks } from "./backup-file.ts";
import type { Command, CommandIo } from "./command.ts";
import { withDatabase } from "./open.ts";
import { valueOf } from "./option-value.ts";
import { parseOptions } from "./options.ts";

const USAGE =
  `wayfarer restore FILE|stored:NAME [--identity PATH ...] [--passphrase-file PATH] [--check] [--replace DATABASE]

Makes the database hold what a backup holds, in one transaction, and brings its schema to the newest version. First
all of the backup is read and compared with its sums, and the master key is tried on its keys; nothing is written
before. Stop all servers of the database, and put the master key in its place: MASTER_KEY, or secrets/master.key of
DATA_DIR.

stored:NAME is one of those that BACKUP_SCHEDULE made, such as stored:2026-11-29T03-00-00Z; stored:newest the newest.

  --identity         a file with the age identity that it was encrypted for; may be given several times
  --passphrase-file  a file with its passphrase on the first line
  --check            does all but write; it needs no database
  --replace          deletes what the database of this name holds; without it, the database must be empty

Example:
  wayfarer restore wayfarer.backup --identity backup.key`;

/** `wayfarer restore`. */
export const restoreCommand: Command = {
  name: "restore",
  summary: "makes the database hold what a backup holds",
  usage: USAGE,
  run: async (io) => {
    const options = parseOptions(io.args, {
      identity: { type: "string", multiple: true },
      "passphrase-file": { type: "string" },
      check: { type: "boolean" },
      replace: { type: "string" },
    }, { positionals: "some", what: "the backup" });
    if (!options.ok) throw new AppError(options.code, options.message);
    const { values, positionals: [path = "", ...others] } = options.value;
    if (others.length > 0) throw new AppError("usage", "give one backup; see --help");
    const opening = await openingOf(values.identity ?? [], values["passphrase-file"]);
    const configuration = await loadConfiguration(io.env);
    const { opened } = await import("../backup/seal.ts");
    const chunks = () => opened(sourceOf(path, configuration), opening);
    const contents = await checkBackup(chunks());
    await requireUsable(io, configuration, contents);
    if (values.check !== true) {
      await withDatabase(configuration, async (database) => {
        await requireRoom(database, values.replace);
        valueOf(await restoreBackup(database, chunks(), contents));
        await migrate(database, undefined, io.signal);
      });
    }
    report(io, contents, values.check === true);
    return 0;
  },
};

const STORED = "stored:";

/** The bytes of a file, or of a backup in the blob store. */
async function* sourceOf(
  path: string,
  { config: { blobs, backup } }: Configuration,
): AsyncGenerator<Uint8Array> {
  if (!path.startsWith(STORED)) return yield* readFileChunks(path);
  const stored = storedBackups(openBlobStore(blobs), backup.bucket);
  const given = path.slice(STORED.length);
  const [newest] = given === "newest" ? await stored.list() : [];
  yield* stored.read(newest?.name ?? given);
}

async function openingOf(
  identityFiles: readonly string[],
  passphraseFile: string | undefined,
): Promise<Opening> {
  const identities: string[] = [];
  for (const path of identityFiles) {
    const text = await readFile(path, "utf8").catch((cause: unknown) => {
      throw new AppError("usage", `${path} cannot be read: give a file with an age identity`, {
        cause,
      });
    });
    const found = text.split(/\r?\n/).filter((line) => line.startsWith("AGE-SECRET-KEY-"));
    if (found.length === 0) {
      throw new AppError(
        "usage",
        `${path} has no line with AGE-SECRET-KEY-: give the file that age-keygen wrote`,
      );
    }
    identities.push(...found);
  }
  const passphrase = passphraseFile === undefined
    ? undefined
    : await readPassphrase(passphraseFile);
  return { identities, passphrase };
}

/** Nothing is written for a backup that could not be used. */
async function requireUsable(
  io: CommandIo,
  { config, secrets }: Configuration,
  { head, keys }: BackupContents,
): Promise<void> {
  const newest = Math.max(...MIGRATIONS.map(({ version }) => version));
  const fault = schemaFault(head, newest);
  if (fault?.ok === false) throw new AppError(fault.code, fault.message);
  await requireOpenable(keys, {
    config,
    secrets,
    crypto: io.runtime.crypto,
    now: Date.now,
    log: jsonLog("warn", io.err, Date.now),
  });
}

async function requireRoom(database: Database, replace: string | undefined): Promise<void> {
  const target = await restoreTarget(database);
  if (target.sessions > 0) {
    throw new AppError(
      "usage",
      `${target.sessions} other connections of this program use the database "${target.database}": stop the servers first`,
    );
  }
  if (target.isEmpty || replace === target.database) return;
  throw new AppError(
    "usage",
    replace === undefined
      ? `the database "${target.database}" is not empty: give another, or --replace ${target.database} to delete what it holds`
      : `--replace ${replace}: the database of the settings is "${target.database}"`,
  );
}

function report(io: CommandIo, { head, sums }: BackupContents, checked: boolean): void {
  const { createdAt, schema } = head;
  const rows = sums.rows.reduce((sum, table) => sum + table.rows, 0);
  const made = new Date(createdAt * 1000).toISOString();
  if (io.json) {
    return io.out(JSON.stringify({ checked, restored: !checked, made, schema, rows: sums.rows }));
  }
  const what = `${rows.toLocaleString("en")} rows of ${sums.rows.length} tables, made at ${made}`;
  io.out(checked ? `the backup is whole and its keys can be opened: ${what}` : `restored ${what}`);
  if (checked) return;
  io.err(
    "Keys that were published after that are not here. Peers send again what they hold of them.",
  );
}
