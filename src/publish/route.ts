import {
  accept,
  type AppError,
  asAppError,
  type ErrorCode,
  ERRORS,
  type Outcome,
  publishCode,
} from "../errors.ts";
import { asHealthAuthorityId } from "../model/ids.ts";
import { type Admission, receive, tooMany } from "./admission.ts";
import { type AnswerBody, answerText, type Randomness, textAnswer } from "./answer.ts";
import type { LatencyRing } from "./latency-ring.ts";
import { faultText, warningTexts } from "./check-keys.ts";
import { dryRun, type DryRunDeps } from "./dry-run.ts";
import { mediaTypeFault } from "./media-type.ts";
import { platformOf } from "./platform.ts";
import { publish, type Published } from "./publish.ts";
import type { PublishRequest } from "./request-parser.ts";
import { parseAlphaPublish, parsePublish } from "./request-parser.ts";

/** One answered request, for counters and logs: nothing in it tells who published what. */
export type PublishEvent = {
  readonly api: "v1" | "v1alpha1";
  readonly kind: "publish" | "chaff" | "dry-run";
  /** `ok`, `partial_failure`, or the code of the refusal. */
  readonly code: "ok" | "partial_failure" | ErrorCode;
  readonly inserted: number;
  readonly revised: number;
  readonly durationMs: number;
};

/** What routes tell the outside about themselves. */
export type PublishEvents = {
  answered(event: PublishEvent): void;
  /** Something that is nobody's refusal: the database, a key manager, a defect. */
  failed(error: AppError): void;
};

/** What the publish routes need. */
export type PublishRouteDeps = DryRunDeps & Randomness & {
  /** Shared by the routes of both APIs. */
  readonly ring: LatencyRing;
  /** Shared by the routes of both APIs. */
  readonly admission: Admission;
  /** Milliseconds that only go forward. */
  readonly elapsedMs: () => number;
  readonly delay: (milliseconds: number) => Promise<void>;
  readonly events: PublishEvents;
};

/** A fetch-style handler. */
export type PublishHandler = (request: Request) => Promise<Response>;

/** What differs between the two APIs. */
type Api = {
  readonly name: PublishEvent["api"];
  /** `x-api-version`. */
  readonly version: string;
  readonly parse: (body: Uint8Array, maxKeys: number) => Outcome<PublishRequest>;
  readonly hasCode: boolean;
  readonly dryRuns: boolean;
};

const V1: Api = {
  name: "v1",
  version: "v1",
  parse: parsePublish,
  hasCode: true,
  dryRuns: true,
};
const V1_ALPHA_1: Api = {
  name: "v1alpha1",
  version: "v1alpha",
  parse: parseAlphaPublish,
  hasCode: false,
  dryRuns: false,
};

/** `POST /v1/publish`. Never rejects: whatever happens is answered, padded, with a code. */
export function publishRoute(deps: PublishRouteDeps): PublishHandler {
  return handler(deps, V1);
}

/** `POST /` of the old API; serve it only with ENABLE_V1ALPHA1_API. */
export function publishAlphaRoute(deps: PublishRouteDeps): PublishHandler {
  return handler(deps, V1_ALPHA_1);
}

type Result = {
  readonly status: number;
  readonly body: AnswerBody;
  readonly event: Counted;
};
type Counted = Pick<PublishEvent, "code" | "inserted" | "revised">;
type Kind = PublishEvent["kind"];

/** So much of chaff's body is read; the rest is left to the connection. */
const MAX_CHAFF_BYTES = 1024 * 1024;

function handler(deps: PublishRouteDeps, api: Api): PublishHandler {
  const { admission, settings, events, elapsedMs } = deps;
  const ofChaff = { ...deps, settings: { ...settings, maxBodyBytes: MAX_CHAFF_BYTES } };

  /** A publish or a dry run, and for the ring whose publish it was, if it went as publishes mostly do. */
  const real = async (
    request: Request,
    kind: Kind,
    body: Uint8Array,
  ): Promise<{ readonly result: Result; readonly ordinary?: string }> => {
    const parsed = api.parse(body, settings.maxKeys);
    if (!parsed.ok) return { result: refused(parsed.code, parsed.message) };
    if (kind === "dry-run") return { result: await tried(deps, parsed.value) };
    const platform = platformOf(request.headers.get("user-agent"));
    const outcome = await publish(deps, parsed.value, platform);
    if (!outcome.ok) return { result: refused(outcome.code, outcome.message) };
    const result = published(outcome.value);
    return result.event.code === "ok"
      ? { result, ordinary: asHealthAuthorityId(parsed.value.healthAuthorityID) }
      : { result };
  };

  /** Chaff and refusals are answered when a publish would be. */
  const waitLikePublish = async (arrivedAt: number): Promise<void> => {
    const latencyMs = Math.min(deps.ring.draw(deps.random), settings.chaffMaxLatencyMs);
    const rest = latencyMs - (elapsedMs() - arrivedAt);
    if (rest > 0) await deps.delay(rest);
  };

  /** Chaff takes the same way in. Whatever it sends is fine, but it too waits for a place. */
  const received = async (request: Request, kind: Kind): Promise<Outcome<Uint8Array>> => {
    if (kind === "chaff") {
      const body = await receive(request, ofChaff);
      return body.ok || body.code === "overloaded" ? body : accept(new Uint8Array());
    }
    const fault = mediaTypeFault(request);
    return fault === undefined ? await receive(request, deps) : fault;
  };

  const work = async (request: Request, kind: Kind): Promise<Result> => {
    const body = await received(request, kind);
    const arrivedAt = elapsedMs();
    if ((!body.ok && body.code === "overloaded") || tooMany(deps)) return refused("overloaded");
    admission.inFlight++;
    try {
      if (!body.ok || kind === "chaff") {
        await waitLikePublish(arrivedAt);
        return body.ok ? CHAFF : refused(body.code, body.message);
      }
      const { result, ordinary } = await real(request, kind, body.value);
      if (ordinary !== undefined) deps.ring.record(elapsedMs() - arrivedAt, ordinary);
      else if (kind === "publish" && result.status !== 200) await waitLikePublish(arrivedAt);
      return result;
    } finally {
      admission.inFlight--;
    }
  };

  const failed = (thrown: unknown): Result => {
    const error = asAppError(thrown);
    events.failed(error);
    return refused(error.code, error.code === "internal" ? undefined : error.message);
  };

  return async (request) => {
    const started = elapsedMs();
    const kind = kindOf(request, api);
    const { status, body, event } = settings.maintenance
      ? refused("maintenance")
      : await work(request, kind).catch(failed);
    const text = answerText(api.hasCode ? body : { ...body, code: undefined }, settings, deps);
    events.answered({ api: api.name, kind, durationMs: elapsedMs() - started, ...event });
    const retry = retryAfter(event.code, settings.maintenanceRetrySeconds);
    return textAnswer(status, text, api.version, retry);
  };
}

const CHAFF: Result = {
  status: 200,
  body: {},
  event: { code: "ok", inserted: 0, revised: 0 },
};

function kindOf(request: Request, { dryRuns }: Api): Kind {
  if (request.headers.has("x-chaff")) return "chaff";
  const { url } = request;
  const dry = dryRuns && url.includes("?") && new URL(url).searchParams.get("dryRun") === "1";
  return dry ? "dry-run" : "publish";
}

function refused(code: ErrorCode, message: string = ERRORS[code].text): Result {
  return {
    status: ERRORS[code].http,
    body: { error: message, code: publishCode(code) },
    event: { code, inserted: 0, revised: 0 },
  };
}

function published({ revisionToken, inserted, revised, faults, warnings }: Published): Result {
  const code = faults.length > 0 ? "partial_failure" : "ok";
  return {
    status: 200,
    body: {
      revisionToken,
      insertedExposures: inserted,
      ...(faults.length > 0 ? { error: faultText(faults), code } : {}),
      warnings: warningTexts(warnings),
    },
    event: { code, inserted, revised },
  };
}

/** A dry run that could be made is answered 200, with the code and error that a publish would get. */
async function tried(deps: DryRunDeps, request: PublishRequest): Promise<Result> {
  const outcome = await dryRun(deps, request);
  if (!outcome.ok) return refused(outcome.code, outcome.message);
  const { report, refusal } = outcome.value;
  return {
    status: 200,
    body: {
      dryRun: report,
      ...(refusal === undefined ? {} : { code: refusal.code, error: refusal.message }),
    },
    event: { code: "ok", inserted: 0, revised: 0 },
  };
}

const RETRY_AFTER_SECONDS = 5;

function retryAfter(
  code: PublishEvent["code"],
  maintenanceSeconds: number,
): number | undefined {
  if (code === "ok" || code === "partial_failure") return undefined;
  if (code === "maintenance") return maintenanceSeconds;
  return ERRORS[code].retryable ? RETRY_AFTER_SECONDS : undefined;
}
