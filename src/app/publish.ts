import { setImmediate } from "node:timers";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError, type Outcome } from "../errors.ts";
import { MAX_REGISTRATION_BYTES, type Registration } from "../attest/registration/register.ts";
import { exportsCarrying } from "../export/windows-for.ts";
import { guardedFetch } from "../http/guarded-fetch.ts";
import type { Job, JobWork } from "../jobs.ts";
import { MAX_JWKS_BYTES } from "../keys/jwks.ts";
import { asSeconds } from "../model/ids.ts";
import { DAY_SECONDS } from "../model/interval.ts";
import { VENDOR_BUDGET_MS } from "../model/resource/attestation.ts";
import { sparingLog } from "../observe/sparing-log.ts";
import { errorFields } from "../observe/log.ts";
import { filler } from "../publish/filler.ts";
import { guestRoute } from "../publish/guest-route.ts";
import { latencyRing } from "../publish/latency-ring.ts";
import { type DryRun, rehearse } from "../publish/dry-run.ts";
import { parsePublish } from "../publish/request-parser.ts";
import { issuerDirectories } from "../publish/issuer-directory.ts";
import { preciseDelay } from "../publish/precise-delay.ts";
import {
  REFRESH_SECONDS,
  refreshIssuer,
  refreshIssuerKeys,
} from "../publish/refresh-issuer-keys.ts";
import { REREAD_PATIENCE_MS, rereadIssuerKeys } from "../publish/reread-issuer-keys.ts";
import {
  type RevisionKeyDependencies,
  type RevisionKeys,
  revisionKeys,
  rotateRevisionKeys,
} from "../publish/revision-keys.ts";
import { revisionTokens } from "../publish/revision-token.ts";
import {
  publishAlphaRoute,
  type PublishEvent,
  type PublishHandler,
  publishRoute,
  type PublishRouteDependencies,
} from "../publish/route.ts";
import { statsRoute } from "../publish/stats-route.ts";
import { agreedTime } from "../store/agreed-time.ts";
import { type IssuerKeyStore, issuerKeyStore } from "../store/publish/issuer-key.ts";
import { publishStore } from "../store/publish/publish.ts";
import { publishStats } from "../store/publish/stat.ts";
import { revisionKeyStore } from "../store/publish/revision-key.ts";
import { attestPart, warnOfAttestations } from "./attest.ts";
import { type PublishHealth, publishHealth } from "./publish-health.ts";
import type { Foundation } from "./foundation.ts";
import { randomBytesOf } from "./random-bytes.ts";

/** Publishing, put together. */
export type PublishPart = {
  /** `POST /v1/publish`. */
  readonly publish: PublishHandler;
  /** `POST /` of the old API, when it is enabled. */
  readonly alpha?: PublishHandler;
  /** `POST /v1/stats`. */
  readonly stats: PublishHandler;
  /** `POST /v1/attest/challenge`. */
  readonly attestChallenge: PublishHandler;
  /** `POST /v1/attest/key`. */
  readonly attestKey: PublishHandler;
  /** Goes through a publish without storing anything; `body` is that of `POST /v1/publish`. */
  readonly rehearse: (body: Uint8Array) => Promise<Outcome<DryRun>>;
  /** How fetching issuers' keys goes. */
  readonly issuerKeys: Pick<IssuerKeyStore, "states" | "standings">;
  /** Requests that are there now, by what is done with them. */
  readonly load: () => Readonly<Record<string, number>>;
  /** Whether publishes are being stored. */
  readonly health: PublishHealth;
  readonly jobs: readonly Job[];
};

/** A key set that failed is asked again after ten seconds. */
const JWKS_LOOK_MS = 5_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** What publishing works with. */
export type PublishParts = {
  readonly route: PublishRouteDependencies;
  readonly revision: RevisionKeyDependencies;
  readonly dataKeys: RevisionKeys;
  readonly issuerKeys: IssuerKeyStore;
  readonly registration: Registration;
  readonly health: PublishHealth;
};

/** Makes the parts of publishing. `counted` is told of every answer. */
export function publishParts(
  foundation: Foundation,
  counted: (event: PublishEvent) => void = () => {},
): PublishParts {
  const { config, crypto, clock, database, log } = foundation;
  const issuerKeys = issuerKeyStore(database);
  const revision: RevisionKeyDependencies = {
    crypto,
    store: revisionKeyStore(database),
    keyManager: foundation.keys,
    wrappingKey: config.revision.wrappingKey,
    settings: config.revision,
  };
  const health = publishHealth(clock.monotonic);
  const failed = sparingLog(log, "error", "publish-failed", 1000);
  const keys = revisionKeys(revision, clock.monotonic);
  const attestation = attestPart(foundation);
  const route: PublishRouteDependencies = {
    settings: config.publish,
    crypto,
    resources: foundation.cache,
    directoryOf: issuerDirectories({ crypto, fetchedKeys: issuerKeys, nowMs: clock.monotonic }),
    rereadIssuerKeys: rereadIssuerKeys({
      refresh: (name) => refreshIssuer(refreshDeps(foundation, issuerKeys, 0), name),
      nowMs: clock.monotonic,
      maxWaiting: Math.ceil(config.publish.maxInFlight / 2),
      patienceMs: REREAD_PATIENCE_MS,
    }),
    attest: attestation.attest,
    store: publishStore(database, config.publish, foundation.clocks.processSeconds),
    tokens: revisionTokens({
      crypto,
      keys,
      additionalData: config.revision.additionalData,
      minEntries: config.publish.tokenMinEntries,
    }),
    now: () => asSeconds(clock.now() / 1000),
    clocksAgree: foundation.clocksAgree,
    answerWithinMs: database.answerWithinMs + VENDOR_BUDGET_MS,
    random: foundation.random,
    fill: filler(randomBytesOf(crypto), foundation.random),
    ring: latencyRing(),
    admission: { receiving: 0, inFlight: 0 },
    elapsedMs: clock.monotonic,
    delay: preciseDelay({ elapsedMs: clock.monotonic, sleep, turn: setImmediate }),
    exportWindowsFor: async (regions, traveler, window) => {
      const view = await foundation.cache.view();
      return exportsCarrying(view.list("ExportConfig"), { regions, traveler }, window);
    },
    events: {
      answered: (event) => {
        foundation.metrics.publishAnswered(event);
        counted(event);
        health.answered(event);
      },
      failed: (error) => failed(errorFields(error)),
    },
  };
  return {
    route,
    revision,
    dataKeys: keys,
    issuerKeys,
    registration: attestation.registration,
    health,
  };
}

/**
 * Puts publishing together. The first data key of revision tokens is made here when there is none; a key manager that
 * is away is asked again with the first publish. `counted` is told of every answer.
 */
export async function publishPart(
  foundation: Foundation,
  counted: (event: PublishEvent) => void,
): Promise<PublishPart> {
  const { config, database, log } = foundation;
  const { route, revision, dataKeys, issuerKeys, registration, health } = publishParts(
    foundation,
    counted,
  );
  const stats = publishStats(database);
  // Old keys and statistics are deleted: not by a clock that may be wrong.
  const agree = agreedTime(database, foundation.clocks);
  if (config.publish.releaseSameDayKeys) {
    log.warn("same-day-keys-are-released", {
      text: "DEBUG_RELEASE_SAME_DAY_KEYS is on: keys that can still be replayed are published",
    });
  }
  await warnOfAttestations(foundation);
  await dataKeys.current().catch((error: unknown) => {
    if (!(error instanceof AppError) || error.code !== "key_unavailable") throw error;
    log.error("revision-keys-unavailable", errorFields(error));
  });
  return {
    publish: publishRoute(route),
    ...(config.publish.enableAlpha ? { alpha: publishAlphaRoute(route) } : {}),
    stats: statsRoute({ ...route, stats }),
    attestChallenge: guestRoute(route, MAX_REGISTRATION_BYTES, registration.challenge),
    attestKey: guestRoute(route, MAX_REGISTRATION_BYTES, registration.register),
    rehearse: async (body) => {
      const request = parsePublish(body, config.publish.maxKeys);
      return request.ok ? await rehearse(route, request.value) : request;
    },
    issuerKeys,
    health,
    load: () => ({ receiving: route.admission.receiving, working: route.admission.inFlight }),
    jobs: [
      {
        name: "rotate-keys",
        intervalMs: HOUR_MS,
        timeoutMs: MINUTE_MS,
        run: async () => {
          await agree();
          return await rotateRevisionKeys(revision);
        },
      },
      {
        name: "refresh-jwks",
        intervalMs: JWKS_LOOK_MS,
        timeoutMs: 5 * MINUTE_MS,
        run: refreshJob(foundation, issuerKeys, REFRESH_SECONDS),
        runNow: refreshJob(foundation, issuerKeys, 0),
      },
      {
        name: "statistics",
        intervalMs: 10 * MINUTE_MS,
        timeoutMs: 5 * MINUTE_MS,
        run: async () => {
          await agree();
          const keepDays = Math.ceil(config.export.cleanupTtlSeconds / DAY_SECONDS);
          return { rolledUp: await stats.rollUp(keepDays) };
        },
      },
    ],
  };
}

/** Reads issuers' key sets; a set that cannot be read is told by the log, by the job and by the Issuer's status. */
function refreshJob(foundation: Foundation, store: IssuerKeyStore, everySeconds: number): JobWork {
  return (_signal, noteFailure) =>
    refreshIssuerKeys(refreshDeps(foundation, store, everySeconds, noteFailure));
}

function refreshDeps(
  foundation: Foundation,
  store: IssuerKeyStore,
  everySeconds: number,
  noteFailure: (reason: string) => void = () => {},
) {
  return {
    crypto: foundation.crypto,
    resources: foundation.cache,
    store,
    everySeconds,
    failed: (issuer: string, error: string) => {
      foundation.log.warn("issuer-keys-failed", { issuer, error });
      noteFailure(`${issuer}: ${error}`);
    },
    fetchKeySet: (uri: string) =>
      guardedFetch(uri, { ...foundation.outgoing, maxBytes: MAX_JWKS_BYTES }),
  };
}
