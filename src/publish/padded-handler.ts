import {
  accept,
  type AppError,
  asAppError,
  type ErrorCode,
  ERRORS,
  type Outcome,
  publishCode,
} from "../errors.ts";
import { within } from "../bounds/deadline.ts";
import { isRemoteAttestation, VENDOR_BUDGET_MS } from "../model/resource/attestation.ts";
import type { ResourceCache } from "../store/resource/cache.ts";
import { storeFailure } from "../store/failure.ts";
import { type AdmissionDependencies, receive, tooMany } from "./admission.ts";
import {
  type AnswerBody,
  answerText,
  type PaddingSettings,
  type Randomness,
  textAnswer,
} from "./answer.ts";
import type { LatencyRing } from "./latency-ring.ts";
import { mediaTypeFault } from "./media-type.ts";

/** A fetch-style handler. */
export type PaddedHandler = (request: Request) => Promise<Response>;

/** What answering with padding, and chaff like real requests, needs. */
export type PaddedDependencies = AdmissionDependencies & Randomness & {
  readonly settings: PaddingSettings & {
    readonly chaffMaxLatencyMs: number;
    readonly maintenance: boolean;
    readonly maintenanceRetrySeconds: number;
  };
  /** How long recent answers of the same route took. */
  readonly ring: LatencyRing;
  readonly resources: Pick<ResourceCache, "view">;
  /** Milliseconds that only go forward. */
  readonly elapsedMs: () => number;
  /** The longest that a request may take once its body is there, in milliseconds; waiting for others included. */
  readonly answerWithinMs: number;
  readonly delay: (milliseconds: number) => Promise<void>;
  readonly events: {
    /** Something that is nobody's refusal: the database, a key manager, a defect. */
    failed(error: AppError): void;
  };
};

/** What a handler does with real requests, each of some kind. */
export type PaddedWork<Kind extends string> = {
  /** `x-api-version`. */
  readonly version: string;
  /** Whether its answers have a `code`. */
  readonly hasCode: boolean;
  readonly kindOf: (request: Request) => Kind;
  /** The kind that refusals and chaff are made to look like. */
  readonly exemplary: Kind;
  readonly work: (request: Request, kind: Kind, body: Uint8Array) => Promise<Worked>;
  readonly answered: (
    event: Counted & { readonly kind: Kind | "chaff"; readonly durationMs: number },
  ) => void;
};

/** What an answer counts as. */
export type Counted = {
  /** `ok`, `partial_failure`, or the code of the refusal. */
  readonly code: "ok" | "partial_failure" | ErrorCode;
  readonly inserted: number;
  readonly revised: number;
};

/** What a request is answered. */
export type PaddedResult = {
  readonly status: number;
  readonly body: AnswerBody;
  readonly event: Counted;
};

/** An answer, and for the ring whose request it was, if it went as those of its kind mostly do. */
export type Worked = { readonly result: PaddedResult; readonly ordinary?: string };

/** So much of chaff's body is read; the rest is left to the connection. */
const MAX_CHAFF_BYTES = 1024 * 1024;

/** A handler that never rejects: whatever happens is answered, padded, and chaff looks like it. */
export function paddedHandler<Kind extends string>(
  deps: PaddedDependencies,
  api: PaddedWork<Kind>,
): PaddedHandler {
  const { admission, settings, events, elapsedMs } = deps;
  const ofChaff = { ...deps, settings: { ...settings, maxBodyBytes: MAX_CHAFF_BYTES } };

  /** Chaff and refusals are answered when a publish would be. */
  const waitLikePublish = async (arrivedAt: number): Promise<void> => {
    const drawnMs = deps.ring.draw(deps.random);
    const { chaffMaxLatencyMs } = settings;
    const latencyMs = drawnMs <= chaffMaxLatencyMs
      ? drawnMs
      : Math.min(drawnMs, await latestMs(deps));
    const rest = latencyMs - (elapsedMs() - arrivedAt);
    if (rest > 0) await deps.delay(rest);
  };

  /** Chaff takes the same way in. Whatever it sends is fine, but it too waits for a place. */
  const received = async (
    request: Request,
    kind: Kind | "chaff",
  ): Promise<Outcome<Uint8Array>> => {
    if (kind === "chaff") {
      const body = await receive(request, ofChaff);
      return body.ok || body.code === "overloaded" ? body : accept(new Uint8Array());
    }
    const fault = mediaTypeFault(request);
    return fault === undefined ? await receive(request, deps) : fault;
  };

  const work = async (request: Request, kind: Kind | "chaff"): Promise<PaddedResult> => {
    const body = await received(request, kind);
    const arrivedAt = elapsedMs();
    if ((!body.ok && body.code === "overloaded") || tooMany(deps)) return refused("overloaded");
    admission.inFlight++;
    try {
      if (!body.ok || kind === "chaff") {
        await waitLikePublish(arrivedAt);
        return body.ok ? CHAFF : refused(body.code, body.message);
      }
      const { result, ordinary } = await within(
        deps.answerWithinMs,
        () => api.work(request, kind, body.value),
      );
      if (ordinary !== undefined) deps.ring.record(elapsedMs() - arrivedAt, ordinary);
      else if (kind === api.exemplary && result.status !== 200) await waitLikePublish(arrivedAt);
      return result;
    } finally {
      admission.inFlight--;
    }
  };

  const failed = (thrown: unknown): PaddedResult => {
    const error = asAppError(storeFailure(thrown));
    events.failed(error);
    return refused(error.code, error.code === "internal" ? undefined : error.message);
  };

  return async (request) => {
    const started = elapsedMs();
    const kind = request.headers.has("x-chaff") ? "chaff" : api.kindOf(request);
    const { status, body, event } = settings.maintenance
      ? refused("maintenance")
      : await work(request, kind).catch(failed);
    const text = answerText(api.hasCode ? body : { ...body, code: undefined }, settings, deps);
    api.answered({ kind, durationMs: elapsedMs() - started, ...event });
    const retry = retryAfter(event.code, settings.maintenanceRetrySeconds);
    return textAnswer(status, text, api.version, retry);
  };
}

const CHAFF: PaddedResult = {
  status: 200,
  body: {},
  event: { code: "ok", inserted: 0, revised: 0 },
};

/** How late an answer to chaff may be: as late as a publish that waits for its vendor, where one does. */
async function latestMs({ settings, resources }: PaddedDependencies): Promise<number> {
  const view = await resources.view().catch(() => undefined);
  const waits = view?.list("HealthAuthority").some(({ attestation }) =>
    isRemoteAttestation(attestation)
  );
  return settings.chaffMaxLatencyMs + (waits === true ? VENDOR_BUDGET_MS : 0);
}

/** The answer of a refusal. */
export function refused(code: ErrorCode, message: string = ERRORS[code].text): PaddedResult {
  return {
    status: ERRORS[code].http,
    body: { error: message, code: publishCode(code) },
    event: { code, inserted: 0, revised: 0 },
  };
}

const RETRY_AFTER_SECONDS = 5;
/** A vendor that cannot be reached is asked again after half a minute at the soonest. */
const ATTESTATION_RETRY_AFTER_SECONDS = 60;

function retryAfter(
  code: Counted["code"],
  maintenanceSeconds: number,
): number | undefined {
  if (code === "ok" || code === "partial_failure") return undefined;
  if (code === "maintenance") return maintenanceSeconds;
  if (code === "device_attestation_unavailable") return ATTESTATION_RETRY_AFTER_SECONDS;
  return ERRORS[code].retryable ? RETRY_AFTER_SECONDS : undefined;
}
