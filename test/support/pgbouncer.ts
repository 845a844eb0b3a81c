import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { expect, onTestFinished } from "vitest";
import type { DatabaseAddress } from "../../src/store/database.ts";
import { freePort } from "./program.ts";

/** Debian's place for it. */
const PROGRAM = "/usr/sbin/pgbouncer";
/** As which user it runs when tests run as root and the database is not embedded. */
const NOBODY = 65_534;

/** Whether PgBouncer is installed here, as `.ci/run` does. */
export const HAS_PGBOUNCER: boolean = existsSync(PROGRAM);

/** Starts PgBouncer in transaction mode before a database; it ends with the test. Answers the URL of the database. */
export async function startPgBouncer(
  target: DatabaseAddress,
  settings: readonly string[] = [],
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "wayfarer-pgbouncer-"));
  const port = await freePort();
  const at = placeOf(target);
  const file = join(folder, "pgbouncer.ini");
  await writeFile(
    file,
    `[databases]
* = host=${at.host} port=${at.port} user=${at.user}${passwordOf(at)}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 8
${settings.join("\n")}
`,
  );
  await chmod(folder, 0o755);
  const child = spawn(PROGRAM, ["-q", file], {
    stdio: "ignore",
    cwd: "/",
    ...await userFor(target),
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true });
  });
  await expect.poll(() => accepts(port), { timeout: 20_000 }).toBe(true);
  return `postgres://wayfarer@127.0.0.1:${port}/${at.database}`;
}

/** PgBouncer does not run as root, and only its owner may use the socket of an embedded database. */
async function userFor(target: DatabaseAddress): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  if (target.kind === "url") return { uid: NOBODY, gid: NOBODY };
  const { uid, gid } = await stat(target.folder);
  return { uid, gid };
}

/** PgBouncer refuses an empty one. */
function passwordOf({ password }: { readonly password: string }): string {
  return password === "" ? "" : ` password='${password.replaceAll("'", "''")}'`;
}

function placeOf(target: DatabaseAddress) {
  if (target.kind === "socket") return { ...target, host: target.folder, port: "5432" };
  const url = new URL(target.url);
  return {
    host: "127.0.0.1",
    port: url.port,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: url.pathname.slice(1),
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
