/**
 * The export of one window of 20,000 keys from a table of a million rows, against the same from one of many millions:
 * `npx tsx bench/window-cost.ts [millions]`. Five unless told; twenty take some minutes to load.
 */

import process from "node:process";
import { runExport } from "../src/export/run.ts";
import { openEmbedded } from "../src/store/embedded/open.ts";
import { type Database, openDatabase } from "../src/store/database.ts";
import { migrate } from "../src/store/migrate.ts";
import { rm } from "node:fs/promises";
import { benchFolder } from "./support/cluster.ts";
import { beginWith, exportWorld, PERIOD } from "./support/export-world.ts";
import { insertExposures } from "./support/exposures.ts";

const WINDOW_KEYS = 20_000;
const SMALL = 1_000_000;
const LARGE = Number(process.argv[2] ?? 5) * 1_000_000;
const ROUNDS = 9;

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
/** The newest window that is old enough. */
const START = (Math.floor(Date.now() / 1000 / PERIOD) - 2) * PERIOD;

/** Rows of two weeks of windows before the one that is measured. */
async function fillBefore(database: Database, count: number, salt: string): Promise<void> {
  const createdAt = `${START} - ${PERIOD} * (1 + (i - 1) * 84 / ${count})`;
  await insertExposures(database, { count, salt, createdAt });
}

const folder = await benchFolder();
const embedded = await openEmbedded({ dataDirectory: folder, owner: "command", fsync: false });
const database = openDatabase({ address: embedded.address, statementTimeoutMs: 60_000 });
try {
  await migrate(database);
  const world = await exportWorld(database, folder, () => {});
  /** The fastest export of the window, in milliseconds. */
  const exported = async (): Promise<number> => {
    let best = Infinity;
    for (let round = 0; round < ROUNDS; round++) {
      await beginWith(database, START);
      const from = performance.now();
      const { keys } = await runExport(world, new AbortController().signal);
      best = Math.min(best, performance.now() - from);
      if (keys !== WINDOW_KEYS) throw new Error(`${keys} keys in place of ${WINDOW_KEYS}`);
    }
    return best;
  };
  await insertExposures(database, {
    count: WINDOW_KEYS,
    salt: "window",
    createdAt: `${START} + i % 4 * 3600`,
  });
  await fillBefore(database, SMALL, "small");
  const small = await exported();
  await fillBefore(database, LARGE - SMALL, "large");
  const large = await exported();
  const millions = (rows: number): string => `${rows / 1_000_000} million rows`.padEnd(16);
  say(`one window of ${WINDOW_KEYS.toLocaleString("en")} keys`);
  say(`of ${millions(SMALL)}     ${small.toFixed(0)} ms`);
  say(`of ${millions(LARGE)}     ${large.toFixed(0)} ms`);
  say(`ratio                   ${(large / small).toFixed(2)}`);
} finally {
  await database.close();
  await embedded.stop();
  await rm(folder, { recursive: true, force: true });
}
