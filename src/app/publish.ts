import { Buffer } from "node:buffer";
import { setTimeout as delay } from "node:timers/promises";
import type { Job } from "../jobs.ts";
import { asSeconds } from "../model/ids.ts";
import { errorFields } from "../observe/log.ts";
import { chaffRing } from "../publish/chaff.ts";
import { issuerDirectories } from "../publish/issuer-directory.ts";
import { revisionKeys, rotateRevisionKeys } from "../publish/revision-keys.ts";
import { revisionTokens } from "../publish/revision-token.ts";
import { publishAlphaRoute, type PublishHandler, publishRoute } from "../publish/route.ts";
import { issuerKeyStore } from "../store/issuer-key.ts";
import { publishStore } from "../store/publish.ts";
import { revisionKeyStore } from "../store/revision-key.ts";
import type { Foundation } from "./foundation.ts";

/** Publishing, put together. */
export type PublishPart = {
  /** `POST /v1/publish`. */
  readonly publish: PublishHandler;
  /** `POST /` of the old API, when it is enabled. */
  readonly alpha?: PublishHandler;
  readonly jobs: readonly Job[];
};

const HOUR_MS = 3_600_000;

/** Puts publishing together. The first data key of revision tokens is made here when there is none. */
export async function publishPart(foundation: Foundation): Promise<PublishPart> {
  const { config, crypto, clock, database, log } = foundation;
  const fetchedKeys = issuerKeyStore(database);
  const revision = {
    crypto,
    store: revisionKeyStore(database),
    keyManager: foundation.keys,
    ...config.revision,
  };
  const keys = revisionKeys({ ...revision, nowMs: clock.monotonic });
  const deps = {
    settings: config.publish,
    crypto,
    resources: foundation.cache,
    directoryOf: issuerDirectories({ crypto, fetchedKeys, nowMs: clock.monotonic }),
    store: publishStore(database, config.publish),
    tokens: revisionTokens({
      crypto,
      keys,
      additionalData: config.revision.additionalData,
      minEntries: config.publish.tokenMinEntries,
    }),
    now: () => asSeconds(clock.now() / 1000),
    random: foundation.random,
    randomBytes: (length: number) =>
      Buffer.from(crypto.digests.getRandomValues(new Uint8Array(length))),
    ring: chaffRing(),
    admission: { inFlight: 0 },
    elapsedMs: clock.monotonic,
    delay: (milliseconds: number) => delay(milliseconds),
    events: {
      answered: () => {},
      failed: (error: unknown) => log.error("publish-failed", errorFields(error)),
    },
  };
  if (config.publish.releaseSameDayKeys) {
    log.warn("same-day-keys-are-released", {
      text: "DEBUG_RELEASE_SAME_DAY_KEYS is on: keys that can still be replayed are published",
    });
  }
  await keys.current();
  return {
    publish: publishRoute(deps),
    ...(config.publish.enableAlpha ? { alpha: publishAlphaRoute(deps) } : {}),
    jobs: [
      {
        name: "rotate-keys",
        intervalMs: HOUR_MS,
        timeoutMs: 60_000,
        run: () => rotateRevisionKeys(revision),
      },
    ],
  };
}
