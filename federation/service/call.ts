import { type Outcome, type Refusal, refuse } from "../../src/errors.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import type { Authenticate } from "../auth/caller.ts";
import type { RateLimit } from "../rate.ts";
import type { RpcCall } from "../rpc/method.ts";

/** Who makes a call. */
export function callerOf(
  authenticate: Authenticate,
  call: RpcCall,
  onlyOnce: boolean,
): Promise<Outcome<Peer>> {
  return authenticate({
    authorization: call.headers.get("authorization"),
    certificateFingerprint: call.clientCertificateFingerprint,
    onlyOnce,
  });
}

/** `resource_exhausted` with `retry-after` in seconds while a peer owes more keys than its rate allows. */
export function refuseWhileOwing(
  rate: RateLimit,
  peer: Peer,
  perSecond: number,
  call: RpcCall,
): Refusal | undefined {
  const waitMs = rate.waitMs(peer.name, perSecond);
  if (waitMs === 0) return undefined;
  const seconds = Math.ceil(waitMs / 1000);
  call.answerHeaders.set("retry-after", String(seconds));
  return refuse(
    "resource_exhausted",
    `more than ${perSecond} keys a second: try again in ${seconds} s`,
  );
}
