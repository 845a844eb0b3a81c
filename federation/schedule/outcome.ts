import { asAppError, type ErrorCode, ERRORS, type Refusal } from "../../src/errors.ts";
import { parseDuration } from "../../src/model/duration.ts";
import type { SyncStatus } from "../../src/model/peer-sync.ts";
import { retryDelayMs } from "./retry.ts";

/** How a direction came out; see src/store/federation/peer.ts. */
export type SyncOutcome = {
  readonly state: SyncStatus["state"];
  readonly nextTryInSeconds: number;
  readonly error?: string;
  /** It came further before it failed: failures in a row are counted from here. */
  readonly progressed?: boolean;
  readonly lagSeconds?: number;
  readonly lagKeys?: number;
};

/** What a run tells of how it ended. */
export type RunEnd = {
  readonly caughtUp: boolean;
  readonly progressed: boolean;
  readonly failure?: Refusal & { readonly retryAfterMs?: number };
};

const REFUSED: readonly ErrorCode[] = ["unauthenticated", "permission_denied"];

/**
 * State and next try after a run. `interval` goes from one look to the next while all is well; after failures the
 * wait doubles, and each try is a single call until one succeeds. `random` is in [0, 1).
 */
export function outcomeOf(
  { caughtUp, failure, progressed }: RunEnd,
  interval: string,
  before: Pick<SyncStatus, "failures"> | undefined,
  random: number,
): SyncOutcome {
  if (failure === undefined) {
    const pause = Math.ceil((parseDuration(interval) ?? 0) / 1000);
    return caughtUp
      ? { state: "ok", nextTryInSeconds: pause }
      : { state: "behind", nextTryInSeconds: 0 };
  }
  // A line that breaks now and then must not stop a peer that gets further each time.
  const delay = retryDelayMs(progressed ? 1 : (before?.failures ?? 0) + 1, random);
  const { code, retryAfterMs } = failure;
  return {
    state: stateOf(failure),
    nextTryInSeconds: pauseSeconds(
      // Who asks us to wait works; but who only ever asks for that is tried less and less.
      code === "resource_exhausted" && progressed
        ? retryAfterMs ?? delay
        : Math.max(delay, retryAfterMs ?? 0),
    ),
    error: errorText(failure),
    progressed,
  };
}

function stateOf({ code, retryAfterMs }: NonNullable<RunEnd["failure"]>): SyncStatus["state"] {
  if (code === "resource_exhausted" && retryAfterMs !== undefined) return "behind";
  return REFUSED.includes(code) ? "refused" : "failing";
}

/** After something was thrown. */
export function thrownOutcome(
  error: unknown,
  before: Pick<SyncStatus, "failures"> | undefined,
  random: number,
): SyncOutcome {
  const { code, message } = asAppError(error);
  return {
    state: "failing",
    nextTryInSeconds: pauseSeconds(retryDelayMs((before?.failures ?? 0) + 1, random)),
    error: errorText({ ok: false, code, message }),
  };
}

const MAX_PAUSE_SECONDS = 900;
const pauseSeconds = (milliseconds: number): number =>
  Math.min(MAX_PAUSE_SECONDS, Math.max(1, Math.ceil(milliseconds / 1000)));

const errorText = ({ code, message }: Refusal): string =>
  message === ERRORS[code].text ? code : `${code}: ${message}`;
