import { AppError, asAppError, type ErrorCode, ERRORS, type Outcome } from "../errors.ts";
import { type AnswerBody, answerText, padding, type Randomness, textAnswer } from "./answer.ts";
import { readBounded } from "./body.ts";
import { type ChaffRing, chaffText, type Trace } from "./chaff.ts";
import { faultText, warningTexts } from "./check-keys.ts";
import { dryRun, type DryRunDeps } from "./dry-run.ts";
import { isJson } from "./media-type.ts";
import { platformOf } from "./platform.ts";
import { publish, type Published } from "./publish.ts";
import type { PublishRequest } from "./request.ts";
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
  readonly ring: ChaffRing;
  /** Shared by the routes of both APIs. */
  readonly admission: Admission;
  /** Milliseconds that only go forward. */
  readonly elapsedMs: () => number;
  readonly delay: (milliseconds: number) => Promise<void>;
  readonly events: PublishEvents;
};

/** How many publishes are worked on. */
export type Admission = { inFlight: number };

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
  readonly kind?: "dry-run";
};
type Counted = Pick<PublishEvent, "code" | "inserted" | "revised">;

/** Chaff looks like this before there was anything real: a token's worth of bytes and a database's worth of time. */
const TOKEN_BYTES = 1_250;
const FIRST_LATENCY_MS = 20;

function handler(deps: PublishRouteDeps, api: Api): PublishHandler {
  const { settings, events, elapsedMs } = deps;

  const answer = (result: Result, started: number): Response => {
    const body = api.hasCode ? result.body : { ...result.body, code: undefined };
    const text = answerText(body, padding(settings, deps));
    const durationMs = elapsedMs() - started;
    const kind = result.kind ?? "publish";
    if (result.status === 200 && kind === "publish") {
      deps.ring.record({ bytes: text.length, latencyMs: durationMs });
    }
    events.answered({ api: api.name, kind, durationMs, ...result.event });
    const retry = retryAfter(result.event.code, settings.maintenanceRetrySeconds);
    return textAnswer(result.status, text, api.version, retry);
  };

  const chaff = async (request: Request, started: number): Promise<Response> => {
    const trace = deps.ring.draw(deps.random, firstTrace(deps));
    await readBounded(request, settings);
    const target = Math.min(trace.latencyMs, settings.chaffMaxLatencyMs);
    const text = chaffText(trace.bytes, deps);
    const rest = target - (elapsedMs() - started);
    if (rest > 0) await deps.delay(rest);
    const durationMs = elapsedMs() - started;
    const counted = { code: "ok", inserted: 0, revised: 0 } as const;
    events.answered({ api: api.name, kind: "chaff", durationMs, ...counted });
    return textAnswer(200, text, api.version);
  };

  const work = async (request: Request): Promise<Result> => {
    if (deps.admission.inFlight >= settings.maxInFlight) return refused("overloaded");
    if (!isJson(request)) return refused("unsupported_media_type");
    const body = await readBounded(request, settings);
    if (!body.ok) return refused(body.code, body.message);
    const parsed = api.parse(body.value, settings.maxKeys);
    if (!parsed.ok) return refused(parsed.code, parsed.message);
    // Asked again: a slow sender holds no place while its body comes.
    if (deps.admission.inFlight >= settings.maxInFlight) return refused("overloaded");
    deps.admission.inFlight++;
    try {
      if (api.dryRuns && isDryRun(request.url)) return await tried(deps, parsed.value);
      const platform = platformOf(request.headers.get("user-agent"));
      const outcome = await publish(deps, parsed.value, platform);
      return outcome.ok ? published(outcome.value) : refused(outcome.code, outcome.message);
    } finally {
      deps.admission.inFlight--;
    }
  };

  return async (request) => {
    const started = elapsedMs();
    if (settings.maintenance) return answer(refused("maintenance"), started);
    if (request.headers.has("x-chaff")) return await chaff(request, started);
    let result: Result;
    try {
      result = await work(request);
    } catch (thrown) {
      const error = asAppError(thrown);
      events.failed(error);
      result = refused(error.code, error.code === "internal" ? undefined : error.message);
    }
    return answer(result, started);
  };
}

function refused(code: ErrorCode, message: string = ERRORS[code].text): Result {
  return {
    status: ERRORS[code].http,
    body: { error: message, code },
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

function isDryRun(url: string): boolean {
  return url.includes("?") && new URL(url).searchParams.get("dryRun") === "1";
}

/** A dry run that could be made is answered 200, with the code and error that a publish would get. */
async function tried(deps: DryRunDeps, request: PublishRequest): Promise<Result> {
  const outcome = await dryRun(deps, request);
  if (!outcome.ok) return { ...refused(outcome.code, outcome.message), kind: "dry-run" };
  const { report, refusal } = outcome.value;
  return {
    status: 200,
    body: {
      dryRun: report,
      ...(refusal === undefined ? {} : { code: refusal.code, error: refusal.message }),
    },
    event: { code: "ok", inserted: 0, revised: 0 },
    kind: "dry-run",
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

function firstTrace({ settings, random }: PublishRouteDeps): Trace {
  const pad = settings.paddingMinBytes + Math.floor(random() * (settings.paddingRangeBytes + 1));
  return {
    bytes: Math.ceil(pad / 3) * 4 + TOKEN_BYTES,
    latencyMs: FIRST_LATENCY_MS * (0.5 + random()),
  };
}
