/**
 * The export of 1,400,000 keys in 144 windows, against 144 plain COPYs of the same rows, and what publishes through
 * the same process feel of it: `npx tsx bench/export-batches.ts`.
 */

import process from "node:process";
import { runExport } from "../src/export/run.ts";
import { openCluster } from "./support/cluster.ts";
import { beginWith, exportWorld, PERIOD } from "./support/export-world.ts";
import { EXPORTED_COLUMNS, insertExposures } from "./support/exposures.ts";
import { idle, publishTail } from "./support/publish-latency.ts";

const KEYS = 1_400_000;
const BATCHES = 144;
const IDLE_MS = 5000;

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const START = (Math.floor(Date.now() / 1000 / PERIOD) - BATCHES - 2) * PERIOD;

const cluster = await openCluster();
try {
  const { database } = cluster;
  await insertExposures(database, {
    count: KEYS,
    salt: "key",
    createdAt: `${START} + (i - 1) * ${BATCHES} / ${KEYS} * ${PERIOD}`,
  });

  const copying = performance.now();
  for (let batch = 0; batch < BATCHES; batch++) {
    const from = START + batch * PERIOD;
    await database.bulk.unsafe(`
      copy (select ${EXPORTED_COLUMNS} from exposure
            where created_at >= ${from} and created_at < ${from + PERIOD} order by key)
      to '/dev/null' (format binary)`);
  }
  const floor = performance.now() - copying;

  let building = 0;
  const world = await exportWorld(database, cluster.folder, (event) => {
    if (event.kind === "file-written") building += event.milliseconds;
  });
  await beginWith(database, START);
  const quiet = await publishTail(database, idle(IDLE_MS));
  let wall = 0;
  let cpu = 0;
  const run = async (): Promise<void> => {
    const from = performance.now();
    const before = process.cpuUsage();
    const { files, keys } = await runExport(world, new AbortController().signal);
    wall = performance.now() - from;
    const { user, system } = process.cpuUsage(before);
    cpu = (user + system) / 1000;
    if (files !== BATCHES || keys !== KEYS) throw new Error(`${keys} keys in ${files} files`);
  };
  const busy = await publishTail(database, run());

  const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
  say(`keys, windows           ${KEYS.toLocaleString("en")}, ${BATCHES}`);
  say(`${BATCHES} COPYs to /dev/null  ${seconds(floor)}`);
  say(`export, 50 publishes/s  ${seconds(wall)}, ratio ${(wall / floor).toFixed(2)}`);
  say(`of that, its own CPU    ${seconds(cpu)}`);
  say(`files: read to stored   ${Math.round(KEYS / building).toLocaleString("en")},000 keys/s`);
  say(
    `publish, 99 %           ${quiet.toFixed(1)} ms idle, ${
      busy.toFixed(1)
    } ms during the export, ` +
      `ratio ${(busy / quiet).toFixed(2)}`,
  );
} finally {
  await cluster.close();
}
