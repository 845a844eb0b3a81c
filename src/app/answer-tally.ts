import { errorFields, type Log } from "../observe/log.ts";
import type { PublishEvent } from "../publish/route.ts";
import type { AnswerCount, AnswerCounts } from "../store/admin/answer-count.ts";

/** Counts answers to publishes by hour, kind and code, and writes the sums now and then. */
export type AnswerTally = {
  add(event: Pick<PublishEvent, "kind" | "code">): void;
  /** Writes what was not written yet. */
  flush(): Promise<void>;
};

/** Sums are written this long after the first answer that they count. */
const WRITTEN_AFTER_MS = 5000;
const HOUR_SECONDS = 3600;

/** A tally of this process. `clockMs`: milliseconds since the epoch. */
export function answerTally(
  store: AnswerCounts,
  clockMs: () => number,
  log: Log,
  writtenAfterMs: number = WRITTEN_AFTER_MS,
): AnswerTally {
  let counts = new Map<string, AnswerCount>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const written = [...counts.values()];
    counts = new Map();
    // Figures for people: what a database that is away does not take is lost, and publishing goes on.
    await store.add(written).catch((error) => log.warn("answers-not-counted", errorFields(error)));
  };
  return {
    add: ({ kind, code }) => {
      const hour = Math.floor(clockMs() / 1000 / HOUR_SECONDS) * HOUR_SECONDS;
      const name = `${hour} ${kind} ${code}`;
      counts.set(name, { hour, kind, code, count: (counts.get(name)?.count ?? 0) + 1 });
      timer ??= setTimeout(() => void flush(), writtenAfterMs);
    },
    flush,
  };
}
