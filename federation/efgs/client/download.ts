import { type Refusal, refuse } from "../../../src/errors.ts";
import { dayAt } from "../../../src/model/interval.ts";
import { dateText, dayOfTag, nextQuestion, placeOf } from "./download-place.ts";
import type { DownloadDependencies, DownloadRun } from "./download-run.ts";
import { storeDownloaded } from "./download-store.ts";
import { downloadBatch, type DownloadedBatch } from "./gateway-call.ts";
import type { GatewayConnection } from "./gateway-connection.ts";
import type { GatewayPeer } from "./incoming-key.ts";

/** How a download ended. */
export type DownloadResult = {
  readonly batches: number;
  readonly keys: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly caughtUp: boolean;
  /** Whether it came further. */
  readonly progressed: boolean;
  readonly failure?: Refusal;
};

/**
 * Downloads batch by batch from where the last download ended. Keys, verdicts and the place after a batch are stored in
 * one transaction. A bad key is skipped with its reason; an error that is not about keys leaves the place as it is.
 * `lastLookAt`: UTC seconds of the last look that went well, to tell a gap from a silent gateway.
 */
export async function downloadFrom(
  peer: GatewayPeer,
  gateway: GatewayConnection,
  deps: DownloadDependencies,
  lastLookAt: number | undefined,
  signal: AbortSignal,
): Promise<DownloadResult> {
  const run = await beginRun(peer, gateway, deps, signal);
  const ended = (caughtUp: boolean, failure?: Refusal): DownloadResult => ({
    ...run.total,
    caughtUp,
    progressed: run.total.batches > 0,
    ...(failure === undefined ? {} : { failure }),
  });
  while (!signal.aborted) {
    const step = await takeStep(run, lastLookAt);
    if (signal.aborted) break;
    if (step.kind === "failed") return ended(false, step.refusal);
    if (step.kind === "end") return ended(true);
  }
  return ended(false);
}

async function beginRun(
  peer: GatewayPeer,
  gateway: GatewayConnection,
  deps: DownloadDependencies,
  signal: AbortSignal,
): Promise<DownloadRun> {
  const { country, countries, chgs } = peer.efgs;
  const filters = JSON.stringify([peer.serverId, peer.accept, [country, countries, chgs]]);
  const known = await deps.places.place(peer.name, "pull");
  return {
    peer,
    gateway,
    deps,
    signal,
    filters,
    version: known?.version ?? 0,
    place: known?.filters === filters ? placeOf(known.cursors) : undefined,
    seen: new Set(),
    total: { batches: 0, keys: 0, counts: {} },
  };
}

type Step =
  | { readonly kind: "more" | "end" }
  | { readonly kind: "failed"; readonly refusal: Refusal };

const MORE: Step = { kind: "more" };
const CIRCLE = refuse("fetch_failed", "the gateway's batches lead in a circle: tell its operator");
const KEPT_SHORTER = refuse(
  "invalid_configuration",
  "the gateway keeps batches for fewer days: make efgs.maxAgeDays smaller",
);
const TOO_OLD = refuse("fetch_failed", "the gateway calls its own batches older than their date");

async function takeStep(run: DownloadRun, lastLookAt: number | undefined): Promise<Step> {
  const { peer, gateway, deps, signal, place } = run;
  const today = dayAt(deps.clockMs() / 1000);
  const firstDay = today - peer.efgs.maxAgeDays;
  const { tag, onlyNext, day } = nextQuestion(place, today, firstDay);
  if (tag !== undefined && !onlyNext && run.seen.has(tag)) {
    return { kind: "failed", refusal: CIRCLE };
  }
  const ask = (from: number) => downloadBatch(gateway.send, peer.efgs, dateText(from), tag, signal);
  let answer = await ask(day);
  if (answer.kind === "older") answer = await ask(Math.min(day, firstDay));
  switch (answer.kind) {
    case "failed":
      return answer;
    case "older":
      return { kind: "failed", refusal: TOO_OLD };
    case "none":
      return { kind: "end" };
    case "gone":
      if (tag === undefined) return { kind: "failed", refusal: KEPT_SHORTER };
      return beginAnew(run, firstDay, lastLookAt);
    case "batch":
      return await takeBatch(run, answer.batch, onlyNext, today);
  }
}

/** The batch is not there any more. Those that came after it are, unless we have not looked for too long. */
function beginAnew(run: DownloadRun, firstDay: number, lastLookAt: number | undefined): Step {
  const { place, deps, peer } = run;
  const lookedIn = lastLookAt !== undefined && dayAt(lastLookAt) > firstDay &&
    place?.nextTag === undefined;
  if (!lookedIn) {
    deps.onGap(peer.name);
    run.total.counts["gap"] = (run.total.counts["gap"] ?? 0) + 1;
  }
  run.place = undefined;
  return MORE;
}

async function takeBatch(
  run: DownloadRun,
  batch: DownloadedBatch,
  onlyNext: boolean,
  today: number,
): Promise<Step> {
  const { tag, nextTag } = batch;
  const day = dayOfTag(tag) ?? today;
  const place = { tag, day, ...(nextTag === undefined ? {} : { nextTag }) };
  const isCircle = nextTag !== undefined && (nextTag === tag || run.seen.has(nextTag));
  if (onlyNext) {
    run.seen.add(tag);
    if (nextTag === undefined) return { kind: "end" };
    if (isCircle) return { kind: "failed", refusal: CIRCLE };
    run.place = place;
    return MORE;
  }
  const refusal = await storeDownloaded(run, batch, place);
  if (refusal !== undefined) return { kind: "failed", refusal };
  run.seen.add(tag);
  if (isCircle) return { kind: "failed", refusal: CIRCLE };
  return nextTag === undefined ? { kind: "end" } : MORE;
}
