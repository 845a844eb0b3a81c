import type { ReadDocument } from "../../federation/auth/issuer-keys.ts";
import type { PostForm } from "../../federation/auth/token-endpoint.ts";
import type { Transports } from "../../federation/client/peer-client.ts";
import { connectClient } from "../../federation/rpc/connect-client.ts";
import { grpcClient } from "../../federation/rpc/grpc-client.ts";
import { accept, AppError } from "../errors.ts";
import { allowedAddresses, checkedFetch, guardedFetch } from "../http/guarded-fetch.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Foundation } from "./foundation.ts";

/** What federation asks of the runtime. */
export type FederationRuntime = Pick<Runtime, "exchange" | "trailers">;

/** How peers are called: over addresses that may be spoken to, with our certificate where we have one. */
export function peerTransports(
  { outgoing, config }: Foundation,
  { exchange }: FederationRuntime,
): Transports {
  const { clientIdentity: identity } = config;
  const policy = identity === undefined ? outgoing : { ...outgoing, identity };
  return {
    connect: (baseUrl) => connectClient({ baseUrl, fetch: checkedFetch(policy) }),
    grpc: (baseUrl) =>
      grpcClient({
        baseUrl,
        exchange,
        ...(identity === undefined ? {} : { identity }),
        resolve: async () => {
          const addresses = await allowedAddresses(baseUrl, outgoing);
          if (!addresses.ok) throw new AppError(addresses.code, addresses.message);
          const [address = ""] = addresses.value;
          return address;
        },
      }),
  };
}

/** Reads documents of issuers, within the rules on addresses. */
export function documentReader({ outgoing }: Foundation): ReadDocument {
  return async (url, maxBytes) => {
    const fetched = await guardedFetch(url, { ...outgoing, maxBytes });
    return fetched.ok ? accept(fetched.value.bytes) : fetched;
  };
}

/** Longest answer of a token endpoint. */
const MAX_TOKEN_ANSWER_BYTES = 65_536;

/** Posts forms to authorization servers, within the rules on addresses. */
export function formPoster({ outgoing }: Pick<Foundation, "outgoing">): PostForm {
  return (url, fields, headers = {}) =>
    guardedFetch(url, { ...outgoing, maxBytes: MAX_TOKEN_ANSWER_BYTES }, {
      method: "POST",
      headers: {
        accept: "application/json",
        "content-type": "application/x-www-form-urlencoded",
        ...headers,
      },
      body: new TextEncoder().encode(new URLSearchParams(fields).toString()),
      accepts: () => true,
    });
}
