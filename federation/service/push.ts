import { wayfarer } from "../../proto/gen/federation.js";
import { accept, type Outcome, refuse } from "../../src/errors.ts";
import { MAX_PEER_PAGE } from "../../src/model/resource/peer.ts";
import type { Authenticate } from "../auth/caller.ts";
import { type InboundDependencies, type KeyVerdict, receiveBatch } from "../inbound.ts";
import { REFUSALS } from "../policy/acceptance.ts";
import type { RateLimit } from "../rate.ts";
import type { RpcCall } from "../rpc/method.ts";
import { receivedKey } from "../wire.ts";
import { callerOf, refuseWhileOwing } from "./call.ts";
import type { PushAnswer, PushRequest } from "./method-table.ts";

/** What Push needs. */
export type PushDependencies = InboundDependencies & {
  readonly authenticate: Authenticate;
  readonly rate: RateLimit;
  /** How much one peer may push. */
  readonly maxPushKeysPerSecond: number;
};

const { Kind } = wayfarer.federation.v1.Verdict;
const MAX_BATCH_ID = 100;

/** Answers Push: judges and stores a batch, and tells a verdict on each key. */
export function pushHandler(
  deps: PushDependencies,
): (request: PushRequest, call: RpcCall) => Promise<Outcome<PushAnswer>> {
  return async (request, call) => {
    const startedAt = deps.clockMs();
    const caller = await callerOf(deps.authenticate, call, true);
    if (!caller.ok) return caller;
    const peer = caller.value;
    const { batchId, keys, revisedKeys } = request;
    const count = keys.length + revisedKeys.length;
    if (batchId === "" || batchId.length > MAX_BATCH_ID) {
      return refuse("invalid_argument", `batchId must have 1 to ${MAX_BATCH_ID} characters`);
    }
    if (count > MAX_PEER_PAGE) {
      return refuse("limit_exceeded", `more than ${MAX_PEER_PAGE} keys in a batch`);
    }
    const owing = refuseWhileOwing(deps.rate, peer, deps.maxPushKeysPerSecond, call);
    if (owing !== undefined) return owing;
    deps.rate.use(peer.name, deps.maxPushKeysPerSecond, count);
    const batch = { keys: keys.map(receivedKey), revised: revisedKeys.map(receivedKey) };
    const verdicts = await receiveBatch(deps, peer, batch, async (transaction, { counts }) => {
      if (count === 0) return;
      await transaction.addPage({
        peer: peer.name,
        kind: "pushed",
        keys: keys.length,
        revised: revisedKeys.length,
        verdicts: counts,
        tookMs: deps.clockMs() - startedAt,
      });
    });
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
