/** How fast a window of 500,000 keys becomes a signed file, against a plain COPY of the same rows. */

import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import process from "node:process";
import { buildExportFile } from "../src/export-file/build.ts";
import { asRegion } from "../src/model/ids.ts";
import { type Database, openDatabase } from "../src/store/database.ts";
import { openEmbedded } from "../src/store/embedded/open.ts";
import { exportKeys } from "../src/store/exposure/export-keys.ts";
import { migrate } from "../src/store/migrate.ts";

const KEYS = 500_000;
/** Keys of other windows: the cost must not depend on them. */
const OTHERS = 500_000;
const HOUR = 3600;
const START = 1_700_006_400 - (1_700_006_400 % (4 * HOUR));
const ROUNDS = 3;

const span = { startsAt: START, endsAt: START + 4 * HOUR };
const rules = {
  regions: [asRegion("MAG")],
  excludeRegions: [],
  includeTravelers: false,
  onlyNonTravelers: false,
};

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function fill({ bulk }: Database): Promise<void> {
  const insert = async (count: number, salt: string, from: number): Promise<void> => {
    await bulk.unsafe(`
      insert into exposure (key, interval_number, interval_count, transmission_risk, report_type,
                            days_since_onset, regions, traveler, created_at)
      select decode(md5('${salt}' || i), 'hex'), 2830000 + i % 2000, 144, i % 9, 'confirmed', i % 14,
             '{MAG}', false, ${from} + i % 4 * ${HOUR}
      from generate_series(1, ${count}) as i`);
  };
  await insert(OTHERS, "other", START - 4 * HOUR);
  await insert(KEYS, "key", START);
  await bulk.unsafe("vacuum analyze exposure");
}

/** The fastest of a few rounds, in milliseconds. */
async function fastest(action: () => Promise<void>): Promise<number> {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const from = performance.now();
    await action();
    best = Math.min(best, performance.now() - from);
  }
  return best;
}

async function measure(database: Database): Promise<void> {
  await fill(database);
  const floor = await fastest(async () => {
    await database.bulk.begin(async (sql) => {
      await sql`set local work_mem = '96MB'`;
      await sql.unsafe(`copy (
        select key, interval_number, interval_count, transmission_risk, report_type, days_since_onset
        from exposure where created_at >= ${span.startsAt} and created_at < ${span.endsAt}
        order by key) to '/dev/null' (format binary)`);
    });
  });

  const pair = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    false,
    ["sign"],
  );
  const sign = async (data: Uint8Array): Promise<Uint8Array> =>
    new Uint8Array(
      await crypto.subtle.sign(
        { name: "ECDSA", hash: "SHA-256" },
        pair.privateKey,
        data as Uint8Array<ArrayBuffer>,
      ),
    );
  const exposures = exportKeys(database);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 5);
  delay.enable();
  let bytes = 0;
  const build = await fastest(async () => {
    const { keys } = await exposures.count(span, rules);
    const file = await buildExportFile({
      header: { start: span.startsAt, end: span.endsAt, region: "MAG" },
      signers: [{ info: { keyVersion: "v1", keyId: "310" }, sign }],
      keys: async (append) => {
        await exposures.read(span, rules, "keys", { after: undefined, limit: keys }, append);
      },
      revisedKeys: () => Promise.resolve(),
      expectedKeys: keys,
    });
    if (file.keyCount !== KEYS) throw new Error(`${file.keyCount} keys in place of ${KEYS}`);
    bytes = file.zip.length;
  });
  delay.disable();
  clearInterval(watch);

  const rate = (milliseconds: number): string =>
    `${Math.round(KEYS / milliseconds).toLocaleString("en")},000 keys/s`;
  print(
    `keys in one file        ${KEYS.toLocaleString("en")} (${bytes.toLocaleString("en")} bytes)`,
  );
  print(`COPY to /dev/null       ${floor.toFixed(0)} ms, ${rate(floor)}`);
  print(`count, read, build, zip ${build.toFixed(0)} ms, ${rate(build)}`);
  print(`ratio                   ${(build / floor).toFixed(2)}`);
  const heldMs = (percentile: number): string => (delay.percentile(percentile) / 1e6).toFixed(1);
  print(`event loop held         ${heldMs(99)} ms (99 %), ${heldMs(100)} ms (at most)`);
  print(`peak memory             ${Math.round(peak / 2 ** 20)} MiB`);
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), `wayfarer-bench-${randomBytes(3).toString("hex")}-`));
  const embedded = await openEmbedded({ dataDirectory: folder, owner: "command", fsync: false });
  const database = openDatabase({ address: embedded.address, statementTimeoutMs: 60_000 });
  try {
    await migrate(database);
    await measure(database);
  } finally {
    await database.close();
    await embedded.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
