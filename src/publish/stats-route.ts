import {
  accept,
  asAppError,
  type ErrorCode,
  ERRORS,
  type Outcome,
  publishCode,
  refuse,
} from "../errors.ts";
import { checkTimes, hasAudience, readJwt, verifyJwt } from "../keys/jwt.ts";
import type { Seconds } from "../model/ids.ts";
import { storeFailure } from "../store/failure.ts";
import type { PublishStats } from "../store/publish/stat.ts";
import type { ResourceCache } from "../store/resource/cache.ts";
import { type Admission, receive } from "./admission.ts";
import { padding, type Randomness, textAnswer } from "./answer.ts";
import { findSigner, ISSUER_JWT, issuersToReread } from "./certificate.ts";
import type { DirectoryOf } from "./issuer-directory.ts";
import { mediaTypeFault } from "./media-type.ts";
import { parseStatsRequest } from "./request-parser.ts";
import type { RereadIssuerKeys } from "./reread-issuer-keys.ts";
import type { PublishEvents, PublishHandler } from "./route.ts";
import type { PublishSettings } from "./settings.ts";
import { statsCsv, type StatsDay, statsDays } from "./stats.ts";

/** What the statistics route needs. */
export type StatsRouteDependencies = Randomness & {
  readonly settings: PublishSettings;
  readonly resources: ResourceCache;
  readonly directoryOf: DirectoryOf;
  readonly rereadIssuerKeys: RereadIssuerKeys;
  readonly stats: PublishStats;
  /** Shared with the routes of publishes. */
  readonly admission: Admission;
  /** UTC seconds by this process's clock: tokens are checked by it, days by the database's. */
  readonly now: () => Seconds;
  readonly events: Pick<PublishEvents, "failed">;
};

const VERSION = "v1";
const RETRY_AFTER_SECONDS = 5;
const BEARER = /^Bearer +(\S+)$/i;

/** `POST /v1/stats`: an issuer's statistics as JSON, or CSV with `Accept: text/csv`. Never rejects. */
export function statsRoute(deps: StatsRouteDependencies): PublishHandler {
  return async (request) => {
    let outcome: Outcome<readonly StatsDay[]>;
    try {
      outcome = await report(deps, request);
    } catch (thrown) {
      const error = asAppError(storeFailure(thrown));
      deps.events.failed(error);
      outcome = refuse(error.code, error.code === "internal" ? undefined : error.message);
    }
    if (!outcome.ok) return refused(deps, outcome.code, outcome.message);
    if (request.headers.get("accept")?.toLowerCase().includes("text/csv") === true) {
      return new Response(statsCsv(outcome.value), {
        headers: {
          "content-type": "text/csv; charset=utf-8",
          "cache-control": "no-store",
          "x-api-version": VERSION,
        },
      });
    }
    const body = { days: outcome.value, padding: padding(deps.settings, deps) };
    return textAnswer(200, JSON.stringify(body), VERSION);
  };
}

async function report(
  deps: StatsRouteDependencies,
  request: Request,
): Promise<Outcome<readonly StatsDay[]>> {
  const fault = mediaTypeFault(request);
  if (fault !== undefined) return fault;
  const body = await receive(request, deps);
  if (!body.ok) return body;
  const parsed = parseStatsRequest(body.value);
  if (!parsed.ok) return parsed;
  const issuers = await authenticate(deps, request.headers.get("authorization"));
  if (!issuers.ok) return issuers;
  const { now, sums } = await deps.stats.sums(issuers.value);
  return accept(statsDays(sums, now, deps.settings));
}

/** The names of the Issuer resources whose key signed the token, those that may ask; mostly there is one. */
async function authenticate(
  deps: StatsRouteDependencies,
  authorization: string | null,
): Promise<Outcome<readonly string[]>> {
  const text = BEARER.exec(authorization ?? "")?.[1];
  if (text === undefined) return unauthorized("send Authorization: Bearer and a JWT");
  const jwt = readJwt(text, ISSUER_JWT);
  if (typeof jwt === "string") return unauthorized("no JWT signed by ES256");
  const { iss, aud } = jwt.claims;
  const now = deps.now();
  const allowedNow = async (maxAgeMs?: number) => {
    const directory = await deps.directoryOf(await deps.resources.view(), maxAgeMs);
    const known = typeof iss === "string" ? directory.get(iss) ?? [] : [];
    return known.filter(({ issuer }) => issuer.enableStatsApi);
  };
  const signedBy = async (issuers: Awaited<ReturnType<typeof allowedNow>>) =>
    await findSigner(issuers, jwt, now, (key) => verifyJwt(jwt, "ES256", key));
  const allowed = await allowedNow();
  if (allowed.length === 0) return unauthorized("its issuer may not ask for statistics");
  if (!hasAudience(aud, deps.settings.statsAudience)) {
    return unauthorized("its audience is not STATS_AUDIENCE");
  }
  let signer = await signedBy(allowed);
  if (signer === "no-key" && await deps.rereadIssuerKeys(issuersToReread(allowed, jwt))) {
    signer = await signedBy(await allowedNow(0));
  }
  if (typeof signer === "string") return unauthorized("no active key of the issuer signed it");
  const times = checkTimes(jwt.claims, now, deps.settings.certificateSkewSeconds);
  if (!times.ok) return unauthorized(times.text);
  return accept(signer.map(({ issuer }) => issuer.name));
}

function unauthorized(why: string): Outcome<never> {
  return refuse("unauthorized", `${ERRORS.unauthorized.text}: ${why}`);
}

function refused(deps: StatsRouteDependencies, code: ErrorCode, message: string): Response {
  const body = { error: message, code: publishCode(code), padding: padding(deps.settings, deps) };
  const retry = ERRORS[code].retryable ? RETRY_AFTER_SECONDS : undefined;
  return textAnswer(ERRORS[code].http, JSON.stringify(body), VERSION, retry);
}
