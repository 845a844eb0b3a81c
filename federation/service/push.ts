import { wayfarer } from "../../proto/gen/federation.js";
import { accept, type Outcome, refuse } from "../../src/errors.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import { type InboundDependencies, judgeBatch, type KeyVerdict, storeBatch } from "../inbound.ts";
import { REFUSALS } from "../policy/acceptance.ts";
import type { RpcCall } from "../rpc/method.ts";
import { receivedKey } from "../wire.ts";
import { type AdmissionDependencies, pushAllowance } from "./admission.ts";
import type { PushAnswer, PushRequest } from "../messages.ts";
import { semaphore } from "./semaphore.ts";

/** What Push needs. */
export type PushDependencies = InboundDependencies & AdmissionDependencies;

const { Kind } = wayfarer.federation.v1.Verdict;
const MAX_BATCH_ID = 100;
/** Batches stored at the same time, whoever sends them: background work shares its few connections. */
const PUSHES_AT_A_TIME = 3;

/** Answers Push: judges and stores a batch, and tells a verdict on each key. */
export function pushHandler(
  deps: PushDependencies,
): (request: PushRequest, call: RpcCall, peer: Peer) => Promise<Outcome<PushAnswer>> {
  const storing = semaphore(PUSHES_AT_A_TIME);
  return async ({ batchId, keys, revisedKeys }, call, peer) => {
    const startedAt = deps.clockMs();
    const count = keys.length + revisedKeys.length;
    if (batchId === "" || batchId.length > MAX_BATCH_ID) {
      return refuse("invalid_argument", `batchId must have 1 to ${MAX_BATCH_ID} characters`);
    }
    const allowance = pushAllowance(deps, peer);
    allowance.use(Math.max(count, allowance.leastCost));
    if (count === 0) return accept({ verdicts: [], revisedVerdicts: [] });
    const batch = { keys: keys.map(receivedKey), revised: revisedKeys.map(receivedKey) };
    const judged = judgeBatch(deps, peer, batch);
    const verdicts = await storing(
      call.signal,
      () =>
        storeBatch(deps, peer, judged, async (transaction, { counts }) => {
          await transaction.addPage({
            peer: peer.name,
            kind: "pushed",
            keys: keys.length,
            revised: revisedKeys.length,
            verdicts: counts,
            tookMs: deps.clockMs() - startedAt,
          });
        }),
    );
    return accept({
      verdicts: verdicts.keys.map(wireVerdict),
      revisedVerdicts: verdicts.revised.map(wireVerdict),
    });
  };
}

const KINDS = {
  stored: Kind.STORED,
  revised: Kind.REVISED,
  duplicate: Kind.DUPLICATE,
} as const satisfies Record<Exclude<KeyVerdict["kind"], "refused">, number>;

function wireVerdict(verdict: KeyVerdict): { verdict: number; reason?: string } {
  if (verdict.kind !== "refused") return { verdict: KINDS[verdict.kind] };
  return { verdict: Kind.REFUSED, reason: `${verdict.reason}: ${REFUSALS[verdict.reason]}` };
}
