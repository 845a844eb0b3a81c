import { readFile } from "node:fs/promises";
import type { Sealing } from "../backup/seal.ts";
import { writeBackup } from "../backup/write.ts";
import type { BackupSums } from "../backup/format.ts";
import { loadConfiguration } from "../config/load.ts";
import type { Config } from "../config/config.ts";
import { AppError } from "../errors.ts";
import { PROGRAM_VERSION } from "../app/program-version.ts";
import { withSnapshot } from "../store/backup/snapshot.ts";
import { writeNewFile, writeToOutput } from "./backup-file.ts";
import type { Command, CommandIo } from "./command.ts";
import { withDatabase } from "./open.ts";
import { parseOptions } from "./options.ts";

const USAGE = `wayfarer backup FILE [--to RECIPIENT ...] [--passphrase-file PATH] [--plain]

Writes everything that the database holds at this moment to FILE, or to standard output with "-". Servers go on
meanwhile. The master key is not in it: keep MASTER_KEY, or secrets/master.key of DATA_DIR, in another place. Without
it, no key in a backup can be used.

  --to               encrypts for the holder of this age recipient, such as age1…; may be given several times
                     (default: BACKUP_TO)
  --passphrase-file  encrypts with the passphrase on the first line of this file
  --plain            does not encrypt: keys of people who tested positive can be read in it

Example:
  wayfarer backup wayfarer.backup --to age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p`;

/** Rows between two lines of progress. */
const PROGRESS_ROWS = 1_000_000;

/** `wayfarer backup`. */
export const backupCommand: Command = {
  name: "backup",
  summary: "writes everything in the database to a file",
  usage: USAGE,
  run: async (io) => {
    const options = parseOptions(io.args, {
      to: { type: "string", multiple: true },
      "passphrase-file": { type: "string" },
      plain: { type: "boolean" },
    }, { positionals: "some", what: "the file to write, or -" });
    if (!options.ok) throw new AppError(options.code, options.message);
    const { values, positionals: [path = "-", ...others] } = options.value;
    if (others.length > 0) throw new AppError("usage", "give one file; see --help");
    const configuration = await loadConfiguration(io.env);
    const sealing = await sealingOf(configuration.config, {
      to: values.to ?? [],
      passphraseFile: values["passphrase-file"],
      plain: values.plain === true,
    });
    const sums = await withDatabase(configuration, async ({ bulk }) => {
      let done: BackupSums | undefined;
      await withSnapshot({ bulk }, async (snapshot) => {
        const chunks = writeBackup(snapshot, {
          program: `wayfarer ${PROGRAM_VERSION}`,
          now: Math.floor(Date.now() / 1000),
          progress: progressLines(io),
          done: (sums) => done = sums,
        });
        const written = sealing === undefined
          ? chunks
          : (await import("../backup/seal.ts")).sealed(chunks, sealing);
        await (path === "-" ? writeToOutput(written) : writeNewFile(path, written));
      });
      return done;
    });
    report(io, path, sums?.rows ?? [], sealing !== undefined);
    return 0;
  },
};

type SealingOptions = {
  readonly to: readonly string[];
  readonly passphraseFile: string | undefined;
  readonly plain: boolean;
};

/** For whom it is encrypted; undefined: not at all. */
async function sealingOf(
  { backup }: Pick<Config, "backup">,
  { to, passphraseFile, plain }: SealingOptions,
): Promise<Sealing | undefined> {
  const ways = [to.length > 0, passphraseFile !== undefined, plain].filter(Boolean).length;
  if (ways > 1) throw new AppError("usage", "give only one of --to, --passphrase-file and --plain");
  if (plain) return undefined;
  if (passphraseFile !== undefined) {
    return { kind: "passphrase", passphrase: await readPassphrase(passphraseFile) };
  }
  const { isRecipient } = await import("../backup/seal.ts");
  const stranger = to.find((recipient) => !isRecipient(recipient));
  if (stranger !== undefined) {
    throw new AppError("usage", "--to must be an age recipient, which begins with age1");
  }
  const recipients = to.length > 0 ? to : backup.recipients;
  if (recipients.length > 0) return { kind: "recipients", recipients };
  throw new AppError(
    "usage",
    "say how to encrypt: give --to, or BACKUP_TO, or --passphrase-file; with --plain it is not encrypted",
  );
}

/** The first line of a file. Throws `usage` when there is none. */
export async function readPassphrase(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new AppError("usage", `${path} cannot be read: give a file with the passphrase`, {
      cause,
    });
  });
  const [passphrase = ""] = text.split(/\r?\n/);
  if (passphrase !== "") return passphrase;
  throw new AppError("usage", `${path} has no passphrase on its first line`);
}

function progressLines(io: CommandIo): (rows: number) => void {
  let next = PROGRESS_ROWS;
  return (rows) => {
    if (!io.terminal || rows < next) return;
    io.err(`${rows.toLocaleString("en")} rows so far`);
    next = rows + PROGRESS_ROWS;
  };
}

function report(
  io: CommandIo,
  path: string,
  tables: BackupSums["rows"],
  encrypted: boolean,
): void {
  const say = path === "-" ? io.err : io.out;
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  if (io.json) return say(JSON.stringify({ file: path, rows, tables, encrypted }));
  const kind = encrypted ? "encrypted" : "not encrypted";
  say(`${rows.toLocaleString("en")} rows of ${tables.length} tables, ${kind}`);
  io.err("The master key is not in it: keep MASTER_KEY, or secrets/master.key of DATA_DIR, apart.");
}
