import { Buffer } from "node:buffer";
import { chainCheck } from "../../src/attest/chain.ts";
import { type AttestDependencies, deviceAttestation } from "../../src/attest/attest.ts";
import { attestationDataKeys } from "../../src/attest/data-keys.ts";
import { deviceTokenCheck } from "../../src/attest/device-check.ts";
import { googleDecoder } from "../../src/attest/play-integrity/google-token.ts";
import { playKeyring } from "../../src/attest/play-integrity/local-token.ts";
import { secretReader } from "../../src/attest/secret-reference.ts";
import {
  vendorCalls,
  type VendorCallsDependencies,
  type VendorEvent,
} from "../../src/attest/vendor/calls.ts";
import type { AttestationEvent } from "../../src/attest/verdict.ts";
import { contentHash } from "../../src/attest/content-hash.ts";
import { fileKeys } from "../../src/keys/file.ts";
import { attestedKeys } from "../../src/store/attest/attested-key.ts";
import { usedTokens } from "../../src/store/attest/used-token.ts";
import type { Database } from "../../src/store/database.ts";
import { publishRoute } from "../../src/publish/route.ts";
import { type Answer, makeWorld, post, read, resource, tek, type World } from "../publish/world.ts";
import { NATIVE } from "../support/crypto-providers.ts";

/** The app whose publishes are attested. */
export const APP = { teamId: "ABCDE12345", bundleId: "org.example.mag" } as const;

/** A server's publish side with device attestation. */
export type AttestWorld = World & {
  readonly attestDeps: AttestDependencies;
  readonly verdicts: AttestationEvent[];
  readonly vendorEvents: VendorEvent[];
  /** Environment variables that references name. */
  readonly environment: Record<string, string>;
  /** Sets the attestation of the health authority `mag`. */
  configure(attestation: Readonly<Record<string, unknown>>): void;
  /** A body of one fresh key, and the content hash that an app attests. */
  attested(
    members?: Readonly<Record<string, unknown>>,
  ): Promise<{ body: Record<string, unknown>; hash: Uint8Array }>;
  /** Publishes a body with a payload. */
  send(
    body: Readonly<Record<string, unknown>>,
    payload?: unknown,
  ): Promise<{ status: number; json: Answer; retryAfter: string | null }>;
};

/** What a test may change. */
export type AttestWorldOptions = {
  readonly allowDevelopment?: boolean;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Handed what ends the vendor's time; without it nothing does. */
  readonly after?: VendorCallsDependencies["after"];
  readonly elapsedMs?: () => number;
};

/** Everything on a real database, at noon of a day; time stands still unless a test moves `clock`. */
export async function makeAttestWorld(
  database: Database,
  options: AttestWorldOptions = {},
): Promise<AttestWorld> {
  const world = await makeWorld(database);
  const verdicts: AttestationEvent[] = [];
  const vendorEvents: VendorEvent[] = [];
  const environment: Record<string, string> = {};
  const nowMs = () => world.clock.now * 1000;
  const elapsedMs = options.elapsedMs ?? (() => performance.now());
  const vendors = vendorCalls({
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    elapsedMs,
    ended: (event) => vendorEvents.push(event),
    after: options.after ?? (() => () => {}),
  });
  const readSecret = secretReader((name) => environment[name]);
  const dataKeys = attestationDataKeys(NATIVE, new Uint8Array(32).fill(9));
  const attestDeps: AttestDependencies = {
    crypto: NATIVE,
    isChained: chainCheck(NATIVE),
    dataKeys: () => dataKeys,
    used: usedTokens(database),
    keys: attestedKeys(database),
    openPlayKeys: playKeyring(NATIVE, readSecret, elapsedMs),
    decodeByGoogle: googleDecoder({ vendors, readSecret, nowMs }),
    checkDeviceToken: deviceTokenCheck({
      vendors,
      keyManager: fileKeys({ crypto: NATIVE }),
      nowMs,
      randomUuid: () => crypto.randomUUID(),
    }),
    nowMs,
    allowDevelopment: options.allowDevelopment ?? true,
    counted: (event) => verdicts.push(event),
  };
  const attest = deviceAttestation(attestDeps);
  const deps = { ...world.deps, attest };
  const route = publishRoute(deps);
  return {
    ...world,
    deps,
    attestDeps,
    verdicts,
    vendorEvents,
    environment,
    configure: (attestation) => {
      const at = world.resources.findIndex(({ kind }) => kind === "HealthAuthority");
      world.resources[at] = resource("HealthAuthority", {
        name: "mag",
        regions: ["MAG"],
        acceptIssuers: ["mag-verification"],
        attestation,
      });
    },
    attested: async (members = {}) => {
      const keys = [tek(1, { transmissionRisk: 3 })];
      const body = await world.body(keys, members);
      const hash = await contentHash(NATIVE, {
        healthAuthorityID: String(body["healthAuthorityID"]),
        temporaryExposureKeys: keys,
        verificationPayload: String(body["verificationPayload"]),
      });
      return { body, hash };
    },
    send: async (body, payload) => {
      const response = await route(post({
        ...body,
        ...(payload === undefined ? {} : { deviceVerificationPayload: payload }),
      }));
      return { ...await read(response), retryAfter: response.headers.get("retry-after") };
    },
  };
}

/** Base64 in the standard alphabet. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
