import { untilAborted } from "../../bounds/deadline.ts";
import { readUpTo } from "../../bounds/read.ts";
import { VENDOR_BUDGET_MS } from "../../model/resource/attestation.ts";
import { type Breaker, breaker } from "./breaker.ts";

/** Whom we ask. */
export type Vendor = "apple" | "google";

/** An answer of a vendor's server, whatever its status. */
export type VendorAnswer = { readonly status: number; readonly text: string };

/** What to send. Never followed: redirects. */
export type VendorRequest = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** Sends one POST; undefined when there is no whole answer of at most 16 KiB in time, or a redirect. */
export type SendToVendor = (request: VendorRequest) => Promise<VendorAnswer | undefined>;

/** What came of asking: the vendor's word, or why there is none. */
export type Asked<T> =
  | { readonly asked: "answered"; readonly value: T }
  | { readonly asked: "unavailable" }
  /** It refuses our own key, or clock: an operator must look. */
  | { readonly asked: "misconfigured" };

/** A whole exchange with a vendor, of one call or several within one budget. */
export type VendorExchange<T> = (send: SendToVendor) => Promise<Asked<T>>;

/** What is told of every exchange. */
export type VendorEvent = {
  readonly vendor: Vendor;
  readonly seconds: number;
  readonly outcome: "answered" | "unavailable" | "misconfigured";
};

/** Calls to vendors' servers. */
export type VendorCalls = {
  /** Makes an exchange. `account`: the team or project whose limits it counts against. */
  ask<T>(vendor: Vendor, account: string, exchange: VendorExchange<T>): Promise<Asked<T>>;
  /** How many breakers are open. */
  openBreakers(vendor: Vendor): number;
};

/** What calls need. */
export type VendorCallsDependencies = {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Milliseconds that only go forward. */
  readonly elapsedMs: () => number;
  readonly ended: (event: VendorEvent) => void;
  /** Calls `then` after so many milliseconds, unless what it answers is called before. */
  readonly after: (milliseconds: number, then: () => void) => () => void;
};

const MAX_IN_FLIGHT = 64;
const MAX_ANSWER_BYTES = 16 * 1024;
const UNAVAILABLE = { asked: "unavailable" } as const;

/**
 * Calls with a budget of {@link VENDOR_BUDGET_MS} an exchange, from its first to its last byte, none tried again, at most 64 in flight, and a breaker for each vendor and account.
 * Whatever goes wrong is `unavailable`.
 */
export function vendorCalls(deps: VendorCallsDependencies): VendorCalls {
  const { elapsedMs, after } = deps;
  const breakers = new Map<string, Breaker>();
  let inFlight = 0;

  const breakerOf = (vendor: Vendor, account: string): Breaker => {
    const name = `${vendor} ${account}`;
    const known = breakers.get(name) ?? breaker(elapsedMs);
    breakers.set(name, known);
    return known;
  };

  const run = async <T>(exchange: VendorExchange<T>): Promise<Asked<T>> => {
    const ended = new AbortController();
    const cancel = after(VENDOR_BUDGET_MS, () => ended.abort());
    try {
      return await untilAborted(
        ended.signal,
        () => exchange((request) => send(deps, request, ended.signal)),
      );
    } catch {
      return UNAVAILABLE;
    } finally {
      cancel();
      // Closes the connection of whatever was not read to its end.
      ended.abort();
    }
  };

  return {
    ask: async (vendor, account, exchange) => {
      const gate = breakerOf(vendor, account);
      if (inFlight >= MAX_IN_FLIGHT || !gate.mayCall()) return UNAVAILABLE;
      inFlight++;
      const startedAt = elapsedMs();
      const outcome = await run(exchange);
      inFlight--;
      gate.ended(outcome.asked === "answered");
      const seconds = (elapsedMs() - startedAt) / 1000;
      deps.ended({ vendor, seconds, outcome: outcome.asked });
      return outcome;
    },
    openBreakers: (vendor) =>
      [...breakers].filter(([name, { isOpen }]) => isOpen && name.startsWith(`${vendor} `)).length,
  };
}

async function send(
  { fetch }: VendorCallsDependencies,
  { url, headers, body }: VendorRequest,
  signal: AbortSignal,
): Promise<VendorAnswer | undefined> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers,
      body,
      redirect: "manual",
      signal,
    });
    const { status } = response;
    if (response.type === "opaqueredirect" || (status >= 300 && status < 400)) return undefined;
    const bounds = { maxBytes: MAX_ANSWER_BYTES, signal };
    const { bytes, complete } = await readUpTo(response.body, bounds);
    return complete ? { status, text: new TextDecoder().decode(bytes) } : undefined;
  } catch {
    return undefined;
  }
}

/** What a status that is no success means; `refused` says what 400 does. */
export function failedAnswer<T>(answer: VendorAnswer | undefined, refused?: T): Asked<T> {
  if (answer === undefined) return UNAVAILABLE;
  const { status } = answer;
  if (status === 400 && refused !== undefined) return { asked: "answered", value: refused };
  return status >= 400 && status < 500 && status !== 429 ? { asked: "misconfigured" } : UNAVAILABLE;
}
