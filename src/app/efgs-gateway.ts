import { efgsGateway } from "../../federation/efgs/gateway/gateway.ts";
import { callSubscribers, makeBatches } from "../../federation/efgs/gateway/jobs.ts";
import { type Registry, registryOf } from "../../federation/efgs/gateway/registry.ts";
import { allowedAddresses, guardedFetch } from "../http/guarded-fetch.ts";
import { newRequestId } from "../http/request-id.ts";
import type { Job } from "../jobs.ts";
import { errorFields } from "../observe/log.ts";
import type { Handler } from "../runtime/runtime.ts";
import { gatewayBatches } from "../store/efgs/gateway-batches.ts";
import { gatewayCallbacks } from "../store/efgs/gateway-callbacks.ts";
import { gatewayUploads } from "../store/efgs/gateway-uploads.ts";
import { leases } from "../store/lease.ts";
import { holdLease } from "../store/lease-hold.ts";
import type { Foundation } from "./foundation.ts";

/** A gateway of the European kind, put together. */
export type EfgsGatewayPart = { readonly handler: Handler; readonly jobs: readonly Job[] };

const LEASE_SECONDS = 60;
const MINUTE_MS = 60_000;
/** For one call to a subscriber. */
const CALLBACK_TIMEOUT_MS = 10_000;
/** What a subscriber answers is not looked at. */
const MAX_CALLBACK_BYTES = 1024;

/** Puts the gateway together. */
export function efgsGatewayPart(foundation: Foundation): EfgsGatewayPart {
  const { config, database, crypto, clock, log, cache, outgoing } = foundation;
  const { efgs } = config;
  const batches = gatewayBatches(database);
  const callbacks = gatewayCallbacks(database);
  const identity = config.clientIdentity;
  const jobs = {
    batches,
    callbacks,
    maxBatchKeys: efgs.maxBatchKeys,
    maxAgeDays: efgs.maxAgeDays,
    clockMs: clock.now,
    hold: (name: string) => holdLease(leases(database), name, newRequestId(crypto), LEASE_SECONDS),
    call: (url: string, signal: AbortSignal) => {
      const policy = {
        ...outgoing,
        ...(identity === undefined ? {} : { identity }),
        timeoutMs: CALLBACK_TIMEOUT_MS,
        maxBytes: MAX_CALLBACK_BYTES,
      };
      return guardedFetch(url, policy, {
        signal,
        headers: { "user-agent": "EFGS Callback Engine" },
        accepts: (status) => status >= 200 && status < 300,
      });
    },
    onOversized: (uploads: number) =>
      log.error("efgs-upload-too-large", {
        uploads,
        text: "uploads are larger than a batch may be and wait: raise EFGS_MAX_BATCH_KEYS",
      }),
  };
  return {
    handler: efgsGateway({
      registry: registryReader(cache),
      uploads: gatewayUploads(database),
      batches,
      callbacks,
      settings: efgs,
      mayCall: (url) => allowedAddresses(url, outgoing),
      clockMs: clock.now,
      onError: (error) => log.error("efgs-gateway-failed", errorFields(error)),
    }),
    jobs: [
      {
        name: "efgs-batches",
        intervalMs: efgs.batchIntervalMs,
        timeoutMs: 5 * MINUTE_MS,
        run: () => makeBatches(jobs),
      },
      {
        name: "efgs-callbacks",
        intervalMs: Math.min(efgs.batchIntervalMs, MINUTE_MS),
        timeoutMs: 5 * MINUTE_MS,
        run: (signal) => callSubscribers(jobs, signal),
      },
    ],
  };
}

/** The registry of the newest view; read anew only when a resource has changed. */
function registryReader(cache: Foundation["cache"]): () => Promise<Registry> {
  let known: { readonly revision: number; readonly registry: Registry } | undefined;
  return async () => {
    const view = await cache.view();
    if (known === undefined || known.revision !== view.revision) {
      known = { revision: view.revision, registry: registryOf(view.list("Country")) };
    }
    return known.registry;
  };
}
