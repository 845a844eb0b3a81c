import { execFile } from "node:child_process";
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  freePort,
  type Program,
  runProgram,
  startByReadme,
  startProgram,
  temporaryFolder,
} from "../support/program.ts";

const REGION = `
kind: SigningKey
name: mag-signer
key: local:mag-signer
keyId: "310"
version: v1
`;

async function serve(dataDirectory: string): Promise<Program & { readonly url: string }> {
  const port = await freePort();
  const program = startProgram(["serve"], { DATA_DIR: dataDirectory, PORT: String(port) });
  await program.line(/Wayfarer serves on/);
  return { ...program, url: `http://127.0.0.1:${port}` };
}

const publicKeys = async (url: string): Promise<string> =>
  await (await fetch(`${url}/.well-known/exposure-keys.json`)).text();

/** Processes of PostgreSQL whose command line names the folder. */
async function databasesIn(folder: string): Promise<number> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return lines.map((line) => line.split("\0")).filter(([program, ...rest]) =>
    program?.endsWith("bin/postgres") && rest.some((argument) => argument.startsWith(folder))
  ).length;
}

describe("wayfarer serve with the embedded database", () => {
  it("starts on an empty folder, and has everything again after a stop and a start", async () => {
    const folder = await temporaryFolder();
    const first = await serve(folder);
    expect((await fetch(`${first.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${first.url}/readyz`)).status).toBe(200);
    expect(await (await fetch(first.url)).text()).toContain("Nothing is set up yet");
    const applied = await runProgram(["apply", "-"], { DATA_DIR: folder }, REGION);
    expect(applied).toEqual({ status: 0, out: "+ SigningKey/mag-signer\n", err: "" });
    const keys = await publicKeys(first.url);
    first.signal("SIGTERM");
    expect((await first.finished()).status).toBe(0);
    expect(await databasesIn(folder)).toBe(0);

    const second = await serve(folder);
    expect(await publicKeys(second.url)).toBe(keys);
    expect(keys).toContain("BEGIN PUBLIC KEY");
  });

  it.each(["SIGTERM", "SIGINT"] as const)(
    "ends whole, and starts again, when the command of the README gets %s",
    async (signal) => {
      const folder = await temporaryFolder();
      const port = await freePort();
      const settings = { DATA_DIR: folder, PORT: String(port) };
      const first = startByReadme(settings);
      await first.line(/Wayfarer serves on/);
      first.signal(signal);
      await first.finished();
      // The next start is refused while anything of the first holds the folder or the port.
      const second = startByReadme(settings);
      await second.line(/Wayfarer serves on/);
      second.signal("SIGTERM");
      await second.finished();
      while (await databasesIn(folder) > 0) { /* the server has ended, so its database ends too */ }
      await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
    },
  );

  it("keeps its master key to its owner", async () => {
    const folder = await temporaryFolder();
    await serve(folder);
    expect((await stat(join(folder, "secrets", "master.key"))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, "secrets"))).mode & 0o777).toBe(0o700);
  });

  it("loses nothing and leaves no database behind when it is killed", async () => {
    const folder = await temporaryFolder();
    const first = await serve(folder);
    await runProgram(["apply", "-"], { DATA_DIR: folder }, REGION);
    const keys = await publicKeys(first.url);
    first.signal("SIGKILL");
    await first.finished();
    // The next start waits for the database that goes down, and has it all again.
    const second = await serve(folder);
    expect(await publicKeys(second.url)).toBe(keys);
    expect(await databasesIn(folder)).toBe(1);
    second.signal("SIGKILL");
    await second.finished();
    while (await databasesIn(folder) > 0) { /* its pipe is closed: it goes by itself */ }
  });

  it("refuses to share its folder with a second server", async () => {
    const folder = await temporaryFolder();
    await serve(folder);
    const second = await runProgram(["serve"], {
      DATA_DIR: folder,
      PORT: String(await freePort()),
    });
    expect(second.status).toBe(1);
    expect(second.err).toContain("another wayfarer serves from this DATA_DIR");
    expect(second.err).toContain("DATABASE_URL");
  });

  it("says so when the folder cannot be written", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "file"), "");
    const started = await runProgram(["serve"], { DATA_DIR: join(folder, "file", "data") });
    expect(started.status).toBe(1);
    expect(started.err).toContain("DATA_DIR");
    expect(started.err).toContain("is not a folder");
  });

  it("refuses the data of another major version of PostgreSQL, with the way to carry it over", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "postgres"), { recursive: true });
    await writeFile(join(folder, "postgres", "PG_VERSION"), "17\n");
    const started = await runProgram(["serve"], { DATA_DIR: folder });
    expect(started.status).toBe(1);
    expect(started.err).toContain("created by PostgreSQL 17");
    expect(started.err).toContain("pg_dump");
  });

  it("starts below a folder that PostgreSQL's user cannot enter, and finds its data again", async () => {
    const home = await temporaryFolder();
    await chmod(home, 0o700);
    const folder = join(home, "data");
    const first = await serve(folder);
    const pointer = await readFile(join(folder, "postgres-is-elsewhere"), "utf8").catch(() => "");
    if (pointer !== "") onTestFinished(() => rm(pointer.trim(), { recursive: true, force: true }));
    await runProgram(["apply", "-"], { DATA_DIR: folder }, REGION);
    const keys = await publicKeys(first.url);
    first.signal("SIGTERM");
    await first.finished();
    await chmod(home, 0o755);
    const second = await serve(folder);
    expect(await publicKeys(second.url)).toBe(keys);
    expect(keys).toContain("BEGIN PUBLIC KEY");
    second.signal("SIGTERM");
    await second.finished();
  });

  it("ends with every mistake named when settings are wrong", async () => {
    const started = await runProgram(["serve"], {
      DATA_DIR: await temporaryFolder(),
      PORT: "http",
      JOB_INTERVAL: "often",
      WINDOW_GRACE: "2h",
    });
    expect(started.status).toBe(2);
    expect(started.err).toContain("PORT must be a whole number from 0 to 65535");
    expect(started.err).toContain("JOB_INTERVAL must be a duration");
    expect(started.err).toContain("WINDOW_GRACE must be a duration from 1s to 1h");
  });

  it("serves TLS when it has a certificate, and names itself by https", async () => {
    const folder = await temporaryFolder();
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    await promisify(execFile)("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
      ...["-keyout", key, "-out", cert],
    ]);
    const port = await freePort();
    const program = startProgram(["serve"], {
      DATA_DIR: join(folder, "data"),
      PORT: String(port),
      TLS_CERT_FILE: cert,
      TLS_KEY_FILE: key,
    });
    expect(await program.line(/Wayfarer serves on/)).toContain(`https://127.0.0.1:${port}/`);
    const ca = await readFile(cert);
    const status = await new Promise((tell, fail) => {
      get(`https://localhost:${port}/healthz`, { ca }, (answer) => {
        answer.resume();
        tell(answer.statusCode);
      }).on("error", fail);
    });
    expect(status).toBe(200);
  });

  it("says that its port is taken, and leaves no database behind", async () => {
    const first = await serve(await temporaryFolder());
    const folder = await temporaryFolder();
    const started = await runProgram(["serve"], {
      DATA_DIR: folder,
      PORT: new URL(first.url).port,
    });
    expect(started.status).toBe(2);
    expect(started.err).toContain("PORT");
    expect(await databasesIn(folder)).toBe(0);
  });
});
