/** Fetches from URLs that an operator or a peer supplied: key sets, imports, mirrors, peers. */

import { lookup } from "node:dns/promises";
import { startDeadline, untilAborted } from "../bounds/deadline.ts";
import { readUpTo } from "../bounds/read.ts";
import { accept, AppError, type Outcome, type Refusal, refuse } from "../errors.ts";
import type { PinnedFetch, TlsIdentity } from "../runtime/runtime.ts";
import { classifyAddress, hostOf, isAddress } from "./address.ts";
import { asCallError, callFailure, lateFailure } from "./call-failure.ts";

/** Returns all addresses of a host name. */
export type ResolveHost = (hostname: string) => Promise<readonly string[]>;

/** What may be fetched, and the limits. */
export type FetchPolicy = {
  /** Receives the checked addresses and connects to no other. */
  readonly fetch: PinnedFetch;
  readonly resolve: ResolveHost;
  /** Presented to servers that request a client certificate. */
  readonly identity?: TlsIdentity;
  /** PEER_ALLOW_PRIVATE: private addresses too, and `http:` with them. */
  readonly allowPrivate: boolean;
  /** `http:` also to public addresses. Default: false. */
  readonly allowHttp?: boolean;
  /** Time limit in milliseconds for the whole request, including name lookup and body. */
  readonly timeoutMs: number;
  /** The most bytes of the body, after decompression. */
  readonly maxBytes: number;
};

/** The request. */
export type GuardedRequest = {
  /** Default: GET. */
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** For example `if-none-match`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  /** The HTTP statuses to accept. Default: 2xx and 304. */
  readonly accepts?: (status: number) => boolean;
  /** Ends the request, for example on shutdown. */
  readonly signal?: AbortSignal;
};

/** A response. The body of a status of 400 or more is cut to {@link MAX_ERROR_BYTES}. */
export type Fetched = {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array<ArrayBuffer>;
};

/** How much of an error's text is read. */
export const MAX_ERROR_BYTES = 1024;

/** The system's resolver. */
export const systemResolve: ResolveHost = async (hostname) =>
  (await lookup(hostname, { all: true })).map(({ address }) => address);

/**
 * Fetches `url` within the policy. `fetch_refused`: not http(s), with credentials, at a private or special address
 * (literal, or any that its name resolves to), or a redirect, which is never followed. `deadline_exceeded`: too slow.
 * `fetch_failed`: a status that is not accepted. `limit_exceeded`: the body is too large. `canceled`: by the caller's
 * signal. Every other failure is one of {@link callFailure}. Of the URL, messages name only the host.
 */
export async function guardedFetch(
  url: string,
  policy: FetchPolicy,
  request: GuardedRequest = {},
): Promise<Outcome<Fetched>> {
  const target = checkUrl(url, policy);
  if (!target.ok) return target;
  const { host } = target.value;
  const deadline = startDeadline(policy.timeoutMs, { canceledBy: [request.signal] });
  const { signal } = deadline;
  try {
    const addresses = await untilAborted(signal, () => checkAddresses(target.value, policy));
    if (!addresses.ok) return addresses;
    const init = requestInit(request, signal);
    const response = await untilAborted(
      signal,
      () => policy.fetch(target.value.href, init, addresses.value, policy.identity),
    );
    return await readAnswer(host, response, policy, request, signal);
  } catch (error) {
    if (request.signal?.aborted === true) return refuse("canceled");
    if (signal.aborted) return lateFailure(host, policy.timeoutMs);
    return callFailure(error, { host, showedCertificate: policy.identity !== undefined });
  } finally {
    // Closes the connection if the body was not read to its end.
    deadline.cancel();
  }
}

/**
 * The policy's fetch for protocols with their own bounds on time and size. Rejects with an AppError of
 * {@link allowedAddresses} or {@link callFailure}, or with the reason of an aborted signal.
 */
export function checkedFetch(
  policy: Pick<FetchPolicy, "fetch" | "resolve" | "allowPrivate" | "allowHttp" | "identity">,
): (url: string, init: RequestInit) => Promise<Response> {
  const { identity } = policy;
  return async (url, init) => {
    const addresses = await allowedAddresses(url, policy);
    if (!addresses.ok) throw new AppError(addresses.code, addresses.message);
    try {
      return await policy.fetch(url, init, addresses.value, identity);
    } catch (error) {
      if (init.signal?.aborted === true) throw init.signal.reason;
      const attempt = { host: new URL(url).host, showedCertificate: identity !== undefined };
      throw asCallError(error, attempt);
    }
  };
}

/**
 * Resolves a URL to the addresses that the policy allows, without sending a request. Refuses like {@link guardedFetch}.
 * For protocols that make their own requests.
 */
export async function allowedAddresses(
  url: string,
  policy: Pick<FetchPolicy, "resolve" | "allowPrivate" | "allowHttp">,
): Promise<Outcome<readonly string[]>> {
  const target = checkUrl(url, policy);
  if (!target.ok) return target;
  try {
    return await checkAddresses(target.value, policy);
  } catch (error) {
    return callFailure(error, { host: target.value.host });
  }
}

function checkUrl(
  text: string,
  policy: Pick<FetchPolicy, "allowPrivate" | "allowHttp">,
): Outcome<URL> {
  if (!URL.canParse(text)) return refuse("fetch_refused", "the address is not a URL");
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return refuse("fetch_refused", "the address must start with https://");
  }
  if (url.username !== "" || url.password !== "") {
    return refuse("fetch_refused", `${url.host}: the address must not contain a user or password`);
  }
  if (url.protocol === "http:" && !policy.allowPrivate && policy.allowHttp !== true) {
    return refuse("fetch_refused", `${url.host}: the address must start with https://`);
  }
  url.hash = "";
  return accept(url);
}

/** Resolves the addresses of the host; refused if any of them is not allowed. */
async function checkAddresses(
  url: URL,
  policy: Pick<FetchPolicy, "resolve" | "allowPrivate">,
): Promise<Outcome<readonly string[]>> {
  const literal = hostOf(url);
  const addresses = isAddress(literal) ? [literal] : await policy.resolve(literal);
  if (addresses.length === 0) return refuse("host_not_found", `${url.host} has no address`);
  const classes = new Set(addresses.map(classifyAddress));
  if (classes.has("never")) {
    return refuse(
      "fetch_refused",
      `${url.host} is at a special address, which this server never connects to`,
    );
  }
  if (classes.has("private") && !policy.allowPrivate) {
    return refuse(
      "fetch_refused",
      `${url.host} is at a private address: set PEER_ALLOW_PRIVATE=true to allow it`,
    );
  }
  return accept(addresses);
}

function requestInit(request: GuardedRequest, signal: AbortSignal): RequestInit {
  return {
    method: request.method ?? "GET",
    headers: { ...request.headers },
    redirect: "manual",
    signal,
    ...(request.body === undefined ? {} : { body: request.body }),
  };
}

async function readAnswer(
  host: string,
  response: Response,
  policy: FetchPolicy,
  request: GuardedRequest,
  signal: AbortSignal,
): Promise<Outcome<Fetched>> {
  const { status, headers } = response;
  if (response.type === "opaqueredirect" || (status >= 300 && status < 400 && status !== 304)) {
    return refuse("fetch_refused", `${host} answered with a redirect: give the final address`);
  }
  if (!(request.accepts ?? isAnswer)(status)) {
    return refuse("fetch_failed", `${host} answered HTTP ${status}`);
  }
  const isError = status >= 400;
  const maxBytes = isError ? Math.min(MAX_ERROR_BYTES, policy.maxBytes) : policy.maxBytes;
  const { bytes, complete } = await readUpTo(response.body, { maxBytes, signal });
  if (!complete && !isError) return tooLarge(host, policy);
  return accept({ status, headers, bytes });
}

function isAnswer(status: number): boolean {
  return (status >= 200 && status < 300) || status === 304;
}

function tooLarge(host: string, policy: FetchPolicy): Refusal {
  return refuse("limit_exceeded", `${host} answered with more than ${policy.maxBytes} bytes`);
}
