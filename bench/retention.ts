/**
 * Retention of a day's million keys, against one plain DELETE of the same rows from an equal table, and what
 * publishes feel of it: `npx tsx bench/retention.ts`.
 */

import process from "node:process";
import { memoryBlobStore } from "../src/blob/memory.ts";
import { runRetention } from "../src/retention/run.ts";
import { asSeconds } from "../src/model/ids.ts";
import { retentionStore } from "../src/store/retention.ts";
import { openCluster } from "./support/cluster.ts";
import { insertExposures } from "./support/exposures.ts";
import { idle, publishTail } from "./support/publish-latency.ts";

const OLD = 1_000_000;
const KEPT = 200_000;
const DAY = 86_400;
const TTL = 14 * DAY;
const IDLE_MS = 5000;

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const TODAY = Math.floor(Date.now() / 1000 / DAY) * DAY;

const cluster = await openCluster();
try {
  const { database } = cluster;
  const { bulk } = database;
  await insertExposures(database, {
    count: OLD,
    salt: "old",
    createdAt: `${TODAY - TTL - 2 * DAY} + (i - 1) * 24 / ${OLD} * 3600`,
  }, {
    count: KEPT,
    salt: "kept",
    createdAt: `${TODAY - DAY} + (i - 1) * 24 / ${KEPT} * 3600`,
  });
  await bulk.unsafe("create table twin (like exposure)");
  await bulk.unsafe("insert into twin select * from exposure");
  await bulk.unsafe("alter table twin add primary key (key)");
  await bulk.unsafe("create index on twin (created_at, key)");
  await bulk.unsafe("vacuum analyze twin");

  const timed = async (action: () => Promise<void>): Promise<number> => {
    await bulk.unsafe("checkpoint");
    const from = performance.now();
    await action();
    return performance.now() - from;
  };
  const quiet = await publishTail(database, idle(IDLE_MS));
  // Both with the same publishes beside them.
  const plain = timed(async () => {
    const { count } = await bulk`delete from twin where created_at < ${TODAY - TTL}`;
    if (count !== OLD) throw new Error(`${count} rows deleted`);
  });
  const beside = await publishTail(database, plain);
  const floor = await plain;
  const run = timed(async () => {
    const { exposures } = await runRetention({
      store: retentionStore(database),
      agreedTime: () => Promise.resolve(asSeconds(Date.now() / 1000)),
      blob: memoryBlobStore(),
      settings: { cleanupTtlSeconds: TTL },
      publishIndex: () => Promise.resolve(),
      report: (event) => {
        throw event.kind === "step-failed" ? event.error : new Error(event.kind);
      },
    }, new AbortController().signal);
    if (exposures !== OLD) throw new Error(`${exposures} rows deleted`);
  });
  const busy = await publishTail(database, run);
  const own = await run;

  const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
  say(`plain DELETE            ${seconds(floor)} for ${OLD.toLocaleString("en")} keys`);
  say(`retention               ${seconds(own)}, ratio ${(own / floor).toFixed(2)}`);
  say(
    `publish, 99 %           ${quiet.toFixed(1)} ms idle, ${
      beside.toFixed(1)
    } ms during the DELETE, ` +
      `${busy.toFixed(1)} ms during retention, ratio to idle ${(busy / quiet).toFixed(2)}`,
  );
} finally {
  await cluster.close();
}
