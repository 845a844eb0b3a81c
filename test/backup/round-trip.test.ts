import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { admin, openTestApp } from "../support/app.ts";
import { runHere } from "../support/command-line.ts";
import { type Database, type DatabaseAddress, openDatabase } from "../../src/store/database.ts";
import {
  createDatabase,
  databaseName,
  databaseSettings,
  useDatabase,
} from "../support/database.ts";
import { insertExposures } from "../support/exposure-rows.ts";

const MASTER_KEY = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
const NOW = Math.floor(Date.now() / 1000);
const KEYS = 3000;

type Addressed = { readonly address: DatabaseAddress };

/** Opens a database for a moment: restoring is refused while somebody else is connected. */
async function inside<T>({ address }: Addressed, work: (sql: Database["bulk"]) => Promise<T>) {
  const database = openDatabase({ address, statementTimeoutMs: 10_000 });
  try {
    return await work(database.bulk);
  } finally {
    await database.close();
  }
}

/** All rows of all tables as text, by a query of its own: nothing of the program's backup is used. */
const contents = (database: Addressed) => inside(database, contentsBy);

async function contentsBy(sql: Database["bulk"]): Promise<Readonly<Record<string, string>>> {
  const tables = await sql<{ name: string }[]>`
    select tablename as name from pg_tables where schemaname = 'public' order by 1`;
  const found: Record<string, string> = {};
  for (const { name } of tables) {
    const rows = await sql.unsafe<{ row: string }[]>(
      `select t::text as row from ${name} t order by 1`,
    );
    found[name] = `${rows.length} ${
      createHash("sha256").update(rows.map(({ row }) => row).join("\n")).digest("hex")
    }`;
  }
  return found;
}

describe("wayfarer backup and restore", () => {
  const source = useDatabase();
  let target: Awaited<ReturnType<typeof createDatabase>>;
  let folder = "";
  const settings = (database: Addressed) => ({
    ...databaseSettings(database.address),
    MASTER_KEY,
    DATA_DIR: folder,
    LOG_LEVEL: "debug",
  });
  const run = (args: string, of: Addressed = source()) =>
    runHere(args.split(" ").map((arg) => arg.replace("@", `${folder}/`)), settings(of));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "wayfarer-backup-"));
    target = await createDatabase();
    await target.close();
    const app = await openTestApp(source());
    const put = async (path: string, body: object) => {
      expect((await admin(app, "PUT", path, body)).status).toBe(201);
    };
    await put("/signingKeys/mag", {
      kind: "SigningKey",
      name: "mag",
      key: "local:mag",
      keyId: "310",
      version: "v1",
    });
    await put("/exportConfigs/mag", {
      kind: "ExportConfig",
      name: "mag",
      bucket: "exports",
      filenameRoot: "mag",
      period: "4h",
      outputRegion: "MAG",
      inputRegions: ["MAG"],
      signingKeys: ["mag"],
    });
    await insertExposures(
      source(),
      Array.from({ length: KEYS }, (_, index) => ({
        key: createHash("sha256").update(`key ${index}`).digest().subarray(0, 16),
        created_at: NOW - index,
        ...(index % 7 === 0 ? { revised_at: NOW } : {}),
      })),
    );
    // Needs escaping in COPY's text form.
    await source().bulk`insert into fact (name, value) values ('odd', ${"tab\t, \\N, line\nend"})`;
    await app.close();
  });
  afterAll(async () => {
    await target.drop();
    await rm(folder, { recursive: true, force: true });
  });

  it("bring every row of every table into another database, and numbers go on where they were", async () => {
    const before = await contents(source());
    const made = await run("backup @plain.backup --plain --json");
    expect(made).toMatchObject({ status: 0 });
    expect(JSON.parse(made.out).tables).toContainEqual({ table: "exposure", rows: KEYS });
    expect((await stat(join(folder, "plain.backup"))).mode & 0o777).toBe(0o600);

    const restored = await run("restore @plain.backup", target);
    expect(restored).toMatchObject({ status: 0, err: expect.stringContaining("published after") });
    expect(await contents(target)).toEqual(before);
    const added = (database: Addressed) =>
      inside(database, (sql) =>
        sql`insert into audit_log (at, actor, action, kind, name)
          values (1, 'test', 'create', 'X', 'x') returning *`);
    expect(await added(target)).toEqual(await added(source()));
  });

  it("can be encrypted for an identity, and nobody else opens it", async () => {
    const identity = await generateIdentity();
    await writeFile(join(folder, "right.key"), `# a comment\n${identity}\n`);
    await writeFile(join(folder, "wrong.key"), `${await generateIdentity()}\n`);
    const made = await run(`backup @sealed.backup --to ${await identityToRecipient(identity)}`);
    expect(made).toMatchObject({ status: 0, out: expect.stringContaining("encrypted") });
    const bytes = await readFile(join(folder, "sealed.backup"));
    expect(bytes.includes(Buffer.from("exposure"))).toBe(false);

    const check = (more: string) => run(`restore @sealed.backup --check${more}`);
    expect(await check(" --identity @right.key")).toMatchObject({ status: 0 });
    expect(await check(" --identity @wrong.key")).toMatchObject({
      status: 1,
      err: expect.stringContaining("what you gave does not open the backup"),
    });
    expect(await check("")).toMatchObject({
      status: 1,
      err: expect.stringContaining("the backup is encrypted: give --identity FILE"),
    });
  });

  // Deriving a key from a passphrase takes seconds on purpose.
  it("can be encrypted with a passphrase", { timeout: 120_000 }, async () => {
    await writeFile(join(folder, "right"), "correct horse\n");
    await writeFile(join(folder, "wrong"), "battery staple\n");
    expect(await run("backup @phrase.backup --passphrase-file @right")).toMatchObject({
      status: 0,
    });
    const check = (file: string) =>
      run(`restore @phrase.backup --check --passphrase-file @${file}`);
    expect(await check("right")).toMatchObject({ status: 0 });
    expect(await check("wrong")).toMatchObject({ status: 1 });
  });

  it("refuse what is not said how to encrypt, a file that is there, and two ways at once", async () => {
    expect(await run("backup @other.backup")).toMatchObject({
      status: 2,
      err: expect.stringContaining("say how to encrypt"),
    });
    await writeFile(join(folder, "there.backup"), "mine");
    expect(await run("backup @there.backup --plain")).toMatchObject({
      status: 2,
      err: expect.stringContaining("exists already: give another name"),
    });
    expect(await readFile(join(folder, "there.backup"), "utf8")).toBe("mine");
    expect(await run("backup @x.backup --plain --to age1x")).toMatchObject({ status: 2 });
    expect(await run("backup @x.backup --to age1x")).toMatchObject({
      status: 2,
      err: expect.stringContaining("--to must be an age recipient"),
    });
  });

  it("refuse a database that holds something, unless its name is typed", async () => {
    await run("backup @again.backup --plain");
    const name = databaseName(target.address);
    expect(await run("restore @again.backup", target)).toMatchObject({
      status: 2,
      err: expect.stringContaining(`the database "${name}" is not empty`),
    });
    expect(await run("restore @again.backup --replace other", target)).toMatchObject({
      status: 2,
      err: expect.stringContaining(`the database of the settings is "${name}"`),
    });
    expect(await run(`restore @again.backup --replace ${name}`, target))
      .toMatchObject({ status: 0 });
    expect(await contents(target)).toEqual(await contents(source()));
  });

  it("refuse a master key that does not open the keys, before anything is written", async () => {
    await run("backup @keys.backup --plain");
    const before = await contents(target);
    const other = Buffer.alloc(32, 7).toString("base64");
    for (const MASTER_KEY of [other, ""]) {
      const refused = await runHere(["restore", `${folder}/keys.backup`, "--check"], {
        ...settings(target),
        MASTER_KEY,
      });
      expect(refused.status).toBe(1);
      expect(refused.err).toMatch(/master\.key is lost|MASTER_KEY is not the master key/);
    }
    expect(await contents(target)).toEqual(before);
  });
});
