import { jsonAnswer } from "../http/answer.ts";
import { isActive } from "../model/resource/members.ts";
import type { Foundation } from "./foundation.ts";

/** A public key that phones verify export files with. */
export type ExposureKey = {
  readonly keyId: string;
  readonly version: string;
  readonly publicKeyPem: string;
};

/** The public keys of all active signing keys, ordered by key id and version. */
export async function exposurePublicKeys(
  { cache, keys, clock }: Pick<Foundation, "cache" | "keys" | "clock">,
): Promise<readonly ExposureKey[]> {
  const view = await cache.fresh();
  const now = Math.floor(clock.now() / 1000);
  const active = view.list("SigningKey").filter((key) => isActive(key, now));
  return await Promise.all(
    active.map(async ({ keyId, version, key }) => ({
      keyId,
      version,
      publicKeyPem: await keys.publicKeyPem(key),
    })),
  );
}

/** `GET /.well-known/exposure-keys.json`. */
export async function publicKeysAnswer(foundation: Foundation): Promise<Response> {
  return jsonAnswer(200, await exposurePublicKeys(foundation), {
    "cache-control": "public, max-age=300",
  });
}
