import { randomBytes } from "node:crypto";
import type { Database } from "../../src/store/database.ts";
import { publishStore } from "../../src/store/publish/publish.ts";
import { percentile } from "./http-load.ts";

const KEYS = 14;
const PER_SECOND = 50;

/**
 * Publishes 14 keys fifty times a second through this process's own event loop, until `until` settles; answers the
 * 99th percentile of the latency in milliseconds, counted from when each was due.
 */
export async function publishTail(database: Database, until: Promise<unknown>): Promise<number> {
  const store = publishStore(
    database,
    { windowSeconds: 3600, releaseSameDayKeys: false },
    () => Math.floor(Date.now() / 1000),
  );
  const latencies: number[] = [];
  const running: Promise<void>[] = [];
  const startedAt = performance.now();
  let sent = 0;
  const publish = async (due: number): Promise<void> => {
    const keys = Array.from({ length: KEYS }, () => randomBytes(16)).map((key, index) => ({
      key,
      hex: key.toString("hex"),
      intervalNumber: 2_800_000 + index * 144,
      intervalCount: 144,
      transmissionRisk: 2,
      daysSinceOnset: 1,
    })).sort((left, right) => left.hex < right.hex ? -1 : 1);
    const set = {
      keys,
      reportType: "confirmed",
      regions: ["MAG"],
      traveler: false,
      healthAuthority: "mag",
      issuer: "bench",
    } as const;
    if (!await store.insertAll(set, undefined)) throw new Error("a random key was there already");
    latencies.push(performance.now() - due);
  };
  const timer = setInterval(() => {
    const due = startedAt + sent * 1000 / PER_SECOND;
    for (let next = due; next <= performance.now(); next = startedAt + sent * 1000 / PER_SECOND) {
      running.push(publish(next));
      sent += 1;
    }
  }, 1000 / PER_SECOND / 4);
  try {
    await until;
  } finally {
    clearInterval(timer);
  }
  await Promise.all(running);
  return percentile(latencies.sort((left, right) => left - right), 0.99);
}

/** For a time in which nothing else happens. */
export function idle(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
