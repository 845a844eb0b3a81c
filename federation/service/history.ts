import type { PageRecord } from "../../src/model/peer-sync.ts";

/**
 * Writes pages to the history without being waited for, one after the other. Those of a peer that come while one is
 * written become one, so that nothing piles up behind a slow database.
 */
export function historyWriter(
  write: (page: PageRecord) => Promise<void>,
  onError: (error: unknown) => void,
): (page: PageRecord) => void {
  const waiting = new Map<string, PageRecord>();
  let writing = false;
  const writeAll = async (): Promise<void> => {
    writing = true;
    for (const [name, page] of waiting) {
      waiting.delete(name);
      await write(page).catch(onError);
    }
    writing = false;
  };
  return (page) => {
    const name = `${page.kind} ${page.peer}`;
    const before = waiting.get(name);
    waiting.set(name, before === undefined ? page : sum(before, page));
    if (!writing) void writeAll();
  };
}

function sum(one: PageRecord, other: PageRecord): PageRecord {
  const verdicts: Record<string, number> = { ...one.verdicts };
  for (const [name, count] of Object.entries(other.verdicts)) {
    verdicts[name] = (verdicts[name] ?? 0) + count;
  }
  return {
    ...one,
    keys: one.keys + other.keys,
    revised: one.revised + other.revised,
    verdicts,
    tookMs: one.tookMs + other.tookMs,
  };
}
