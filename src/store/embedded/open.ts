import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chown, mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "../../errors.ts";
import type { DatabaseAddress } from "../database.ts";
import { type Hold, type SocketAddress, takeHold } from "./hold.ts";
import { errnoOf, type Place, preparePlace } from "./place.ts";
import { type PostgresProgram, postgresProgram } from "./program.ts";

/** A PostgreSQL in the data directory, started by this process or found running. */
export type Embedded = {
  readonly address: DatabaseAddress;
  /** Where its files are, when that is not below the data directory. */
  readonly elsewhere?: string;
  /** Resolves, with its last words, when the database that we started ends without being asked to. */
  readonly died: Promise<string>;
  /** Stops it when this process started it; data stays. */
  stop(): Promise<void>;
};

/** What to start. */
export type EmbeddedOptions = {
  readonly dataDirectory: string;
  /** A `server` refuses to share its data directory with another server; a `command` shares. */
  readonly owner: "server" | "command";
  /** False only in tests: nothing survives a power failure. */
  readonly fsync?: boolean;
  /** Connections at most: 64 unless told. Tests run many servers on one. */
  readonly connections?: number;
};

/** The major version of the packaged PostgreSQL: its data directories belong to it. */
const MAJOR_VERSION = "18";
const START_TIMEOUT_MS = 20_000;
const POLL_MS = 15;
/** A start fails once when another process was faster; more often it will fail for ever. */
const MAX_FAILED_STARTS = 3;

/**
 * Starts the PostgreSQL of the data directory, making it first if there is none, or uses the one that runs.
 * Its life is bound to this process without leaving orphans: a pipe that closes however we end stops it.
 * Throws `data_directory_unusable` or `database_unavailable` with what to do.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const program = await postgresProgram();
  const place = await preparePlace(options.dataDirectory, program);
  const address: SocketAddress = {
    kind: "socket",
    folder: place.cluster,
    user: "wayfarer",
    password: place.password,
    database: "postgres",
  };
  let lastWords = "";
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (let failures = 0; failures < MAX_FAILED_STARTS && performance.now() < deadline;) {
    if (!await exists(join(place.cluster, "PG_VERSION"))) await initialise(program, place, options);
    await refuseOtherMajor(place.cluster);
    const child = await runs(place.cluster) ? undefined : launch(program, place.cluster, options);
    const hold = await waitForAnswer(address, place.cluster, options.owner, child, deadline);
    if (hold !== undefined) {
      return {
        address,
        ...(place.elsewhere === undefined ? {} : { elsewhere: place.elsewhere }),
        died: child?.died ?? new Promise(() => {}),
        stop: async () => {
          await hold.release();
          await child?.stop();
        },
      };
    }
    if (child === undefined) continue;
    await child.stop();
    failures++;
    lastWords = child.lastWords();
  }
  throw new AppError(
    "database_unavailable",
    `the embedded database in ${options.dataDirectory} did not start (${
      lastWords || "no answer in time"
    }): free some space, end what else uses the folder, or set DATABASE_URL`,
  );
}

async function initialise(
  program: PostgresProgram,
  place: Place,
  options: EmbeddedOptions,
): Promise<void> {
  const part = `${place.cluster}.${randomBytes(4).toString("hex")}.part`;
  try {
    await mkdir(part, { mode: 0o700 });
    if (program.runAs !== undefined) await chown(part, program.runAs.uid, program.runAs.gid);
    // A password on the command line would be seen by all; initdb cannot open a socket, hence the real pipe.
    const child = spawn("/bin/sh", [
      ...["-c", 'cat | "$0" "$@"', program.initdb],
      ...["-D", part, "-U", "wayfarer", "-E", "UTF8", "--locale=C", "--no-instructions"],
      ...["-A", "scram-sha-256", "--pwfile=/dev/stdin"],
      ...(options.fsync === false ? ["--no-sync"] : []),
    ], { stdio: ["pipe", "ignore", "pipe"], env: POSTGRES_ENV, cwd: "/", ...program.runAs });
    child.stdin?.end(`${place.password}\n`);
    const words = tail(child);
    const status = await exited(child);
    if (status !== 0) {
      throw new AppError(
        "data_directory_unusable",
        `the embedded database could not be made in DATA_DIR (${
          words() || `initdb ended with ${status}`
        }): free some space, or set DATA_DIR to another folder`,
      );
    }
    // Another process may have been faster; its cluster is as good as ours.
    await rename(part, place.cluster).catch((error: unknown) => {
      if (!["ENOTEMPTY", "EEXIST"].includes(errnoOf(error))) throw error;
    });
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

async function refuseOtherMajor(cluster: string): Promise<void> {
  const found = (await readFile(join(cluster, "PG_VERSION"), "utf8")).trim();
  if (found !== MAJOR_VERSION) {
    throw new AppError(
      "data_directory_unusable",
      `the embedded database was made by PostgreSQL ${found}, this program brings ${MAJOR_VERSION}: ` +
        "start the older program again, or save its data with pg_dump over the socket in DATA_DIR/postgres and load it " +
        "into a PostgreSQL that DATABASE_URL names",
    );
  }
}

type Postgres = { died: Promise<string>; lastWords(): string; stop(): Promise<void> };

/** No statement, parameter or row value may reach the database's log: they hold TEKs. */
const QUIET = [
  ["log_min_messages", "warning"],
  ["log_min_error_statement", "panic"],
  ["log_error_verbosity", "terse"],
  ["log_statement", "none"],
  ["log_parameter_max_length", "0"],
  ["log_parameter_max_length_on_error", "0"],
] as const;

const POSTGRES_ENV = { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };

/** Ends PostgreSQL (fast shutdown) when the pipe on its input closes, and ends itself when PostgreSQL does. */
const KEEPER = 'exec 3<&0; "$0" "$@" </dev/null 3<&- & p=$!; ' +
  "(read _ <&3; kill -INT $p 2>/dev/null) & exec 3<&-; wait $p";

function launch(
  program: PostgresProgram,
  cluster: string,
  { fsync = true, connections = 64 }: Pick<EmbeddedOptions, "fsync" | "connections">,
): Postgres {
  const settings = [
    ...QUIET,
    ["listen_addresses", ""],
    ["unix_socket_directories", cluster],
    ["unix_socket_permissions", "0700"],
    ["max_connections", String(connections)],
    ["shared_buffers", "128MB"],
    ["max_wal_size", "2GB"],
    ...(fsync
      ? []
      : [["fsync", "off"], ["full_page_writes", "off"], ["synchronous_commit", "off"]]),
  ].flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  // Its own session: Ctrl-C in a terminal is for us, who let requests finish before the database goes.
  const child = spawn("/bin/sh", ["-c", KEEPER, program.postgres, "-D", cluster, ...settings], {
    stdio: ["pipe", "ignore", "pipe"],
    env: POSTGRES_ENV,
    cwd: "/",
    detached: true,
    ...program.runAs,
  });
  child.stdin?.on("error", () => {});
  const lastWords = tail(child);
  const ended = exited(child);
  let asked = false;
  return {
    lastWords,
    died: new Promise((tell) => {
      ended.then(() => asked || tell(lastWords()));
    }),
    stop: async () => {
      asked = true;
      child.stdin?.end();
      await ended;
    },
  };
}

/** Undefined when what we waited for ended: begin again. */
async function waitForAnswer(
  address: SocketAddress,
  cluster: string,
  owner: EmbeddedOptions["owner"],
  child: Postgres | undefined,
  deadline: number,
): Promise<Hold | undefined> {
  const state = { ended: false };
  child?.died.then(() => state.ended = true);
  while (performance.now() < deadline) {
    // Connecting before there is a socket costs more than the start itself.
    if (await exists(join(cluster, ".s.PGSQL.5432"))) {
      const hold = await takeHold(address, owner, child !== undefined);
      if (hold !== undefined) return hold;
    }
    if (state.ended || (child === undefined && !await runs(cluster))) return undefined;
    await delay(POLL_MS);
  }
  return undefined;
}

/** Whether the process that postmaster.pid names is a living PostgreSQL. */
async function runs(cluster: string): Promise<boolean> {
  const text = await readFile(join(cluster, "postmaster.pid"), "utf8").catch(() => undefined);
  if (text === undefined) return false;
  const pid = Number.parseInt(text, 10);
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => undefined);
  if (command !== undefined) return command.includes("postgres");
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === "EPERM";
  }
}

/** What a process said last on its error output, its complaints before all else, as one short line. */
function tail(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.on("data", (chunk: Uint8Array) => {
    text = (text + new TextDecoder().decode(chunk)).slice(-4000);
  });
  return () => {
    const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    const complaints = lines.filter((line) => /error|fatal|panic|could not|no space/i.test(line));
    return (complaints.length > 0 ? complaints : lines).slice(-2).join("; ").slice(-400);
  };
}

function exited(child: ChildProcess): Promise<number | null> {
  return new Promise((tell, fail) => {
    child.once("error", fail);
    child.once("exit", (status) => tell(status));
  });
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false);
}
