import { type CallCredentials, callCredentials } from "../../federation/auth/call-credentials.ts";
import { authenticator } from "../../federation/auth/caller.ts";
import { callbackReceiver } from "../../federation/efgs/client/callback.ts";
import { issuerKeys } from "../../federation/auth/issuer-keys.ts";
import { type OwnKeyOptions, rotateOwnKeys } from "../../federation/auth/own-keys.ts";
import { type OwnSigner, ownSigner } from "../../federation/auth/signer.ts";
import { clientOpener, type Transports } from "../../federation/client/peer-client.ts";
import { draftPeer, type PeerDraft } from "../../federation/client/draft.ts";
import { pullJob, pushJob } from "../../federation/schedule/jobs.ts";
import type { FederationJobDependencies } from "../../federation/schedule/peer-run.ts";
import { recentWatermark } from "../../federation/outbound.ts";
import { syncNow, type SyncResult } from "../../federation/schedule/peer-run.ts";
import { rateLimit } from "../../federation/rate.ts";
import { sentDigests } from "../../federation/service/sent-digests.ts";
import { historyWriter } from "../../federation/service/history.ts";
import {
  federationServer,
  type FederationServerOptions,
  MAX_BODY_BYTES,
} from "../../federation/service/server.ts";
import { type PeerStatus, peerStatuses } from "../../federation/schedule/status.ts";
import { tidyFederation } from "../../federation/schedule/tidy.ts";
import { pause } from "../bounds/deadline.ts";
import type { Outcome } from "../errors.ts";
import { newRequestId } from "../http/request-id.ts";
import type { Job } from "../jobs.ts";
import { asServerId } from "../model/ids.ts";
import { errorFields } from "../observe/log.ts";
import { sparingLog } from "../observe/sparing-log.ts";
import type { Handler } from "../runtime/runtime.ts";
import { type BatchRecords, batchRecords, type BatchShown } from "../store/efgs/batch-records.ts";
import { gatewayState } from "../store/efgs/gateway-state.ts";
import { federationBacklog } from "../store/federation/backlog.ts";
import { federationDigests } from "../store/federation/digest.ts";
import { federationFeed } from "../store/federation/feed.ts";
import { federationInbound } from "../store/federation/inbound.ts";
import { federationKeys } from "../store/federation/own-key.ts";
import { type FederationPages, federationPages } from "../store/federation/page.ts";
import { type FederationPeers, federationPeers } from "../store/federation/peer.ts";
import { leases } from "../store/lease.ts";
import { holdLease } from "../store/lease-hold.ts";
import { type SeenTokens, seenTokens } from "../store/federation/seen-token.ts";
import { sealedCursors } from "./cursor-key.ts";
import type { gatewaySync } from "./efgs-sync.ts";
import type { Foundation } from "./foundation.ts";
import { type PeerFigures, peerFigures } from "./peer-figures.ts";
import {
  documentReader,
  type FederationRuntime,
  formPoster,
  peerTransports,
} from "./peer-transports.ts";

/** Federation, put together. */
export type FederationPart = {
  /** Fetch, Push and Describe, in all encodings. */
  readonly rpc: Handler;
  /** What gateways of the European kind call. */
  readonly callback: Handler;
  /** Our tokens' discovery document and key set. */
  readonly signer: Pick<OwnSigner, "discovery" | "jwks">;
  readonly jobs: readonly Job[];
  readonly status: () => Promise<readonly PeerStatus[]>;
  /** The same in numbers, for metrics. */
  readonly figures: () => Promise<PeerFigures>;
  /** What came from a gateway or went to it in its last batches. */
  readonly batches: (peer: string) => Promise<readonly BatchShown[]>;
  /** Pulls from and pushes to a peer now, as far as that is switched on. */
  readonly sync: (name: string, signal: AbortSignal) => Promise<readonly SyncResult[]>;
  /** A draft of an agreement with the server at a URL, everything off. */
  readonly draft: (url: string, signal: AbortSignal) => Promise<Outcome<PeerDraft>>;
};

const HOUR_MS = 3_600_000;
/** Records of batches that are shown. */
const SHOWN_BATCHES = 1000;
/** A peer belongs to one worker for that long after it was last heard of. */
const LEASE_SECONDS = 15;
/** How soon a closed window is noticed. */
const LOOK_MS = 1000;

/** What federation works with. */
export type FederationParts = {
  readonly signer: OwnSigner;
  readonly ownKeys: OwnKeyOptions;
  readonly transports: Transports;
  readonly credentials: CallCredentials;
  readonly server: FederationServerOptions;
  readonly jobs: FederationJobDependencies;
  readonly places: FederationPeers;
  readonly pages: FederationPages;
  readonly seenTokens: SeenTokens;
  readonly batches: BatchRecords;
};

/** Makes the parts of federation. */
export async function federationParts(
  foundation: Foundation,
  runtime: FederationRuntime,
): Promise<FederationParts> {
  const { config, crypto, database, clock, log } = foundation;
  const clockMs = clock.now;
  const serverId = asServerId(config.serverId);
  const peers = async (maxAgeMs?: number) => (await foundation.cache.view(maxAgeMs)).list("Peer");
  const ownKeys = {
    store: federationKeys(database),
    keys: foundation.keys,
    crypto,
    clockMs,
    serverId,
    ...(config.keys.federationKey === undefined ? {} : { reference: config.keys.federationKey }),
  };
  const signer = ownSigner(ownKeys);
  const seen = seenTokens(database);
  const places = federationPeers(database);
  const pages = federationPages(database);
  const batches = batchRecords(database);
  const digests = federationDigests(database);
  const onError = (error: unknown, requestId: string): void =>
    log.error("federation-failed", { requestId, ...errorFields(error) });
  const unauthenticated = sparingLog(log, "warn", "peer-not-authenticated", 1000);
  const shared = {
    feed: federationFeed(database),
    inbound: federationInbound(database, {
      windowSeconds: config.windows.windowSeconds,
      writeTimeoutMs: config.statementTimeoutMs,
      processSeconds: foundation.clocks.processSeconds,
    }),
    closedThrough: recentWatermark(foundation.windows.closedThrough, clockMs),
    serverId,
    clockMs,
    maxAgeSeconds: config.publish.maxKeyAgeSeconds,
  };
  const transports = peerTransports(foundation, runtime);
  const credentials = callCredentials({
    ownToken: signer.token,
    post: formPoster(foundation),
    crypto,
    clockMs,
  });
  const peerJobs: Omit<FederationJobDependencies, "gateways"> = {
    ...shared,
    // Each look asks anew, so that a closed window goes out at the next one.
    closedThrough: foundation.windows.closedThrough,
    peers,
    openClient: clientOpener(transports, credentials),
    notes: places,
    places,
    statuses: places.statuses,
    pulledDigests: digests.pulled,
    keysToPush: federationBacklog(database),
    pace: rateLimit(clock.monotonic),
    crypto,
    random: foundation.random,
    hold: (name) => holdLease(leases(database), name, newRequestId(crypto), LEASE_SECONDS),
    onError: (peer, direction, error) =>
      log.error("peer-failed", { peer, direction, ...errorFields(error) }),
    intervalMs: Math.min(config.jobIntervalMs, LOOK_MS),
  };
  const jobs = { ...peerJobs, gateways: gatewaysOf(foundation, peerJobs) };
  const server: FederationServerOptions = {
    ...shared,
    authenticate: authenticator({
      peers,
      serverId,
      issuerKeys: issuerKeys({ readDocument: documentReader(foundation), crypto, clockMs }),
      seenTokens: seen,
      crypto,
      clockMs,
    }),
    cursors: sealedCursors(foundation),
    rate: rateLimit(clock.monotonic),
    monotonicMs: clock.monotonic,
    delay: pause,
    record: historyWriter(pages.add, (error) => onError(error, "")),
    onUnauthenticated: (cause, requestId) => unauthenticated({ cause, requestId }),
    maxPushKeysPerSecond: config.peerMaxKeysPerSecond,
    sent: sentDigests(digests),
    publicKeys: async () => await (await signer.jwks()).text(),
    protocols: runtime.trailers.ok ? ["connect", "grpc"] : ["connect"],
    maxBodyBytes: MAX_BODY_BYTES,
    keptSeconds: config.export.cleanupTtlSeconds,
    requestId: () => newRequestId(crypto),
    onError,
  };
  return {
    signer,
    ownKeys,
    transports,
    credentials,
    server,
    jobs,
    places,
    pages,
    seenTokens: seen,
    batches,
  };
}

/** Puts federation together. */
export async function federationPart(
  foundation: Foundation,
  runtime: FederationRuntime,
): Promise<FederationPart> {
  const parts = await federationParts(foundation, runtime);
  const { signer, ownKeys, transports, server, jobs, places, pages, seenTokens, batches } = parts;
  const { peers, clockMs } = jobs;
  return {
    signer,
    rpc: federationServer(server),
    callback: callbackReceiver({ peers, wake: gatewayState(foundation.database).wake }),
    jobs: [pullJob(jobs), pushJob(jobs), {
      name: "federation-upkeep",
      intervalMs: HOUR_MS,
      timeoutMs: HOUR_MS,
      run: async () => {
        await rotateOwnKeys(ownKeys);
        const names = (await peers()).map(({ name }) => name);
        return {
          ...await tidyFederation({ peers, pages, seenTokens, places, clockMs }),
          batchRecords: await batches.forget(foundation.config.export.cleanupTtlSeconds, names),
        };
      },
    }],
    status: () => peerStatuses({ peers, statuses: places.statuses, pages }),
    figures: () => peerFigures({ peers, statuses: places.statuses, perDay: pages.perDay }),
    batches: (peer) => batches.last(peer, SHOWN_BATCHES),
    sync: (name, signal) => syncNow(jobs, name, signal),
    draft: (url, signal) => draftPeer(url, transports, signal),
  };
}

/** Working with European gateways, which is loaded when the first of them is due. */
function gatewaysOf(
  ...parts: Parameters<typeof gatewaySync>
): FederationJobDependencies["gateways"] {
  let loaded: Promise<FederationJobDependencies["gateways"]> | undefined;
  const load = () =>
    loaded ??= import("./efgs-sync.ts").then((module) => module.gatewaySync(...parts));
  return {
    pull: async (peer, before, work, signal) =>
      await (await load()).pull(peer, before, work, signal),
    push: async (peer, before, work, signal) =>
      await (await load()).push(peer, before, work, signal),
  };
}
