import {
  gatewayPull,
  gatewayPush,
  type GatewaySyncDependencies,
} from "../../federation/efgs/client/sync.ts";
import type { FederationJobDependencies } from "../../federation/schedule/peer-run.ts";
import { gatewayState } from "../store/efgs/gateway-state.ts";
import { outgoingBatches } from "../store/efgs/outgoing.ts";
import { gatewayConnector } from "./efgs-client.ts";
import type { Foundation } from "./foundation.ts";

/** Working with gateways of the European kind, put together. */
export function gatewaySync(
  foundation: Foundation,
  jobs: Omit<FederationJobDependencies, "gateways">,
): FederationJobDependencies["gateways"] {
  const { database, config, log } = foundation;
  const deps: GatewaySyncDependencies = {
    ...jobs,
    outgoing: outgoingBatches(database),
    windowSeconds: config.windows.windowSeconds,
    connect: gatewayConnector(foundation),
    onGap: (peer) =>
      log.error("efgs-gap", {
        peer,
        text: "the gateway has no longer the batch to go on from: some keys may have been missed",
      }),
    onBadSignature: (peer, tag, origin, fault) =>
      log.warn("efgs-signature", { peer, tag, origin, fault }),
    subscriptions: {
      state: gatewayState(database),
      onFault: (peer, text) => log.warn("efgs-subscription", { peer, text }),
    },
  };
  return { pull: gatewayPull(deps), push: gatewayPush(deps) };
}
