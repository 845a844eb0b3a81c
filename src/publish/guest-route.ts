import type { Outcome } from "../errors.ts";
import { latencyRing } from "./latency-ring.ts";
import {
  type PaddedDependencies,
  type PaddedHandler,
  paddedHandler,
  refused,
} from "./padded-handler.ts";

/** Answers a body with the members of a JSON object, all texts. */
export type GuestWork = (body: Uint8Array) => Promise<Outcome<Readonly<Record<string, string>>>>;

/** A route that is padded and has chaff of its own as publishes have, and does somebody else's work. */
export function guestRoute(
  deps: PaddedDependencies,
  maxBodyBytes: number,
  work: GuestWork,
): PaddedHandler {
  const own = { ...deps, ring: latencyRing(), settings: { ...deps.settings, maxBodyBytes } };
  return paddedHandler<"guest">(own, {
    version: "v1",
    hasCode: true,
    kindOf: () => "guest",
    exemplary: "guest",
    work: async (_request, _kind, body) => {
      const outcome = await work(body);
      if (!outcome.ok) return { result: refused(outcome.code, outcome.message) };
      return {
        result: {
          status: 200,
          body: { more: outcome.value },
          event: { code: "ok", inserted: 0, revised: 0 },
        },
        ordinary: "guest",
      };
    },
    answered: () => {},
  });
}
