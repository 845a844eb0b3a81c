import { describe, expect, it } from "vitest";
import { lagNow } from "../../src/app/peer-figures.ts";
import type { SyncStatus } from "../../src/model/peer-sync.ts";

const NOW = 1_700_000_000;

/** Well at its last try, ten seconds ago. */
const WELL: SyncStatus = {
  state: "ok",
  stateSince: NOW - 86_400,
  triedAt: NOW - 10,
  succeededAt: NOW - 10,
  nextTryAt: NOW + 290,
  failures: 0,
  lagSeconds: 0,
};
const FAILING: SyncStatus = {
  ...WELL,
  state: "failing",
  stateSince: NOW - 3600,
  succeededAt: NOW - 3900,
  failures: 7,
};
const { lagSeconds: _, ...UNKNOWN } = FAILING;
const { succeededAt: __, ...NEVER } = UNKNOWN;

describe("the lag of a direction", () => {
  it.each<[string, SyncStatus, number]>([
    ["is none while all has come over and the next try is not overdue", WELL, 0],
    ["forgives a try that is a minute late", { ...WELL, nextTryAt: NOW - 60 }, 0],
    [
      "counts from the last success when the next try is later than that",
      { ...WELL, nextTryAt: NOW - 61, triedAt: NOW - 361, succeededAt: NOW - 361 },
      361,
    ],
    ["grows from the last success while it fails", FAILING, 3900],
    ["grows though the failure told no lag", UNKNOWN, 3900],
    ["grows from the first failure when nothing ever succeeded", NEVER, 3600],
    ["is no smaller after another failed try", { ...FAILING, triedAt: NOW, lagSeconds: 0 }, 3900],
    ["counts from the window that comes next", { ...FAILING, nextWindow: NOW - 90_000 }, 90_000],
    ["takes no window yet for none", { ...FAILING, nextWindow: 0 }, 3900],
    ["is not told better by a window of the future", { ...FAILING, nextWindow: NOW + 9e6 }, 3900],
    [
      "of one that is behind counts on from its last try",
      { ...WELL, state: "behind", stateSince: NOW - 30, lagSeconds: 500 },
      510,
    ],
    [
      "of one that is behind is what it is behind since when more is not known",
      { ...WELL, state: "behind", stateSince: NOW - 30, lagSeconds: 0 },
      30,
    ],
  ])("%s", (_name, status, seconds) => {
    expect(lagNow(status, NOW)).toBe(seconds);
  });
});
