import { recentMap } from "../bounds/recent.ts";
import type { KeyManager } from "../keys/key-manager.ts";
import { signJwt } from "../keys/jwt.ts";
import type { DeviceCheck } from "../model/resource/attestation.ts";
import { type Asked, failedAnswer, type VendorCalls } from "./vendor/calls.ts";

/** What asking Apple needs. */
export type DeviceCheckDependencies = {
  readonly vendors: VendorCalls;
  readonly keyManager: KeyManager;
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
  readonly randomUuid: () => string;
};

/** What Apple's server says of a token. */
export type DeviceTokenVerdict = "genuine" | "refused";

const SERVER = "https://api.devicecheck.apple.com";
const DEVELOPMENT_SERVER = "https://api.development.devicecheck.apple.com";
/** A bearer token is used so long. */
const BEARER_MS = 30 * 60_000;
const MAX_BEARERS = 64;
const TOKEN_FAULT = /device token/i;

/** Asks Apple's server about device tokens, with a bearer token by the team's key that is used for half an hour. */
export function deviceTokenCheck(
  { vendors, keyManager, nowMs, randomUuid }: DeviceCheckDependencies,
): (app: DeviceCheck, development: boolean, token: string) => Promise<Asked<DeviceTokenVerdict>> {
  const kept = recentMap<string, string>({
    maxSize: MAX_BEARERS,
    expiry: { ttlMs: BEARER_MS, nowMs },
  });

  const bearer = async ({ teamId, keyId, signingKey }: DeviceCheck): Promise<string> => {
    const name = `${teamId} ${keyId} ${signingKey}`;
    const known = kept.get(name);
    if (known !== undefined) return known;
    const token = await signJwt((data) => keyManager.sign(signingKey, data), keyId, {
      iss: teamId,
      iat: Math.floor(nowMs() / 1000),
    });
    kept.set(name, token);
    return token;
  };

  return async (app, development, token) => {
    const server = development ? app.url ?? DEVELOPMENT_SERVER : SERVER;
    return await vendors.ask<DeviceTokenVerdict>("apple", app.teamId, async (send) => {
      const signedIn = await bearer(app).catch(() => undefined);
      if (signedIn === undefined) return { asked: "misconfigured" };
      const answer = await send({
        url: `${server}/v1/validate_device_token`,
        headers: { "content-type": "application/json", authorization: `Bearer ${signedIn}` },
        body: JSON.stringify({
          device_token: token,
          transaction_id: randomUuid(),
          timestamp: Math.floor(nowMs()),
        }),
      });
      // The body is plain text, and means something only with 400.
      if (answer?.status === 200) return { asked: "answered", value: "genuine" };
      const refused = TOKEN_FAULT.test(answer?.text ?? "") ? "refused" : undefined;
      return failedAnswer<DeviceTokenVerdict>(answer, refused);
    });
  };
}
