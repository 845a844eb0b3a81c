import type { NewOutgoingBatch } from "../../../src/model/efgs-batch.ts";
import { asWindow, type Window } from "../../../src/model/ids.ts";
import { DAY_SECONDS, windowAt } from "../../../src/model/interval.ts";
import { cursorsOf } from "../../client/push.ts";
import { type FeedDependencies, type FeedPositions, outboundPage } from "../../outbound.ts";
import type { EfgsKey } from "../wire/batch.ts";
import { EMBARGO_SECONDS, outgoingKey } from "./outgoing-key.ts";
import { signedBatch } from "./signed-batch.ts";
import { addCounts, type UploadDependencies, type UploadRun } from "./upload-run.ts";

/** Keys in a batch: less than the 5,000 that a gateway takes. */
const MAX_UPLOAD_KEYS = 4000;
/** Older keys may be refused by the time they arrive. */
const MAX_AGE_SECONDS = 14 * DAY_SECONDS;

/** What the feed gives from a place on: a batch that is signed but not noted yet, if any key goes. */
export type PreparedPage = {
  readonly batch?: NewOutgoingBatch;
  /** The place after it. */
  readonly next: FeedPositions;
  /** Whether the feed goes on after it. */
  readonly partial: boolean;
  /** Keys that do not go, by reason. */
  readonly counts: Readonly<Record<string, number>>;
};

/** Reads the feed on from a place and signs a batch of it; nothing is written. */
export async function preparePage(run: UploadRun, from: FeedPositions): Promise<PreparedPage> {
  const { peer, deps, selection } = run;
  const nowSeconds = Math.floor(deps.clockMs() / 1000);
  const limit = Math.min(peer.push.pageSize, MAX_UPLOAD_KEYS);
  const counts: Record<string, number> = {};
  const keys: EfgsKey[] = [];
  const feed: FeedDependencies = {
    ...deps,
    maxAgeSeconds: Math.min(deps.maxAgeSeconds, MAX_AGE_SECONDS),
    closedThrough: () => windowsThatMayGo(deps),
  };
  let [next, partial] = [from, true];
  while (partial && keys.length < limit && !run.signal.aborted) {
    const page = await outboundPage(feed, selection, next, limit - keys.length);
    for (const key of [...page.keys, ...(peer.efgs.revisions ? page.revised : [])]) {
      const made = outgoingKey(key, peer.efgs, nowSeconds);
      if (made.ok) keys.push(made.key);
      else counts[made.reason] = (counts[made.reason] ?? 0) + 1;
    }
    partial = page.partial;
    next = page.next;
  }
  if (keys.length === 0) return { next, partial, counts };
  const known = await isKnown(run, from);
  return { batch: await newBatch(run, keys, [], cursorsOf(next), known), next, partial, counts };
}

/** Notes what was prepared from the run's place; false when nothing is left that may go now. */
export async function notePage(run: UploadRun, page: PreparedPage): Promise<boolean> {
  const { peer, deps, signal } = run;
  const { batch, next, partial, counts } = page;
  if (signal.aborted) return true;
  if (batch === undefined) {
    await passOver(run, next, counts);
    return partial;
  }
  if (batch.keyCount < peer.efgs.minKeys) return false;
  await deps.outgoing.add([batch]);
  addCounts(run, counts);
  return true;
}

/** Windows all of whose keys ended long enough ago. */
async function windowsThatMayGo(
  { closedThrough, clockMs, windowSeconds }: UploadDependencies,
): Promise<Window> {
  const latest = windowAt(clockMs() / 1000 - EMBARGO_SECONDS, windowSeconds);
  return asWindow(Math.min(await closedThrough(), latest));
}

/** Whether the keys after a place may be at the gateway already. */
async function isKnown({ deps, peer }: UploadRun, at: FeedPositions): Promise<boolean> {
  return Math.min(at.new.window, at.revised.window) < await deps.outgoing.knownUntil(peer.name);
}

/** The place moves over keys none of which goes. */
async function passOver(
  run: UploadRun,
  at: FeedPositions,
  counts: Readonly<Record<string, number>>,
): Promise<void> {
  const next = cursorsOf(at);
  if (JSON.stringify(next) === JSON.stringify(cursorsOf(run.at))) return;
  await run.deps.inbound.transaction((transaction) =>
    transaction.moveCursor(run.peer.name, "push", run.filters, next, run.version)
  );
  addCounts(run, counts);
  run.version += 1;
  run.at = at;
}

/** Signs keys and makes a batch of them; `failed`: those that could not be stored before. */
export async function newBatch(
  { peer, gateway, deps, filters }: UploadRun,
  keys: readonly EfgsKey[],
  failed: readonly EfgsKey[],
  next: NewOutgoingBatch["next"],
  known: boolean,
): Promise<NewOutgoingBatch> {
  const signed = await signedBatch(keys, peer.efgs.country, gateway.signer, deps.clockMs() / 1000);
  return {
    peer: peer.name,
    next,
    filters,
    tag: signed.tag,
    keys: signed.body,
    keyCount: signed.keys.length,
    signature: signed.signature,
    failedBefore: signed.keys.flatMap((key, index) => failed.includes(key) ? [index] : []),
    known,
  };
}
