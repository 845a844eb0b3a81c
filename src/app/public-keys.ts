import { jsonAnswer } from "../http/answer.ts";
import { type PlatformKey, platformKeysJson, platformKeysPem } from "../keys/public-keys.ts";
import { isActive } from "../model/resource/members.ts";
import { errorFields } from "../observe/log.ts";
import type { Foundation } from "./foundation.ts";

const HEADERS = { "cache-control": "public, max-age=300" };

/** The public keys of all active signing keys. One that cannot be read is logged and left out. */
export async function exposurePublicKeys(
  { cache, keys, clock, log }: Pick<Foundation, "cache" | "keys" | "clock" | "log">,
): Promise<readonly PlatformKey[]> {
  const view = await cache.fresh();
  const now = Math.floor(clock.now() / 1000);
  const active = view.list("SigningKey").filter((key) => isActive(key, now));
  const found = await Promise.all(active.map(async ({ name, keyId, version, key }) => {
    try {
      return [{ keyId, version, publicKeyPem: await keys.publicKeyPem(key) }];
    } catch (error) {
      log.error("public-key-unavailable", { signingKey: name, ...errorFields(error) });
      return [];
    }
  }));
  return found.flat();
}

/** `GET /.well-known/exposure-keys.json`, see {@link platformKeysJson}. */
export async function publicKeysAnswer(foundation: Foundation): Promise<Response> {
  return jsonAnswer(200, platformKeysJson(await exposurePublicKeys(foundation)), HEADERS);
}

/** `GET /.well-known/exposure-keys.pem`, see {@link platformKeysPem}. */
export async function publicKeysPemAnswer(foundation: Foundation): Promise<Response> {
  const text = platformKeysPem(await exposurePublicKeys(foundation));
  return new Response(text, { headers: { "content-type": "application/x-pem-file", ...HEADERS } });
}
