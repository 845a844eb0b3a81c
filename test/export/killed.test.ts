import { createServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { readExportFile } from "../../src/export-file/read.ts";
import { databaseSettings, useDatabase } from "../support/database.ts";
import {
  freePort,
  type Program,
  runProgram,
  startProgram,
  temporaryFolder,
} from "../support/program.ts";
import { hexKey, keyBytes } from "./world.ts";

const RESOURCES = `
kind: SigningKey
name: mag
key: local:mag
keyId: MAG
version: v1
---
kind: ExportConfig
name: mag
bucket: exports
filenameRoot: mag
period: 2s
outputRegion: MAG
signingKeys:
  - mag
`;

/** An in-memory S3 store; it calls `stored` for each blob before it answers the writer. */
async function objectStore(stored: (name: string, bytes: number) => Promise<void>) {
  const blobs = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const name = (request.url ?? "").replace("/exports/", "");
      const bytes = Buffer.concat(chunks);
      if (request.method === "PUT") blobs.set(name, bytes);
      const work = request.method === "PUT" ? stored(name, bytes.length) : Promise.resolve();
      void work.then(() => response.end());
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { blobs, url: `http://127.0.0.1:${address.port}` };
}

describe("a server that is killed during an export", () => {
  const database = useDatabase();

  it.each([
    ["its second file is stored", /00002\.zip$/],
    ["its last file is stored", /00003\.zip$/],
    ["its index is stored", /index\.txt$/],
  ])("when %s: the next server loses and repeats nothing", async (_, moment) => {
    await database().clear();
    const servers: Program[] = [];
    let killed = 0;
    const { blobs, url } = await objectStore(async (name, bytes) => {
      // The index exists before the first file, and is empty.
      if (!moment.test(name) || bytes === 0 || killed > 0) return;
      killed += 1;
      servers[0]?.signal("SIGKILL");
      await servers[0]?.finished();
    });
    const settings = {
      ...databaseSettings(database().address),
      DATA_DIR: await temporaryFolder(),
      PORT: String(await freePort()),
      BLOBSTORE: "s3",
      AWS_ENDPOINT_URL_S3: url,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "id",
      AWS_SECRET_ACCESS_KEY: "secret",
      TRUNCATE_WINDOW: "1s",
      WINDOW_GRACE: "1s",
      MIN_WINDOW_AGE: "1s",
      JOB_INTERVAL: "100ms",
      EXPORT_FILE_MIN_RECORDS: "0",
      EXPORT_FILE_MAX_RECORDS: "4",
      LOG_LEVEL: "error",
    };
    expect(await runProgram(["apply", "-"], settings, RESOURCES)).toMatchObject({ status: 0 });
    const serve = async (): Promise<void> => {
      const server = startProgram(["serve"], settings);
      servers.push(server);
      await server.line(/Wayfarer serves on/);
    };
    await serve();
    const names = Array.from({ length: 10 }, (_, index) => `key ${index}`);
    await database().bulk`
      insert into exposure (key, interval_number, interval_count, transmission_risk, report_type,
                            regions, traveler, created_at, source)
      select key, 2832000, 144, 4, 'likely', '{MAG}', false, wayfarer_now() / 2 * 2 + 6, 'local'
      from unnest(${
      database().bulk.array(names.map((name) => keyBytes(name)))
    }::bytea[]) as made (key)`;
    await servers[0]?.finished();
    expect(killed).toBe(1);
    await database().bulk`update lease set expires_at = 0`;
    await serve();
    await expect.poll(async () => {
      const [row] = await database().sql<{ complete: number }[]>`
        select count(*) as complete from export_batch where state = 'complete' and plan is not null`;
      return row?.complete;
    }, { timeout: 30_000 }).toBe(1);

    const lines = String(blobs.get("mag/index.txt")).split("\n");
    expect(lines).toHaveLength(3);
    const found: string[] = [];
    for (const line of lines) {
      const file = await readExportFile(new Uint8Array(blobs.get(line) ?? []));
      if (!file.ok) throw new Error(file.message);
      for (const { key } of file.value.keys()) found.push(Buffer.from(key).toString("hex"));
    }
    expect(found.toSorted()).toEqual(names.map(hexKey).toSorted());
    // The index names every stored file.
    expect([...blobs.keys()].filter((name) => name.endsWith(".zip")).toSorted()).toEqual(lines);
  }, 90_000);
});
