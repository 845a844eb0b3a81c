import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Log } from "../../../src/observe/log.ts";
import { openConnection } from "../../../src/store/database.ts";
import { type Embedded, openEmbedded } from "../../../src/store/embedded/open.ts";
import { postgresProgram } from "../../../src/store/embedded/program.ts";
import { launch, runs } from "../../../src/store/embedded/server-process.ts";
import { giveTo, NOBODY, OWN_IDS } from "../../../src/store/embedded/user.ts";
import { asOrdinaryUser, isRoot } from "../../support/ordinary-user.ts";
import { temporaryFolder } from "../../support/program.ts";

type Opened = Embedded & { readonly warnings: ReadonlyMap<string, unknown> };

async function open(dataDirectory: string, more: object = {}): Promise<Opened> {
  const warnings = new Map<string, unknown>();
  const quiet = () => {};
  const log: Log = {
    error: quiet,
    warn: (event, fields) => warnings.set(event, fields),
    info: quiet,
    debug: quiet,
  };
  const options = { dataDirectory, owner: "server" as const, fsync: false, log };
  const embedded = await openEmbedded({ ...options, ...more });
  let stopping: Promise<void> | undefined;
  const stop = () => stopping ??= embedded.stop();
  onTestFinished(stop);
  return { ...embedded, stop, warnings };
}

async function ask(embedded: Embedded, text: string): Promise<unknown> {
  const sql = openConnection(embedded.address);
  try {
    return [...await sql.unsafe(text)];
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** A data directory with a database that holds one row, stopped. */
async function usedFolder(): Promise<string> {
  const folder = await temporaryFolder();
  const first = await open(folder);
  await ask(first, "create table kept as select 42 as answer");
  await first.stop();
  return folder;
}

const KEPT = [{ answer: 42 }];
const ownerOf = async (folder: string) => (await stat(join(folder, "postgres"))).uid;
const ours = process.getuid?.();

describe("the user of the embedded database", () => {
  it("is its own when root starts it, and otherwise the user who started it", async () => {
    const folder = await temporaryFolder();
    const { warnings } = await open(folder);
    const uid = await ownerOf(folder);
    const postmaster = Number.parseInt(
      await readFile(join(folder, "postgres", "postmaster.pid"), "utf8"),
      10,
    );
    expect((await stat(`/proc/${postmaster}`)).uid).toBe(uid);
    if (isRoot) expect(uid >= OWN_IDS.first && uid <= OWN_IDS.last).toBe(true);
    else expect(uid).toBe(ours);
    expect([...warnings]).toEqual([]);
  });

  it("takes over the files of nobody, and of root after a copy without owners", async () => {
    const folder = await usedFolder();
    const own = await ownerOf(folder);
    for (const before of isRoot ? [NOBODY, { uid: 0, gid: 0 }] : [{ uid: own, gid: own }]) {
      if (isRoot) await giveTo(before, join(folder, "postgres"));
      const again = await open(folder);
      expect(await ask(again, "select answer from kept")).toEqual(KEPT);
      await again.stop();
      expect(await ownerOf(folder)).toBe(own);
      const changed = { folder: join(folder, "postgres"), from: before.uid, to: own };
      expect(again.warnings.get("database-owner-changed")).toEqual(isRoot ? changed : undefined);
    }
  });

  it("is the owner of the files when another user created them", async () => {
    const folder = await usedFolder();
    const somebody = isRoot ? { uid: 12_345, gid: 12_345 } : undefined;
    if (somebody !== undefined) await giveTo(somebody, join(folder, "postgres"));
    const again = await open(folder);
    expect(await ask(again, "select answer from kept")).toEqual(KEPT);
    expect(await ownerOf(folder)).toBe(somebody?.uid ?? ours);
  });

  it("is nobody, with a warning and a cure, when no ID of its own is available", async () => {
    const folder = await temporaryFolder();
    const { warnings } = await open(folder, { userIds: { first: 1, last: 0 } });
    expect(await ownerOf(folder)).toBe(isRoot ? NOBODY.uid : ours);
    const warning = {
      uid: NOBODY.uid,
      text: expect.stringContaining("start wayfarer as a user of its own in place of root"),
    };
    expect(warnings.get("database-shares-user")).toEqual(isRoot ? warning : undefined);
  });
});

describe("a data directory of another user", () => {
  it("is refused with the path, its owner and the command that fixes it", async () => {
    const folder = await temporaryFolder();
    await chmod(folder, 0o711);
    // Owned by neither root nor us; only root can create such a folder.
    const data = isRoot ? join(folder, "data") : "/etc/wayfarer-data";
    if (isRoot) {
      await mkdir(data, { mode: 0o711 });
      await mkdir(join(data, "secrets"), { mode: 0o700 });
    }
    const opening = asOrdinaryUser(() =>
      openEmbedded({ dataDirectory: data, owner: "server", commonFolder: folder })
    );
    const owned = isRoot ? join(data, "secrets") : "/etc";
    const cure = isRoot ? `sudo chown -R 65534:0 ${data}` : `sudo install -d -o ${ours}`;
    await expect(opening).rejects.toMatchObject({
      code: "data_directory_unusable",
      message: expect.stringContaining(`${owned} belongs to root (uid 0), and this program runs`),
    });
    await expect(opening).rejects.toThrow(cure);
  });
});

describe("an embedded database that is stopped while it starts", () => {
  it("still ends", async () => {
    const folder = await usedFolder();
    const cluster = join(folder, "postgres");
    const user = isRoot ? await stat(cluster) : undefined;
    const child = launch(await postgresProgram(folder), cluster, user, { fsync: false });
    await child.stop();
    expect(await runs(cluster)).toBe(false);
    expect(await ask(await open(folder), "select answer from kept")).toEqual(KEPT);
  });
});

describe("the password of the embedded database", () => {
  const fileIn = (folder: string) => join(folder, "secrets", "postgres-password");

  it("is replaced when its file is lost, and the data stay", async () => {
    const folder = await usedFolder();
    const before = await readFile(fileIn(folder), "utf8");
    await rm(fileIn(folder));
    const again = await open(folder);
    expect(await ask(again, "select answer from kept")).toEqual(KEPT);
    expect(again.warnings.get("database-password-replaced")).toEqual({ file: fileIn(folder) });
    expect(await readFile(fileIn(folder), "utf8")).not.toBe(before);
    expect((await stat(fileIn(folder))).mode & 0o777).toBe(0o600);
    expect((await readdir(join(folder, "postgres"))).filter((name) => /trust/.test(name)))
      .toEqual([]);
    await again.stop();
    expect(await ask(await open(folder), "select answer from kept")).toEqual(KEPT);
  });

  it("is reported with path, owner and cure when it is wrong", async () => {
    const folder = await usedFolder();
    await writeFile(fileIn(folder), "another");
    const opening = open(folder);
    await expect(opening).rejects.toMatchObject({ code: "database_unavailable" });
    await expect(opening).rejects.toThrow(
      new RegExp(`${fileIn(folder)}, which belongs to .*uid ${ours}.*run "rm ${fileIn(folder)}"`),
    );
    await rm(fileIn(folder));
    expect(await ask(await open(folder), "select answer from kept")).toEqual(KEPT);
  });

  it("is not replaced while the database is running", async () => {
    const folder = await usedFolder();
    const running = await open(folder);
    await rm(fileIn(folder));
    const opening = open(folder, { owner: "command" });
    await expect(opening).rejects.toMatchObject({ code: "data_directory_unusable" });
    await expect(opening).rejects.toThrow(
      `${fileIn(folder)} is missing, and the database in ${join(folder, "postgres")}`,
    );
    await expect(opening).rejects.toThrow(`DATA_DIR=${folder} and start it again`);
    expect(await ask(running, "select answer from kept")).toEqual(KEPT);
  });
});
