import type { HttpOptions } from "../../blob/retrying-fetch.ts";
import type { Expiring } from "../credential.ts";
import { identityFailure } from "../failure.ts";
import { callService } from "../service-call.ts";
import { bearerToken } from "../token-answer.ts";

const PATH = "/computeMetadata/v1/instance/service-accounts/default/token";
const CURE =
  "give the machine or the workload a service account, or set GOOGLE_APPLICATION_CREDENTIALS";

/** An access token of the machine's service account; throws `identity_unavailable`. */
export async function metadataToken(endpoint: URL, http: HttpOptions): Promise<Expiring<string>> {
  const url = new URL(PATH, endpoint);
  const headers = { "metadata-flavor": "Google" };
  const answer = await callService(
    { prepare: () => Promise.resolve({ url, init: { headers } }) },
    http,
  )
    .catch((cause: unknown) => {
      throw identityFailure("Google's metadata server cannot be reached", CURE, cause);
    });
  // Something else that answers at that address does not know this header.
  const genuine = answer.headers.get("metadata-flavor") === "Google";
  const token = genuine ? bearerToken(answer, http.now()) : undefined;
  if (token !== undefined) return token;
  throw identityFailure(`Google's metadata server answered ${answer.status}`, CURE);
}
