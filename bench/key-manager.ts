/**
 * What a key manager that takes 200 ms for each call costs exports and publishes, against one without delay:
 * `npx tsx bench/key-manager.ts`.
 */

import { randomBytes } from "node:crypto";
import process from "node:process";
import { publishPart } from "../src/app/publish.ts";
import { runExport } from "../src/export/run.ts";
import { healthAuthoritySchema } from "../src/model/resource/health-authority.ts";
import type { KeyManager } from "../src/keys/key-manager.ts";
import type { Database } from "../src/store/database.ts";
import { openCluster } from "./support/cluster.ts";
import { beginWith, exportWorld, PERIOD } from "./support/export-world.ts";
import { insertExposures } from "./support/exposures.ts";
import { benchFoundation, fixedResources } from "./support/foundation.ts";

const DELAY_MS = 200;
const FILES = 20;
const KEYS = 20_000;
const PUBLISHES = 500;
const START = (Math.floor(Date.now() / 1000 / PERIOD) - FILES - 2) * PERIOD;

const say = (line: string): boolean => process.stdout.write(`${line}\n`);

/** The same keys behind a manager that takes its time, and how often it was asked. */
function slow(keys: KeyManager, calls: { count: number }, delayMs: number): KeyManager {
  const late = async <T>(use: () => Promise<T>): Promise<T> => {
    calls.count += 1;
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    return await use();
  };
  return {
    create: (...what) => late(() => keys.create(...what)),
    exists: (...what) => late(() => keys.exists(...what)),
    publicKeyPem: (...what) => late(() => keys.publicKeyPem(...what)),
    sign: (...what) => late(() => keys.sign(...what)),
    encrypt: (...what) => late(() => keys.encrypt(...what)),
    decrypt: (...what) => late(() => keys.decrypt(...what)),
    versions: (...what) => late(() => keys.versions(...what)),
    destroy: (...what) => late(() => keys.destroy(...what)),
  };
}

async function exportMs(database: Database, folder: string, delayMs: number): Promise<number> {
  const world = await exportWorld(database, folder, () => {});
  const calls = { count: 0 };
  await beginWith(database, START);
  const from = performance.now();
  const { files } = await runExport(
    { ...world, keys: slow(world.keys, calls, delayMs) },
    new AbortController().signal,
  );
  const milliseconds = performance.now() - from;
  if (files !== FILES) throw new Error(`${files} files`);
  say(
    `export, ${delayMs} ms a call   ${milliseconds.toFixed(0)} ms for ${files} files, ` +
      `${calls.count} calls: ${calls.count / files} a file`,
  );
  return milliseconds;
}

async function publishMs(database: Database, delayMs: number): Promise<number> {
  const calls = { count: 0 };
  const cache = fixedResources([
    healthAuthoritySchema.parse({
      kind: "HealthAuthority",
      name: "mag",
      regions: ["MAG"],
      bypassVerification: true,
      bypassRevisionToken: true,
    }),
  ]);
  const { keys } = await benchFoundation(database, {}, { cache });
  const foundation = await benchFoundation(database, {}, {
    cache,
    keys: slow(keys, calls, delayMs),
  });
  const { publish } = await publishPart(foundation, () => {});
  const post = async (): Promise<void> => {
    const answer = await publish(
      new Request("http://localhost/v1/publish", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          temporaryExposureKeys: [{
            key: randomBytes(16).toString("base64"),
            rollingStartNumber: Math.floor(Date.now() / 86_400_000 - 3) * 144,
            rollingPeriod: 144,
            transmissionRisk: 0,
          }],
          healthAuthorityID: "mag",
        }),
      }),
    );
    if (answer.status !== 200) throw new Error(await answer.text());
    await answer.text();
  };
  await post();
  calls.count = 0;
  const from = performance.now();
  for (let publishes = 0; publishes < PUBLISHES; publishes++) await post();
  const milliseconds = (performance.now() - from) / PUBLISHES;
  say(`publish, ${delayMs} ms a call  ${milliseconds.toFixed(2)} ms each, ${calls.count} calls`);
  return milliseconds;
}

const cluster = await openCluster();
try {
  const { database, folder } = cluster;
  await insertExposures(database, {
    count: KEYS,
    salt: "key",
    createdAt: `${START} + (i - 1) * ${FILES} / ${KEYS} * ${PERIOD}`,
  });
  const floor = await exportMs(database, folder, 0);
  const late = await exportMs(database, folder, DELAY_MS);
  say(`the delay's share       ${((late - floor) / FILES).toFixed(0)} ms a file`);
  const quick = await publishMs(database, 0);
  const same = await publishMs(database, DELAY_MS);
  say(`publish, ratio          ${(same / quick).toFixed(2)}`);
} finally {
  await cluster.close();
}
