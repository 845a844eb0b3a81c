/**
 * Import of a file of 500,000 keys against COPY of the same rows into the same table: `npx tsx bench/import.ts`.
 * Both fill an empty table with its indexes, in turns, in one run; the figure is the ratio of the best of each.
 */

import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { finished } from "node:stream/promises";
import { importDependencies } from "../src/app/upstream.ts";
import { buildExportFile } from "../src/export-file/build.ts";
import type { ExportKey } from "../src/model/exposure.ts";
import { type ImportDependencies, importExports } from "../src/upstream/import/run.ts";
import type { FetchPolicy } from "../src/http/guarded-fetch.ts";
import { pinnedFetch } from "../src/runtime/pinned-fetch.ts";
import { exportImportSchema } from "../src/model/resource/export-import.ts";
import { currentRuntime } from "../src/runtime/current.ts";
import { type Database, openDatabase } from "../src/store/database.ts";
import { openEmbedded } from "../src/store/embedded/open.ts";
import { migrate } from "../src/store/migrate.ts";
import { benchFoundation, fixedResources } from "./support/foundation.ts";

const KEYS = 500_000;
const ROUNDS = 2;
const COLUMNS = `key, interval_number, interval_count, transmission_risk, report_type,
  days_since_onset, regions, traveler, created_at, source, source_name, hops`;

const TO_LOOPBACK: FetchPolicy = {
  fetch: pinnedFetch(),
  resolve: () => Promise.resolve([]),
  allowPrivate: true,
  timeoutMs: 60_000,
  maxBytes: 4 * 1024 * 1024,
};
const { crypto } = currentRuntime();
const pair = await crypto.subtle.generateKey(
  { name: "ECDSA", namedCurve: "P-256" },
  true,
  ["sign", "verify"],
);
const spki = Buffer.from(await crypto.subtle.exportKey("spki", pair.publicKey));

/** A signed file of keys that ended yesterday. */
async function buildFile(): Promise<Uint8Array> {
  const start = (Math.floor(Date.now() / 86_400_000) - 2) * 144;
  const bytes = randomBytes(KEYS * 16);
  const keys: ExportKey[] = Array.from({ length: KEYS }, (_, index) => ({
    key: bytes.subarray(index * 16, index * 16 + 16),
    transmissionRisk: 2,
    intervalNumber: start - 144 * (index % 10),
    intervalCount: 144,
    reportType: 1,
    daysSinceOnset: (index % 10) - 3,
  }));
  keys.sort((a, b) => Buffer.compare(a.key, b.key));
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  const built = await buildExportFile({
    header: { start: start * 600, end: start * 600 + 3600, region: "FOR" },
    signers: [{
      info: { keyId: "310", keyVersion: "v1" },
      sign: async (data) =>
        new Uint8Array(
          await crypto.subtle.sign(algorithm, pair.privateKey, data.slice()),
        ),
    }],
    keys: (async function* () {
      yield keys;
    })(),
    revisedKeys: (async function* () {})(),
  });
  return built.zip;
}

async function dependencies(database: Database, url: string): Promise<ImportDependencies> {
  const resource = exportImportSchema.parse({
    kind: "ExportImport",
    name: "bench",
    indexUrl: `${url}/index.txt`,
    exportRoot: url,
    region: "MAG",
    publicKeys: [{
      keyId: "310",
      version: "v1",
      publicKeyPem: `-----BEGIN PUBLIC KEY-----\n${
        spki.toString("base64")
      }\n-----END PUBLIC KEY-----\n`,
    }],
  });
  const foundation = await benchFoundation(
    database,
    {},
    { cache: fixedResources([resource]), outgoing: TO_LOOPBACK },
  );
  return {
    ...importDependencies(foundation),
    report: (event) => {
      if (event.kind !== "file-imported") throw new Error(JSON.stringify(event));
    },
  };
}

/** Seconds that `action` takes on an empty table. */
async function timed(database: Database, action: () => Promise<void>): Promise<number> {
  await database.bulk`truncate exposure, import_file, upstream_index`;
  await database.bulk`checkpoint`;
  const startedAt = performance.now();
  await action();
  const seconds = (performance.now() - startedAt) / 1000;
  const [row] = await database.bulk<{ count: number }[]>`select count(*) as count from exposure`;
  if (row?.count !== KEYS) throw new Error(`${row?.count} rows in place of ${KEYS}`);
  return seconds;
}

const folder = await mkdtemp(join(tmpdir(), "wayfarer-bench-"));
const embedded = await openEmbedded({ dataDirectory: folder, owner: "command" });
const database = openDatabase({ address: embedded.address, statementTimeoutMs: 60_000 });
const zip = await buildFile();
const server = createServer((request, response) =>
  response.end(request.url === "/index.txt" ? "big.zip" : zip)
);
try {
  await migrate(database);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const deps = await dependencies(
    database,
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  );
  const viaImport = async (): Promise<void> => {
    const summary = await importExports(deps, new AbortController().signal);
    if (summary.inserted !== KEYS) throw new Error(`imported ${summary.inserted} keys`);
  };
  // The first import also makes the rows that COPY then writes, in the order of the keys.
  const imports = [await timed(database, viaImport)];
  await database.bulk.unsafe(
    `create table bench_row as select ${COLUMNS} from exposure order by key`,
  );
  const parts: Uint8Array[] = [];
  await database.bulk.begin(async (sql) => {
    const stream = await sql.unsafe(`copy bench_row to stdout (format binary)`).readable();
    stream.on("data", (chunk: Uint8Array) => parts.push(chunk.slice()));
    await finished(stream);
  });
  const rows = Buffer.concat(parts);
  const viaCopy = async (): Promise<void> => {
    await database.bulk.begin(async (sql) => {
      const statement = `copy exposure (${COLUMNS}) from stdin (format binary)`;
      const stream = await sql.unsafe(statement).writable();
      const done = finished(stream);
      stream.end(rows);
      await done;
    });
  };
  const copies: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    copies.push(await timed(database, viaCopy));
    imports.push(await timed(database, viaImport));
  }
  const [copy, own] = [Math.min(...copies), Math.min(...imports)];
  const report = {
    keys: KEYS,
    zipBytes: zip.length,
    copySeconds: Number(copy.toFixed(2)),
    importSeconds: Number(own.toFixed(2)),
    keysPerSecond: Math.round(KEYS / own),
    ratio: Number((copy / own).toFixed(2)),
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
} finally {
  server.close();
  server.closeAllConnections();
  await database.close();
  await embedded.stop();
  await rm(folder, { recursive: true, force: true });
}
