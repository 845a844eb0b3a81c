import type { CountryRequest, GatewayDependencies, Route } from "./route.ts";
import { problem } from "./problem.ts";

const MAX_URL_CHARACTERS = 256;
/** Subscriptions of one country. */
const MAX_SUBSCRIPTIONS = 20;

/** `GET /diagnosiskeys/callback`: the caller's subscriptions; a failed one says since when and why. */
export const callbacksRoute: Route = {
  answer: async ({ callbacks }, { caller }) => {
    const subscriptions = await callbacks.list(caller.country);
    const shown = subscriptions.map(({ id, url, failedAt, failure }) => ({
      callbackId: id,
      url,
      ...(failedAt === undefined ? {} : { failedAt: new Date(failedAt * 1000).toISOString() }),
      ...(failure === undefined ? {} : { failure }),
    }));
    return new Response(JSON.stringify(shown), {
      headers: { "content-type": "application/json", "cache-control": "no-store" },
    });
  },
};

/** `PUT` and `DELETE /diagnosiskeys/callback/ID`. */
export const callbackRoute: { readonly put: Route; readonly remove: Route } = {
  put: { answer: putSubscription },
  remove: {
    answer: async ({ callbacks }, { request, caller, names: [id = ""] }) =>
      await callbacks.remove(caller.country, id)
        ? new Response(null, { status: 200 })
        : problem(request, 404, "there is no subscription with this id"),
  },
};

async function putSubscription(
  { callbacks, mayCall }: GatewayDependencies,
  { request, caller, names: [id = ""] }: CountryRequest,
): Promise<Response> {
  if (!/^[\x21-\x7e]{1,32}$/.test(id)) {
    return problem(request, 400, "the id must have 1 to 32 printable ASCII characters");
  }
  const url = new URL(request.url).searchParams.get("url") ?? "";
  if (url.length > MAX_URL_CHARACTERS || !URL.canParse(url) || new URL(url).search !== "") {
    return problem(request, 400, "url must be a URL of at most 256 characters without a query");
  }
  const allowed = await mayCall(url);
  if (!allowed.ok) return problem(request, 400, `Callback URL is invalid: ${allowed.message}`);
  return await callbacks.put(caller.country, id, url, MAX_SUBSCRIPTIONS)
    ? new Response(null, { status: 200 })
    : problem(request, 400, `a country may have ${MAX_SUBSCRIPTIONS} subscriptions`);
}
