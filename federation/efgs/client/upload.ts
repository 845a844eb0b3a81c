import { type Refusal, refuse } from "../../../src/errors.ts";
import type { NewOutgoingBatch, OutgoingBatch } from "../../../src/model/efgs-batch.ts";
import { cursorsOf, positionsOf } from "../../client/push.ts";
import type { FeedPositions } from "../../outbound.ts";
import { type EfgsKey, readBatch, writeBatch } from "../wire/batch.ts";
import type { GatewayConnection } from "./gateway-connection.ts";
import type { GatewayPeer } from "./incoming-key.ts";
import { uploadBatch } from "./upload-call.ts";
import { newBatch, notePage, type PreparedPage, preparePage } from "./upload-page.ts";
import {
  addCounts,
  beginRun,
  signerFault,
  type UploadDependencies,
  type UploadRun,
} from "./upload-run.ts";
import { type Rest, type UploadStep, uploadStep } from "./upload-step.ts";

/** How an upload ended. */
export type UploadResult = {
  readonly batches: number;
  readonly keys: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly caughtUp: boolean;
  readonly at: FeedPositions;
  /** Whether it came further. */
  readonly progressed: boolean;
  readonly failure?: Refusal & { readonly retryAfterMs?: number };
};

/**
 * Uploads our country's keys batch by batch from where the last upload ended, until nothing is left, the signal is
 * aborted or the gateway fails. A batch is noted before it is sent, and the place in our feed moves in the transaction
 * that notes the gateway's verdict on the last of a page: so a repeat is known as one, whoever is killed when. A batch
 * with a bad key is halved down to that key, which is refused; nothing is sent again for ever. For one process at a time.
 */
export async function uploadTo(
  peer: GatewayPeer,
  gateway: GatewayConnection,
  deps: UploadDependencies,
  signal: AbortSignal,
): Promise<UploadResult> {
  const run = await beginRun(peer, gateway, deps, signal);
  const ended = (caughtUp: boolean, failure?: UploadResult["failure"]): UploadResult => ({
    ...run.total,
    caughtUp,
    at: run.at,
    progressed: run.total.batches > 0,
    ...(failure === undefined ? {} : { failure }),
  });
  const unusable = signerFault(run);
  if (unusable !== undefined) return ended(false, unusable);
  /** The page after the batch that is on its way: read and signed while the gateway stores that one. */
  let upcoming: { readonly from: string; readonly page: Promise<PreparedPage> } | undefined;
  const prepare = (from: FeedPositions): NonNullable<typeof upcoming> => {
    const page = preparePage(run, from);
    page.catch(() => {}); // It is thrown where it is waited for.
    return { from: placeText(from), page };
  };
  try {
    while (!signal.aborted) {
      const batch = await deps.outgoing.first(peer.name);
      if (batch === undefined) {
        if (upcoming?.from !== placeText(run.at)) upcoming = prepare(run.at);
        const page = await upcoming.page;
        upcoming = undefined;
        if (!await notePage(run, page)) return ended(true);
        continue;
      }
      const after = positionsOf(batch.next);
      if (batch.waitSeconds === 0 && upcoming?.from !== placeText(after)) upcoming = prepare(after);
      const failure = await sendBatch(run, batch);
      if (signal.aborted) break;
      if (failure !== undefined) return ended(false, failure);
    }
    return ended(false);
  } finally {
    await upcoming?.page.catch(() => {});
  }
}

const placeText = (at: FeedPositions): string => JSON.stringify(cursorsOf(at));

const OWN_PACE = refuse("resource_exhausted", "send.maxKeysPerSecond of the agreement is used up");

/** Sends a batch that is noted, and does what its answer says; a failure ends the run. */
async function sendBatch(
  run: UploadRun,
  batch: OutgoingBatch,
): Promise<UploadResult["failure"] | undefined> {
  const { peer, deps, signal } = run;
  const { efgs, send } = peer;
  if (batch.held !== undefined && efgs.existing === "hold") {
    return refuse("invalid_argument", batch.held);
  }
  if (batch.waitSeconds > 0) return { ...SETTLING, retryAfterMs: batch.waitSeconds * 1000 };
  const retryAfterMs = deps.pace.waitMs(peer.name, send.maxKeysPerSecond);
  if (retryAfterMs > 0) return { ...OWN_PACE, retryAfterMs };
  const startedAt = deps.clockMs();
  await deps.outgoing.begin(batch.id);
  const body = efgs.format === "protobuf"
    ? new Uint8Array(batch.keys)
    : writeBatch(keysOf(batch), "json");
  const request = { ...batch, format: efgs.format, body };
  const answer = await uploadBatch(run.gateway.send, request, signal);
  deps.pace.use(peer.name, send.maxKeysPerSecond, batch.keyCount);
  const step = uploadStep(answer, batch, batch.keyCount, efgs.existing);
  switch (step.kind) {
    case "settle":
      await settle(run, batch, step, deps.clockMs() - startedAt);
      return undefined;
    case "repeat":
      if (step.unsettled) await deps.outgoing.unsettle(batch.id);
      return { ...step.refusal, retryAfterMs: SETTLE_MS };
    case "fail":
      await deps.outgoing.undo(batch.id);
      return step.refusal;
    case "hold":
      await deps.outgoing.hold(batch.id, step.reason);
      return refuse("invalid_argument", step.reason);
  }
}

const SETTLE_MS = 300_000;
const SETTLING = refuse(
  "unavailable",
  "the answer to a batch was lost: it is sent again when the gateway must be done with it",
);

/** Notes the verdicts, what is sent again, and the place in our feed once nothing of the page is left: all or nothing. */
async function settle(
  run: UploadRun,
  batch: OutgoingBatch,
  { verdicts, rest }: Extract<UploadStep, { kind: "settle" }>,
  tookMs: number,
): Promise<void> {
  const { peer, deps } = run;
  const keys = rest.length === 0 ? [] : keysOf(batch);
  const again = await Promise.all(rest.map((part) => batchOfRest(run, batch, keys, part)));
  const done = Object.values(verdicts).reduce((sum, count) => sum + count, 0);
  const moved = await deps.inbound.transaction(async (transaction) => {
    const left = await transaction.settleOutgoing(batch.id, again);
    if (done > 0) {
      const page = {
        peer: peer.name,
        kind: "push",
        keys: done,
        revised: 0,
        verdicts,
        tookMs,
      } as const;
      await transaction.addPage(page);
      await transaction.addBatches([{
        peer: peer.name,
        direction: "push",
        tag: batch.tag,
        origin: peer.efgs.country,
        keys: done,
        signature: "own",
        verdicts,
      }]);
    }
    if (left > 0) return false;
    await transaction.moveCursor(peer.name, "push", run.filters, batch.next, run.version);
    return true;
  });
  if (moved) {
    run.version += 1;
    run.at = positionsOf(batch.next);
  }
  run.total.batches += 1;
  run.total.keys += done;
  addCounts(run, verdicts);
}

function keysOf({ keys }: OutgoingBatch): readonly EfgsKey[] {
  const read = readBatch(keys, "protobuf");
  if (!read.ok) throw new TypeError("a noted batch cannot be read");
  return read.value;
}

async function batchOfRest(
  run: UploadRun,
  batch: OutgoingBatch,
  keys: readonly EfgsKey[],
  { keys: indices, failed }: Rest,
): Promise<NewOutgoingBatch> {
  const named = (list: readonly number[]) => list.flatMap((index) => keys[index] ?? []);
  return await newBatch(run, named(indices), named(failed), batch.next, batch.known);
}
