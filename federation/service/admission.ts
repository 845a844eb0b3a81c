import { type ErrorCode, type Refusal, refuse } from "../../src/errors.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import type { Authenticate } from "../auth/caller.ts";
import type { RateLimit } from "../rate.ts";
import type { Admit, RpcCall } from "../rpc/method.ts";
import { placesOf } from "./places.ts";

/** What letting callers in needs. */
export type AdmissionDependencies = {
  readonly authenticate: Authenticate;
  readonly rate: RateLimit;
  /** How much one peer may push. */
  readonly maxPushKeysPerSecond: number;
  /** Told why a call was not let in, which the caller must not learn. */
  readonly onUnauthenticated: (cause: string, requestId: string) => void;
  /** Resolves after so many milliseconds, or rejects with the signal's reason when that is aborted before. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
};

/** Whatever is wrong, so that a stranger cannot find out with whom there is an agreement. */
const NOT_LET_IN =
  "the token is not accepted: compare its iss, sub and aud with the agreement, its key with the " +
  "issuer's, and the clocks; the log of the server called tells the cause";

/** `unavailable`: the keys of an issuer with an agreement cannot be read. */
const SECRET: readonly ErrorCode[] = ["unauthenticated", "unavailable"];
/** How many calls of one peer are answered at the same time, for each method. */
const CALLS_AT_A_TIME = 8;
/** How many more of them wait for their turn. */
const MAX_WAITING_CALLS = 100;
/** Of the time that a call has left, so much is kept for its work: a second, or half of it if that is less. */
const WORK_MS = 1000;
/** No call costs less than this part of a second's keys. */
const CALLS_PER_SECOND = 1000;
/** No Fetch costs more than this many seconds' keys, so that the wait for the next one fits into a call. */
const MAX_COST_SECONDS = 5;

/** A peer's allowance for one method. */
export type Allowance = {
  readonly perSecond: number;
  /** Tells what was used, in keys; below 0 gives back. */
  use(keys: number): void;
  /** The least that a call costs, in keys. */
  readonly leastCost: number;
  /** The most that a Fetch costs, in keys: its page is no larger. */
  readonly mostCost: number;
  waitMs(): number;
};

/** Who may call each method. */
export type Admission = {
  readonly fetch: Admit<Peer>;
  readonly push: Admit<Peer>;
  /** Strangers too: undefined. */
  readonly describe: Admit<Peer | undefined>;
};

/** What is left of `send.maxKeysPerSecond` of a peer. */
export function fetchAllowance({ rate }: AdmissionDependencies, peer: Peer): Allowance {
  return allowance(rate, `fetch ${peer.name}`, peer.send.maxKeysPerSecond);
}

/** What is left of what a peer may push. */
export function pushAllowance(deps: AdmissionDependencies, peer: Peer): Allowance {
  return allowance(deps.rate, `push ${peer.name}`, deps.maxPushKeysPerSecond);
}

function allowance(rate: RateLimit, name: string, perSecond: number): Allowance {
  return {
    perSecond,
    leastCost: perSecond / CALLS_PER_SECOND,
    mostCost: perSecond * MAX_COST_SECONDS,
    use: (keys) => rate.use(name, perSecond, keys),
    waitMs: () => rate.waitMs(name, perSecond),
  };
}

/**
 * Lets in whose token is right. A call that comes too soon waits here for its turn and until its peer owes no more than
 * its rate allows. One whose deadline does not allow that is `resource_exhausted` with `retry-after`. A token counts as
 * used only for a call that was let in.
 */
export function admission(deps: AdmissionDependencies): Admission {
  const calls = placesOf(CALLS_AT_A_TIME, MAX_WAITING_CALLS);
  const admit = (
    method: keyof Admission,
    onlyOnce: boolean,
    allowanceOf?: typeof fetchAllowance,
  ): Admit<Peer> =>
  async (call, work) => {
    let leave: (() => void) | undefined;
    const mayGoOn = async (peer: Peer): Promise<Refusal | undefined> => {
      leave = await calls.enter(`${method} ${peer.name}`, call.signal);
      if (leave === undefined) return tooManyCalls(call);
      return allowanceOf && await waitWhileOwing(deps, allowanceOf(deps, peer), call);
    };
    try {
      const caller = await deps.authenticate({
        authorization: call.headers.get("authorization"),
        certificateFingerprint: call.clientCertificateFingerprint,
        onlyOnce,
        mayGoOn,
      });
      if (caller.ok) return await work(caller.value);
      if (!SECRET.includes(caller.code)) return caller;
      deps.onUnauthenticated(caller.message, call.requestId);
      return refuse("unauthenticated", NOT_LET_IN);
    } finally {
      leave?.();
    }
  };
  const described = admit("describe", false);
  return {
    fetch: admit("fetch", false, fetchAllowance),
    push: admit("push", true, pushAllowance),
    // A stranger gets to know what there is to make an agreement with.
    describe: (call, work) =>
      call.headers.has("authorization") ? described(call, work) : work(undefined),
  };
}

/**
 * Waits while a peer owes more keys than its rate allows; `resource_exhausted` with `retry-after` in seconds when that
 * would take longer than the call has time.
 */
async function waitWhileOwing(
  { delay }: AdmissionDependencies,
  { perSecond, waitMs }: Allowance,
  call: RpcCall,
): Promise<Refusal | undefined> {
  for (let wait = waitMs(); wait > 0; wait = waitMs()) {
    const left = call.timeLeftMs();
    if (wait > left - Math.min(WORK_MS, left / 2)) {
      const seconds = Math.ceil(wait / 1000);
      return refuseForNow(
        call,
        seconds,
        `more than ${perSecond} keys a second: try again in ${seconds} s, or with a longer deadline`,
      );
    }
    await delay(wait, call.signal);
  }
  return undefined;
}

const tooManyCalls = (call: RpcCall): Refusal =>
  refuseForNow(call, 1, `more than ${MAX_WAITING_CALLS} calls wait: wait for their answers`);

/** `resource_exhausted`, and when to try again. */
export function refuseForNow(call: RpcCall, seconds: number, message: string): Refusal {
  call.answerHeaders.set("retry-after", String(seconds));
  return refuse("resource_exhausted", message);
}
