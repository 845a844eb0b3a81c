/**
 * A backup of 2,000,000 exposures and its check, encrypted and not, against COPY of the same table to nowhere; with the
 * most memory that the process took.
 * Run: npx tsx bench/backup.ts
 */
import process from "node:process";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { checkBackup } from "../src/backup/restore.ts";
import { opened, sealed } from "../src/backup/seal.ts";
import { writeBackup } from "../src/backup/write.ts";
import { withSnapshot } from "../src/store/backup/snapshot.ts";
import { openCluster } from "./support/cluster.ts";
import { insertExposures } from "./support/exposures.ts";

const ROWS = 2_000_000;
const LEAST_ROWS_A_SECOND = 150_000;
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

const cluster = await openCluster();
const { database } = cluster;
const identity = await generateX25519Identity();
const recipients = [await identityToRecipient(identity)];
try {
  await insertExposures(database, { count: ROWS, salt: "a", createdAt: "1800000000 + i % 86400" });
  const floor = await timed(() => database.bulk`copy exposure to '/dev/null'`);
  say(`COPY to /dev/null: ${Math.round(ROWS / floor)} rows/s`);
  for (const kind of ["plain", "encrypted"] as const) {
    let peak = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss());
    }, 20);
    const before = process.memoryUsage.rss();
    const cpuBefore = process.cpuUsage();
    const parts: Uint8Array[] = [];
    const seconds = await timed(() =>
      withSnapshot(database, async (snapshot) => {
        const chunks = writeBackup(snapshot, {
          program: "bench",
          now: 1_800_000_000,
          progress: () => {},
          done: () => {},
        });
        const written = kind === "plain"
          ? chunks
          : sealed(chunks, { kind: "recipients", recipients });
        for await (const chunk of written) parts.push(chunk);
      })
    );
    clearInterval(watch);
    const cpu = process.cpuUsage(cpuBefore);
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    say(
      `${kind}: ${Math.round(ROWS / seconds)} rows/s (at least ${LEAST_ROWS_A_SECOND}), ${
        (bytes / ROWS).toFixed(1)
      } bytes a row, ${((cpu.user + cpu.system) / ROWS).toFixed(2)} µs of CPU a row, ${
        Math.round((peak - before - bytes) / 2 ** 20)
      } MiB beside what is kept here; COPY / backup: ${(floor / seconds).toFixed(2)}`,
    );
    const read = async function* () {
      yield* parts;
    };
    const check = await timed(() =>
      checkBackup(kind === "plain" ? read() : opened(read(), { identities: [identity] }))
    );
    say(`${kind}, checked: ${Math.round(ROWS / check)} rows/s`);
  }
} finally {
  await cluster.close();
}
