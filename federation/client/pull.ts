import { FederationFetchResponse } from "../../proto/gen/federation.js";
import { accept, type Refusal } from "../../src/errors.ts";
import type { DayDigest } from "../../src/model/feed.ts";
import type { PeerCursors, PlaceInFeed } from "../../src/model/peer-sync.ts";
import { dayAt } from "../../src/model/interval.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import type { PeerClient } from "./peer-client.ts";
import { dayDigests } from "../digest.ts";
import { type InboundDependencies, judgeBatch, type JudgedBatch, storeBatch } from "../inbound.ts";
import {
  continuedPage,
  cursorText,
  newProgress,
  nextStep,
  type Page,
  type Progress,
  readPage,
  START,
} from "./pull-progress.ts";

/** What pulling needs. */
export type PullDependencies = InboundDependencies & {
  readonly places: {
    place(peer: string, direction: "pull"): Promise<PlaceInFeed | undefined>;
  };
};

/** How a pull ended. */
export type PullResult = {
  readonly pages: number;
  readonly keys: number;
  readonly counts: Readonly<Record<string, number>>;
  /** Nothing was left; the last windows, as the peer tells them. */
  readonly caughtUp: boolean;
  readonly cursors: PeerCursors;
  /** Whether it came further in the feed; a peer that leads nowhere does not count. */
  readonly progressed: boolean;
  /** Why it ended early, if the peer or the way to it is to blame. */
  readonly failure?: Refusal & { readonly retryAfterMs?: number };
};

/** What a peer is asked for: everything that the agreement takes. */
export type PullFilters = {
  readonly includeRegions: string[];
  readonly onlyTravelers: boolean;
};

/** Digests are kept for the days of keys so far back; the comparison looks at fewer. */
export const KEPT_DIGEST_DAYS = 20;

/** Keys that a deployed reference server gives in a page, however many are asked for. */
const REFERENCE_PAGE = 500;

/** How many keys to ask for in a page. */
function pageSizeOf({ compatibility, pull: { pageSize } }: Peer): number {
  return compatibility === "reference" ? Math.min(pageSize, REFERENCE_PAGE) : pageSize;
}

/** The filters that go with an agreement. */
export function pullFilters(peer: Peer): PullFilters {
  return {
    includeRegions: [...peer.accept.regions],
    onlyTravelers: peer.accept.onlyTravelers,
  };
}

/** What a place in the peer's feed belongs to. */
export function placeText(peer: Peer): string {
  // What was refused under another agreement may be taken now.
  const { acceptClinical, acceptSelfReport } = peer.accept;
  return JSON.stringify([peer.serverId, pullFilters(peer), acceptClinical, acceptSelfReport]);
}

/**
 * Fetches page by page from where the last pull ended until nothing is left, the signal is aborted or the peer
 * fails. Each page is stored together with the place after it. The next page is fetched while one is stored. Another
 * server, and accepting other keys, begin anew. A deployed peer that gives back its place is asked by offset
 * ({@link continuedPage}), one whose page is too large for smaller ones; a peer that repeats itself is reported.
 */
export async function pullFrom(
  peer: Peer,
  client: PeerClient,
  deps: PullDependencies,
  signal: AbortSignal,
): Promise<PullResult> {
  const filters = pullFilters(peer);
  const belongsTo = placeText(peer);
  const place = await deps.places.place(peer.name, "pull");
  const progress = newProgress(pageSizeOf(peer), place, belongsTo);
  const ask = (cursors: PeerCursors, pageSize: number) =>
    client.fetch({
      ...filters,
      maxExposureKeys: pageSize,
      ...(cursors === START ? {} : { state: wireState(cursors) }),
    }, signal);

  let answer = ask(progress.cursors, progress.pageSize);
  let storing: Promise<void> = Promise.resolve();
  try {
    for (;;) {
      const askedAt = deps.clockMs();
      const outcome = await answer;
      // A page is judged while the one before is stored.
      const prepared = outcome.ok ? accept(preparedPage(deps, peer, outcome.value)) : outcome;
      await storing;
      if (signal.aborted) return ended(progress, false);
      if (!prepared.ok) {
        if (!isTooLarge(prepared) || progress.pageSize === 1) {
          return ended(progress, false, prepared);
        }
        progress.pageSize = Math.ceil(progress.pageSize / 2);
        answer = ask(progress.cursors, progress.pageSize);
        continue;
      }
      const page = continuedPage(progress, prepared.value.page);
      const step = nextStep(progress, page);
      if (step.kind === "broken") {
        const failure = { ok: false, code: "fetch_failed", message: step.message } as const;
        return { ...ended(progress, false, failure), progressed: false };
      }
      const more = step.kind === "more" && page.next !== undefined;
      // Nothing of it is lost when storing fails: the place is stored with the keys.
      if (more) answer = ask(page.next ?? START, progress.pageSize);
      storing = storePage(deps, peer, progress, { ...prepared.value, page }, belongsTo, askedAt);
      storing.catch(() => {}); // It is thrown where it is waited for.
      if (!more) {
        await storing;
        return ended(progress, true);
      }
    }
  } finally {
    await storing.catch(() => {});
  }
}

/** A page with the judgement on its keys. */
type PreparedPage = {
  readonly page: Page;
  readonly judged: JudgedBatch;
  readonly digests: readonly DayDigest[];
};

function preparedPage(
  deps: PullDependencies,
  peer: Peer,
  answer: FederationFetchResponse,
): PreparedPage {
  const page = readPage(answer);
  const { batch } = page;
  const today = dayAt(deps.clockMs() / 1000);
  return {
    page,
    judged: judgeBatch(deps, peer, batch),
    digests: dayDigests(batch.keys, batch.revised)
      .filter(({ day }) => day >= today - KEPT_DIGEST_DAYS && day <= today + 1),
  };
}

/** A page that must be smaller: over a limit of ours, or, without advice to wait, of the peer's. */
export function isTooLarge({ code, retryAfterMs }: NonNullable<PullResult["failure"]>): boolean {
  return code === "limit_exceeded" || code === "body_too_large" ||
    (code === "resource_exhausted" && retryAfterMs === undefined);
}

async function storePage(
  deps: PullDependencies,
  peer: Peer,
  progress: Progress,
  { page: { batch, next }, judged, digests }: PreparedPage,
  belongsTo: string,
  askedAt: number,
): Promise<void> {
  const cursors = next ?? progress.cursors;
  const count = batch.keys.length + batch.revised.length;
  if (count === 0 && !progress.anew && cursorText(cursors) === cursorText(progress.cursors)) return;
  const { counts } = await storeBatch(deps, peer, judged, async (transaction, verdicts) => {
    await transaction.moveCursor(peer.name, "pull", belongsTo, cursors, progress.version);
    await transaction.addDigests(peer.name, digests, progress.anew ? "all" : []);
    if (count === 0) return;
    await transaction.addPage({
      peer: peer.name,
      kind: "pull",
      keys: batch.keys.length,
      revised: batch.revised.length,
      verdicts: verdicts.counts,
      tookMs: deps.clockMs() - askedAt,
    });
  });
  progress.cursors = cursors;
  progress.version += 1;
  progress.anew = false;
  progress.pages += 1;
  progress.keys += count;
  for (const [name, number] of Object.entries(counts)) {
    progress.counts[name] = (progress.counts[name] ?? 0) + number;
  }
}

function ended(
  { pages, keys, counts, cursors }: Progress,
  caughtUp: boolean,
  failure?: PullResult["failure"],
): PullResult {
  // A peer that no longer takes its own state makes us begin again.
  const progressed = pages > 0 && failure?.code !== "invalid_argument";
  const result = { pages, keys, counts, cursors, caughtUp, progressed };
  return failure === undefined ? result : { ...result, failure };
}

const wireState = ({ keys, revised }: PeerCursors) => ({
  keyCursor: keys,
  revisedKeyCursor: revised,
});
