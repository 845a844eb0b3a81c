import { importSPKI, jwtVerify } from "jose";
import * as z from "zod";
import { readUpTo } from "../../bounds/read.ts";

/** The team whose requests a throw-away DeviceCheck server accepts. */
export type DeviceCheckTeam = {
  readonly teamId: string;
  readonly keyId: string;
  /** SPKI PEM of the team's key. */
  readonly publicKeyPem: string;
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
};

const PATH = "/v1/validate_device_token";
const MAX_BODY_BYTES = 64 * 1024;
const HOUR_SECONDS = 3600;
const MAX_REMEMBERED = 10_000;

const bodySchema = z.strictObject({
  device_token: z.base64().min(4),
  transaction_id: z.string().min(1),
  timestamp: z.number().int().positive(),
});

/**
 * A server that answers like Apple's: 200 for a device token, 401 unless the team's key signed a fresh bearer token,
 * and 400 for a malformed request or a reused transaction ID.
 */
export function deviceCheckServer(team: DeviceCheckTeam): (request: Request) => Promise<Response> {
  const transactions = new Set<string>();
  return async (request) => {
    if (request.method !== "POST" || new URL(request.url).pathname !== PATH) {
      return new Response("Not Found", { status: 404 });
    }
    if (!await isSignedIn(team, request.headers.get("authorization"))) {
      return new Response("Unable to verify authorization token", { status: 401 });
    }
    const { bytes } = await readUpTo(request.body, { maxBytes: MAX_BODY_BYTES });
    const body = bodySchema.safeParse(jsonOf(bytes));
    if (!body.success) return new Response("Bad Device Token", { status: 400 });
    const { transaction_id: transaction } = body.data;
    if (transactions.has(transaction)) return new Response("Bad Transaction ID", { status: 400 });
    if (transactions.size < MAX_REMEMBERED) transactions.add(transaction);
    return new Response("OK");
  };
}

async function isSignedIn(team: DeviceCheckTeam, authorization: string | null): Promise<boolean> {
  const token = /^Bearer (\S+)$/.exec(authorization ?? "")?.[1] ?? "";
  const nowMs = team.nowMs();
  try {
    const key = await importSPKI(team.publicKeyPem, "ES256");
    const { payload, protectedHeader } = await jwtVerify(token, key, {
      algorithms: ["ES256"],
      issuer: team.teamId,
      currentDate: new Date(nowMs),
    });
    const age = nowMs / 1000 - (payload.iat ?? 0);
    return protectedHeader.kid === team.keyId && Math.abs(age) <= HOUR_SECONDS;
  } catch {
    return false;
  }
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
