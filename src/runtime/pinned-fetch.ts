/** A fetch that connects only to checked addresses, the same on Node and Deno. */

import { Buffer } from "node:buffer";
import {
  Agent as HttpAgent,
  type IncomingMessage,
  request as httpRequest,
  type RequestOptions,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { hostOf } from "../http/address.ts";
import { withCertificateDates } from "./certificate-dates.ts";
import type { PinnedFetch, TlsIdentity } from "./runtime.ts";

/** How long an idle connection is kept: less than the five seconds after which many servers close it. */
const IDLE_MS = 4000;
/** How long to try one of several addresses before also trying the next one. */
const NEXT_ADDRESS_MS = 1000;
/** Methods that may be sent twice, for when a kept connection turns out to be closed (RFC 9110, section 9.2.2). */
const REPEATABLE: readonly string[] = ["GET", "HEAD"];
/** The supported content codings of a response. */
const PACKINGS: readonly string[] = ["gzip", "deflate"];

/**
 * Creates a fetch over HTTP/1.1 that connects to the given addresses in their order. TLS and the `host` header use the
 * name in the URL. It follows no redirect and always checks certificates. It keeps the connections of GET and HEAD for
 * a few seconds, so such a request may use a connection to an address that was checked earlier. Every other request has
 * its own connection and is never repeated. `ca`: PEM certificates of authorities to trust in place of the runtime's.
 */
export function pinnedFetch({ ca }: { readonly ca?: string } = {}): PinnedFetch {
  const keep = { keepAlive: true, timeout: IDLE_MS };
  const agents = { http: new HttpAgent(keep), https: new HttpsAgent(keep) };
  return async (url, init, addresses, identity) => {
    const target = new URL(url);
    const secure = target.protocol === "https:";
    const { unpacks, options, ...request } = await plainRequest(target, init, addresses);
    const call: Call = {
      ...request,
      secure,
      options: {
        ...options,
        agent: REPEATABLE.includes(options.method) && (secure ? agents.https : agents.http),
        ...(secure ? tlsOptions(target, ca, identity) : {}),
      },
    };
    const incoming = await send(call).catch((error: unknown) =>
      retried(call, error, target, addresses)
    );
    return answerOf(incoming, unpacks);
  };
}

type Call = {
  readonly secure: boolean;
  readonly body: Buffer;
  readonly options: RequestOptions;
  readonly signal: AbortSignal;
};

async function plainRequest(target: URL, init: RequestInit, addresses: readonly string[]) {
  const request = new Request(target, init);
  const headers = Object.fromEntries(request.headers);
  const body = Buffer.from(await request.arrayBuffer());
  const unpacks = headers["accept-encoding"] === undefined;
  return {
    body,
    unpacks,
    signal: request.signal,
    options: {
      host: hostOf(target),
      port: Number(target.port || (target.protocol === "https:" ? 443 : 80)),
      lookup: lookupOf(addresses),
      autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
      path: target.pathname + target.search,
      method: request.method,
      headers: {
        ...(unpacks ? { "accept-encoding": PACKINGS.join(", ") } : {}),
        ...headers,
        host: target.host,
        ...(body.length > 0 || !REPEATABLE.includes(request.method)
          ? { "content-length": body.byteLength }
          : {}),
      },
    },
  };
}

function tlsOptions(target: URL, ca: string | undefined, identity: TlsIdentity | undefined) {
  const host = hostOf(target);
  return {
    ...identity,
    ...(ca === undefined ? {} : { ca }),
    ...(isIP(host) === 0 ? { servername: host } : {}),
  };
}

/** Resolves every name to the same addresses. */
function lookupOf(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  return (host, { all }, done) => {
    const [first] = found;
    if (first === undefined) {
      const error = Object.assign(new Error(`no address for ${host}`), { code: "ENOTFOUND" });
      done(error, "", 0);
    } else if (all === true) done(null, found);
    else done(null, first.address, first.family);
  };
}

/** Retries, because a kept connection may have been closed while the request was sent. */
class StaleConnection extends Error {}

function send({ secure, body, options, signal }: Call): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const call = (secure ? httpsRequest : httpRequest)(options);
    let answer: IncomingMessage | undefined;
    // Node's own `signal` option ends the process if the response is never read.
    const stop = (): void => {
      reject(signal.reason);
      (answer ?? call).destroy(new Error("aborted", { cause: signal.reason }));
    };
    const settled = (): void => signal.removeEventListener("abort", stop);
    signal.addEventListener("abort", stop, { once: true });
    call.on("response", (incoming) => {
      answer = incoming;
      // A reader of the body gets the error too; an unread response must not end the process.
      incoming.on("error", () => {}).on("close", settled);
      resolve(incoming);
    });
    call.on("error", (cause) => {
      settled();
      const stale = call.reusedSocket && !signal.aborted;
      reject(stale ? new StaleConnection("closed", { cause }) : cause);
    });
    call.end(body);
  });
}

async function retried(
  call: Call,
  error: unknown,
  target: URL,
  addresses: readonly string[],
): Promise<IncomingMessage> {
  if (error instanceof StaleConnection) {
    return await send({ ...call, options: { ...call.options, agent: false } });
  }
  throw await withCertificateDates(error, target, addresses, call.signal);
}

/** Statuses without a body. */
const BARE: readonly number[] = [101, 204, 205, 304];

function answerOf(incoming: IncomingMessage, unpacks: boolean): Response {
  const { statusCode: status = 0, rawHeaders } = incoming;
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    headers.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
  }
  try {
    if (BARE.includes(status)) {
      incoming.resume();
      return new Response(null, { status, headers });
    }
    return new Response(unpacked(bodyOf(incoming), headers, unpacks), { status, headers });
  } catch (error) {
    incoming.destroy();
    throw error;
  }
}

type Body = ReadableStream<Uint8Array<ArrayBuffer>>;

/** Decodes the body and removes the headers of its content coding. */
function unpacked(body: Body, headers: Headers, unpacks: boolean): Body {
  const packing = headers.get("content-encoding")?.trim().toLowerCase();
  if (!unpacks || (packing !== "gzip" && packing !== "deflate")) return body;
  headers.delete("content-encoding");
  headers.delete("content-length");
  return body.pipeThrough(new DecompressionStream(packing));
}

function bodyOf(incoming: IncomingMessage): Body {
  const chunks: AsyncIterator<Uint8Array<ArrayBuffer>> = incoming[Symbol.asyncIterator]();
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await chunks.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => {
      incoming.destroy();
    },
  });
}
