import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { errnoOf } from "./file-trouble.ts";
import type { PostgresProgram } from "./program.ts";
import type { SystemUser } from "./user.ts";

/** A PostgreSQL that this process started. */
export type Postgres = { died: Promise<string>; lastWords(): string; stop(): Promise<void> };

/** How to start it. */
export type LaunchOptions = {
  /** False only in tests, because then no data survives a power failure. */
  readonly fsync?: boolean;
  /** The most connections. Default: 64. */
  readonly connections?: number;
  /** The access rules, in place of the cluster's pg_hba.conf. */
  readonly accessFile?: string;
};

/** No statement, parameter or row value may reach the database's log: they hold TEKs. */
const QUIET = [
  ["log_min_messages", "warning"],
  ["log_min_error_statement", "panic"],
  ["log_error_verbosity", "terse"],
  ["log_statement", "none"],
  ["log_parameter_max_length", "0"],
  ["log_parameter_max_length_on_error", "0"],
] as const;

/** The environment of every PostgreSQL program, with none of our variables. */
export const POSTGRES_ENV = { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };

/**
 * Ends PostgreSQL (fast shutdown) when the pipe on its input closes, and ends itself when PostgreSQL does. It sends the
 * signal every second, because a shell starts background processes with SIGINT ignored, and PostgreSQL handles it only
 * once it is up.
 */
const KEEPER = 'exec 3<&0; "$0" "$@" </dev/null 3<&- & p=$!; ' +
  "(read _ <&3; while kill -INT $p 2>/dev/null; do sleep 1; done) & exec 3<&-; wait $p";

/** Starts the database in `cluster`, as `user` when that is given. It ends with this process at the latest. */
export function launch(
  program: PostgresProgram,
  cluster: string,
  user: SystemUser | undefined,
  { fsync = true, connections = 64, accessFile }: LaunchOptions,
): Postgres {
  const settings = [
    ...QUIET,
    ["listen_addresses", ""],
    ["unix_socket_directories", cluster],
    ["unix_socket_permissions", "0700"],
    ["max_connections", String(connections)],
    ["shared_buffers", "128MB"],
    ["max_wal_size", "2GB"],
    ...(accessFile === undefined ? [] : [["hba_file", accessFile]]),
    ...(fsync
      ? []
      : [["fsync", "off"], ["full_page_writes", "off"], ["synchronous_commit", "off"]]),
  ].flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  // Its own session, so that Ctrl-C in a terminal reaches only us: requests finish before the database stops.
  const child = spawn("/bin/sh", ["-c", KEEPER, program.postgres, "-D", cluster, ...settings], {
    stdio: ["pipe", "ignore", "pipe"],
    env: POSTGRES_ENV,
    cwd: "/",
    detached: true,
    ...asUser(user),
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

/** The options of `spawn` for the user of the process. Default: the user of this process. */
export function asUser(user: SystemUser | undefined): Partial<SystemUser> {
  return user === undefined ? {} : { uid: user.uid, gid: user.gid };
}

/** Whether postmaster.pid names a running PostgreSQL. */
export async function runs(cluster: string): Promise<boolean> {
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

/** The end of a process's error output as one short line, with preference for its error messages. */
export function tail(child: ChildProcess): () => string {
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

/** Its exit status; null after a signal. */
export function exited(child: ChildProcess): Promise<number | null> {
  return new Promise((tell, fail) => {
    child.once("error", fail);
    child.once("exit", (status) => tell(status));
  });
}
