import { type ErrorCode, type Outcome, type Refusal, refuse } from "../../../src/errors.ts";
import type { Selection } from "../../../src/model/feed.ts";
import type { FeedPositions } from "../../outbound.ts";
import { wholeAgreement } from "../../policy/selection.ts";
import { outcomeOf } from "../../schedule/outcome.ts";
import type { SyncGateway } from "../../schedule/sync.ts";
import { keepSubscribed, type SubscriptionDependencies } from "./callback.ts";
import { downloadFrom } from "./download.ts";
import type { DownloadDependencies } from "./download-run.ts";
import type { GatewayConnection } from "./gateway-connection.ts";
import { type GatewayPeer, isGatewayPeer } from "./incoming-key.ts";
import { uploadTo } from "./upload.ts";
import type { UploadDependencies } from "./upload-run.ts";

/** What working with gateways needs. */
export type GatewaySyncDependencies = UploadDependencies & DownloadDependencies & {
  /** Opens the way to a gateway, with our certificates; refused with the member to mend. */
  readonly connect: (peer: GatewayPeer) => Promise<Outcome<GatewayConnection>>;
  readonly subscriptions: SubscriptionDependencies;
  /** How many keys of closed windows come after a place in our feed, up to a bound. */
  readonly keysToPush: (
    selection: Selection,
    after: FeedPositions,
    closedThrough: number,
  ) => Promise<number>;
  /** In [0, 1). */
  readonly random: () => number;
};

type Work = Parameters<SyncGateway>[2];
type Run = {
  readonly caughtUp: boolean;
  readonly progressed: boolean;
  readonly keys: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly failure?: Refusal & { readonly retryAfterMs?: number };
};

/** What a run comes to that could not begin. */
const unbegun = (failure: Refusal): Run => ({
  caughtUp: false,
  progressed: false,
  keys: 0,
  counts: {},
  failure,
});

/** Downloads what is new, sees to our subscription, and notes how it went. */
export function gatewayPull(deps: GatewaySyncDependencies): SyncGateway {
  return async (peer, before, work, signal) => {
    if (!isGatewayPeer(peer)) throw new TypeError("a peer that is no gateway");
    const gateway = await opened(deps, peer, work, signal);
    const run: Run = gateway.ok
      ? await downloadFrom(peer, gateway.value, deps, before?.succeededAt, signal)
      : unbegun(gateway);
    if (gateway.ok && run.caughtUp) {
      await keepSubscribed(peer, gateway.value, deps.subscriptions, signal);
    }
    await work.notes.note(peer.name, "pull", {
      ...outcomeOf(run, peer.pull.interval, before, deps.random()),
      ...(run.caughtUp ? { lagSeconds: 0 } : {}),
    });
    return { keys: run.keys, counts: run.counts };
  };
}

/** Uploads what is new and notes how it went. */
export function gatewayPush(deps: GatewaySyncDependencies): SyncGateway {
  return async (peer, before, work, signal) => {
    if (!isGatewayPeer(peer)) throw new TypeError("a peer that is no gateway");
    const gateway = await opened(deps, peer, work, signal);
    const run = gateway.ok
      ? await uploadTo(peer, gateway.value, deps, signal)
      : { ...unbegun(gateway), at: undefined };
    const { at } = run;
    const lagKeys = at === undefined || run.caughtUp
      ? undefined
      : await deps.keysToPush(wholeAgreement(peer), at, await deps.closedThrough());
    await work.notes.note(peer.name, "push", {
      ...outcomeOf(run, peer.push.interval, before, deps.random()),
      ...(run.caughtUp ? { lagSeconds: 0, lagKeys: 0 } : {}),
      ...(lagKeys === undefined ? {} : { lagKeys }),
    });
    return { keys: run.keys, counts: run.counts };
  };
}

/** The way to a gateway, on which nothing goes once the agreement is another one. */
async function opened(
  deps: GatewaySyncDependencies,
  peer: GatewayPeer,
  { checkAgreement }: Work,
  signal: AbortSignal,
): Promise<Outcome<GatewayConnection>> {
  const gateway = await deps.connect(peer);
  if (!gateway.ok) return gateway;
  const { send } = gateway.value;
  const ended: ErrorCode = "canceled";
  return {
    ok: true,
    value: {
      ...gateway.value,
      send: async (request) => {
        await checkAgreement();
        if (signal.aborted) return refuse(ended);
        const answer = await send(request);
        await checkAgreement();
        return answer;
      },
    },
  };
}
