import type { Expiring } from "../../src/cloud/credential.ts";
import { parseServiceAccount, signAssertion } from "../../src/cloud/google/service-account.ts";
import { watchedFile } from "../../src/cloud/watched-file.ts";
import { callFailure, checkedToken } from "./call-token.ts";
import { askTokenEndpoint, type PostForm } from "./token-endpoint.ts";

const MEMBER = "call.serviceAccount";
const CURE = "check that the key is not revoked, and this machine's clock";

/**
 * Gets ID tokens of a Google service account for an audience: an assertion that its key signs is exchanged for one
 * (RFC 7523; developers.google.com/identity/protocols/oauth2/service-account). The key file is read again when it changes.
 */
export function serviceAccountTokens(
  path: string,
  audience: string,
  post: PostForm,
  clockMs: () => number,
): () => Promise<Expiring<string>> {
  const read = watchedFile(path);
  return async () => {
    const text = await read().catch(() => {
      throw callFailure(
        `${MEMBER} cannot be read`,
        `check that ${path} exists, and that the server may read it`,
      );
    });
    const account = parseServiceAccount(jsonOf(text));
    if (account === undefined) {
      throw callFailure(
        `${MEMBER} is no key file of a service account`,
        `give ${path} the JSON that Google Cloud made for it`,
      );
    }
    const assertion = await signAssertion(account, { target_audience: audience }, clockMs())
      .catch(() => {
        throw callFailure(`${MEMBER}: its private_key is no PKCS #8 PEM`, "download it again");
      });
    const { id_token: token = "" } = await askTokenEndpoint(
      post,
      account.token_uri,
      { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion },
      { member: MEMBER, cure: CURE },
    );
    return checkedToken({ token, audience, nowMs: clockMs(), from: MEMBER });
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
