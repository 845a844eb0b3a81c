import type { DenoApi } from "./deno-serve.ts";
import type { IdentifiedFetch, TlsIdentity } from "./runtime.ts";

/** Whom to trust and what to show. */
export type DenoFetchOptions = {
  readonly identity?: TlsIdentity | undefined;
  readonly ca?: string | undefined;
};

/** Deno's fetch with a certificate or authorities of ours. It looks names up by itself. */
export function fetchWithClient(
  deno: Pick<DenoApi, "createHttpClient">,
  { identity, ca }: DenoFetchOptions,
): IdentifiedFetch {
  const client = deno.createHttpClient({
    ...identity,
    ...(ca === undefined ? {} : { caCerts: [ca] }),
  });
  return (url, init) => {
    const request: RequestInit = { ...init, redirect: "manual" };
    // Only one of the two type checkers knows the member.
    Reflect.set(request, "client", client);
    return fetch(url, request);
  };
}
