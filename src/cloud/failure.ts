import { AppError } from "../errors.ts";
import type { ServiceAnswer } from "./service-call.ts";

/** The longest text of a cause: enough for a name and a reason. */
const MAX_CAUSE_CHARACTERS = 300;

/**
 * Why there are no credentials: `what` could not be done, `cure` says what to check. Nothing of an answer gets into
 * it but its status.
 */
export function identityFailure(what: string, cure: string, cause?: unknown): AppError {
  const text = `${what}: ${cure}`;
  return cause === undefined
    ? new AppError("identity_unavailable", text)
    : new AppError("identity_unavailable", text, { cause: new Error(describe(cause)) });
}

/** Signatures and tokens are refused when clocks differ by more than some minutes. */
const CLOCK_SECONDS = 60;

/** What an answer that says no tells of this machine's clock; empty while that is right to a minute. */
export function clockNote({ secondsAhead = 0 }: Pick<ServiceAnswer, "secondsAhead">): string {
  const seconds = Math.abs(secondsAhead);
  if (seconds < CLOCK_SECONDS) return "";
  const side = secondsAhead > 0 ? "ahead of" : "behind";
  return `; this machine's clock is ${seconds} s ${side} the service's: set it, best by NTP`;
}

/** The messages of an error and its causes, without what a URL's query may hold. */
export function describe(error: unknown): string {
  const texts: string[] = [];
  for (let at = error; at instanceof Error && texts.length < 3; at = at.cause) {
    texts.push(at.message);
  }
  return texts.join(": ").replace(/\?\S*/g, "?…").slice(0, MAX_CAUSE_CHARACTERS);
}
