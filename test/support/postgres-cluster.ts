import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { type DatabaseAddress, openDatabase } from "../../src/store/database.ts";
import { openEmbedded } from "../../src/store/embedded/open.ts";
import { migrate } from "../../src/store/migrate.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The cluster that this run's tests clone their databases in. */
    cluster: DatabaseAddress;
  }
}

/** The migrated, empty database that every test file clones. */
export const TEMPLATE_DATABASE = "wayfarer_template";

/** One PostgreSQL for the whole run: TEST_DATABASE_URL, or the packaged one in a folder of its own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Tests start the program as its users do.
  if (!("Deno" in globalThis)) await promisify(execFile)(process.execPath, ["build.mjs"]);
  const url = process.env["TEST_DATABASE_URL"];
  const folder = url === undefined ? await mkdtemp(join(tmpdir(), "wayfarer-test-")) : undefined;
  const embedded = folder === undefined ? undefined : await openEmbedded({
    dataDirectory: folder,
    owner: "command",
    fsync: false,
    connections: 300,
  });
  const address: DatabaseAddress = embedded?.address ?? { kind: "url", url: url ?? "" };
  await makeTemplate(address);
  project.provide("cluster", address);
  return async () => {
    await embedded?.stop();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  };
}

async function makeTemplate(address: DatabaseAddress): Promise<void> {
  const server = openDatabase({ address, statementTimeoutMs: 60_000 });
  await server.bulk.unsafe(`drop database if exists ${TEMPLATE_DATABASE} with (force)`);
  await server.bulk.unsafe(`create database ${TEMPLATE_DATABASE}`);
  await server.close();
  const template = openDatabase({
    address: databaseNamed(address, TEMPLATE_DATABASE),
    statementTimeoutMs: 60_000,
  });
  await migrate(template);
  await template.close();
}

/** The same server, another database. */
export function databaseNamed(address: DatabaseAddress, name: string): DatabaseAddress {
  if (address.kind === "socket") return { ...address, database: name };
  const url = new URL(address.url);
  url.pathname = `/${name}`;
  return { kind: "url", url: url.href };
}
