/** Calls of services that take a bearer token and JSON (Google Cloud, Azure). */

import type { HttpOptions } from "../blob/retrying-fetch.ts";
import type { Credential } from "./credential.ts";
import { callService, type ServiceAnswer } from "./service-call.ts";

/** A request of such a service. */
export type BearerRequest = {
  readonly method: "GET" | "POST" | "DELETE";
  readonly url: URL;
  readonly body?: Readonly<Record<string, unknown>>;
};

/** Rejects when there is no answer, or no token (`identity_unavailable`). */
export type BearerCall = (request: BearerRequest) => Promise<ServiceAnswer>;

/** Calls with a token of `credential`, which is renewed once when the service answers 401. */
export function bearerCaller(credential: Credential<string>, http: HttpOptions): BearerCall {
  return async ({ method, url, body }) => {
    let used: string | undefined;
    return await callService({
      prepare: async () => {
        const token = used = await credential.get();
        const headers: Record<string, string> = {
          authorization: `Bearer ${token}`,
          accept: "application/json",
        };
        if (body === undefined) return { url, init: { method, headers } };
        headers["content-type"] = "application/json";
        return { url, init: { method, headers, body: JSON.stringify(body) } };
      },
      renewed: ({ status }) => status === 401 && used !== undefined && credential.refused(used),
    }, http);
  };
}
