import { type ErrorCode, type Refusal, refuse } from "../../src/errors.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import type { Authenticate } from "../auth/caller.ts";
import type { RateLimit } from "../rate.ts";
import type { Admit, RpcCall } from "../rpc/method.ts";
import { inFlight } from "./in-flight.ts";

/** What letting callers in needs. */
export type AdmissionDependencies = {
  readonly authenticate: Authenticate;
  readonly rate: RateLimit;
  /** How much one peer may push. */
  readonly maxPushKeysPerSecond: number;
  /** Told why a call was not let in, which the caller must not learn. */
  readonly onUnauthenticated: (cause: string, requestId: string) => void;
};

/** Whatever is wrong, so that a stranger cannot find out with whom there is an agreement. */
const NOT_LET_IN =
  "the token is not accepted: compare its iss, sub and aud with the agreement, its key with the " +
  "issuer's, and the clocks; the log of the server called tells the cause";

/** `unavailable`: the keys of an issuer with an agreement cannot be read. */
const SECRET: readonly ErrorCode[] = ["unauthenticated", "unavailable"];
/** How many calls of one peer are answered at the same time. */
const MAX_CALLS_IN_FLIGHT = 8;
/** No call costs less than this part of a second's keys. */
const CALLS_PER_SECOND = 1000;

/** A peer's allowance for one method. */
export type Allowance = {
  readonly perSecond: number;
  /** Tells what was used, in keys; below 0 gives back. */
  use(keys: number): void;
  /** The least that a call costs, in keys. */
  readonly leastCost: number;
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
    use: (keys) => rate.use(name, perSecond, keys),
    waitMs: () => rate.waitMs(name, perSecond),
  };
}

/**
 * Lets in whose token is right, who has few calls in flight and owes no more than its rate allows, else
 * `resource_exhausted` with `retry-after`. A token counts as used only for a call that was let in.
 */
export function admission(deps: AdmissionDependencies): Admission {
  const calls = inFlight(MAX_CALLS_IN_FLIGHT);
  const admit =
    (onlyOnce: boolean, allowanceOf?: typeof fetchAllowance): Admit<Peer> => async (call, work) => {
      let leave: (() => void) | undefined;
      const mayGoOn = (peer: Peer): Refusal | undefined => {
        const owing = allowanceOf && refuseWhileOwing(allowanceOf(deps, peer), call);
        if (owing !== undefined) return owing;
        leave = calls.enter(peer.name);
        return leave === undefined ? tooManyCalls(call) : undefined;
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
  const described = admit(false);
  return {
    fetch: admit(false, fetchAllowance),
    push: admit(true, pushAllowance),
    // A stranger gets to know what there is to make an agreement with.
    describe: (call, work) =>
      call.headers.has("authorization") ? described(call, work) : work(undefined),
  };
}

/** `resource_exhausted` with `retry-after` in seconds while a peer owes more keys than its rate allows. */
function refuseWhileOwing({ perSecond, waitMs }: Allowance, call: RpcCall): Refusal | undefined {
  const wait = waitMs();
  if (wait === 0) return undefined;
  const seconds = Math.ceil(wait / 1000);
  return pause(
    call,
    seconds,
    `more than ${perSecond} keys a second: try again in ${seconds} s`,
  );
}

const tooManyCalls = (call: RpcCall): Refusal =>
  pause(call, 1, `more than ${MAX_CALLS_IN_FLIGHT} calls at a time: wait for their answers`);

/** `resource_exhausted`, and when to try again. */
export function pause(call: RpcCall, seconds: number, message: string): Refusal {
  call.answerHeaders.set("retry-after", String(seconds));
  return refuse("resource_exhausted", message);
}
