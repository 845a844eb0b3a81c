import type { AppError, Outcome } from "../errors.ts";
import { asHealthAuthorityId } from "../model/ids.ts";
import type { Admission } from "./admission.ts";
import type { Randomness } from "./answer.ts";
import type { LatencyRing } from "./latency-ring.ts";
import { faultText, warningTexts } from "./check-keys.ts";
import { dryRun, type DryRunDependencies } from "./dry-run.ts";
import {
  type Counted,
  type PaddedHandler,
  paddedHandler,
  type PaddedResult,
  refused,
} from "./padded-handler.ts";
import { platformOf } from "./platform.ts";
import { publish, type Published } from "./publish.ts";
import type { PublishRequest } from "./request-parser.ts";
import { parseAlphaPublish, parsePublish } from "./request-parser.ts";

/** One answered request, for counters and logs: nothing in it tells who published what. */
export type PublishEvent = Counted & {
  readonly api: "v1" | "v1alpha1";
  readonly kind: "publish" | "chaff" | "dry-run";
  readonly durationMs: number;
};

/** What routes tell the outside about themselves. */
export type PublishEvents = {
  answered(event: PublishEvent): void;
  /** Something that is nobody's refusal: the database, a key manager, a defect. */
  failed(error: AppError): void;
};

/** What the publish routes need. */
export type PublishRouteDependencies = DryRunDependencies & Randomness & {
  /** Shared by the routes of both APIs. */
  readonly ring: LatencyRing;
  /** Shared by the routes of both APIs. */
  readonly admission: Admission;
  /** Milliseconds that only go forward. */
  readonly elapsedMs: () => number;
  /** The longest that a publish may take once its body is there, in milliseconds; waiting for others included. */
  readonly answerWithinMs: number;
  readonly delay: (milliseconds: number) => Promise<void>;
  readonly events: PublishEvents;
};

/** A fetch-style handler. */
export type PublishHandler = PaddedHandler;

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
export function publishRoute(deps: PublishRouteDependencies): PublishHandler {
  return handler(deps, V1);
}

/** `POST /` of the old API; serve it only with ENABLE_V1ALPHA1_API. */
export function publishAlphaRoute(deps: PublishRouteDependencies): PublishHandler {
  return handler(deps, V1_ALPHA_1);
}

function handler(deps: PublishRouteDependencies, api: Api): PublishHandler {
  return paddedHandler<"publish" | "dry-run">(deps, {
    version: api.version,
    hasCode: api.hasCode,
    kindOf: (request) => kindOf(request, api),
    exemplary: "publish",
    work: async (request, kind, body) => {
      const parsed = api.parse(body, deps.settings.maxKeys);
      if (!parsed.ok) return { result: refused(parsed.code, parsed.message) };
      if (kind === "dry-run") return { result: await tried(deps, parsed.value) };
      const platform = platformOf(request.headers.get("user-agent"));
      const outcome = await publish(deps, parsed.value, platform);
      if (!outcome.ok) return { result: refused(outcome.code, outcome.message) };
      const result = published(outcome.value);
      return result.event.code === "ok"
        ? { result, ordinary: asHealthAuthorityId(parsed.value.healthAuthorityID) }
        : { result };
    },
    answered: (event) => deps.events.answered({ api: api.name, ...event }),
  });
}

function kindOf(request: Request, { dryRuns }: Api): "publish" | "dry-run" {
  const { url } = request;
  const dry = dryRuns && url.includes("?") && new URL(url).searchParams.get("dryRun") === "1";
  return dry ? "dry-run" : "publish";
}

function published(
  { revisionToken, inserted, revised, faults, warnings }: Published,
): PaddedResult {
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
async function tried(deps: DryRunDependencies, request: PublishRequest): Promise<PaddedResult> {
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
