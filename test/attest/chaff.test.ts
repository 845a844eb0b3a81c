import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AttestDependencies, deviceAttestation } from "../../src/attest/attest.ts";
import { contentHash } from "../../src/attest/content-hash.ts";
import { LATENCY_RING_SIZE, latencyRing } from "../../src/publish/latency-ring.ts";
import { type PublishHandler, publishRoute } from "../../src/publish/route.ts";
import { makeWorld, NOON, post, tek, type World } from "../publish/world.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { useDatabase } from "../support/database.ts";
import { critical, kolmogorovSmirnov, seeded } from "../support/distribution.ts";
import { jwe, jws } from "./jose.ts";
import { assertion, attestation } from "./phone.ts";
import {
  authorityOf,
  DEVICE_TOKEN,
  type Kind,
  makeVendors,
  NOW_MS,
  playClaims,
  safetyNetClaims,
  safetyNetToken,
  type Vendors,
} from "./specimens.ts";
import { base64 } from "./world.ts";

/** A kind of attestation: what an app sends for a content hash, and how long checking that takes. */
type Attested = {
  readonly kind: Kind;
  readonly configured?: Readonly<Record<string, unknown>>;
  readonly payload: (vendors: Vendors) => Promise<string>;
  /** Milliseconds: here, or at the vendor. */
  readonly takesMs: (random: () => number) => number;
};

const here = (random: () => number) => 1 + 2 * random();
const atVendor = (random: () => number) => 100 + 2700 * random() ** 2;

const KINDS: Readonly<Record<string, Attested>> = {
  "App Attest, one-time": {
    kind: "appattest",
    payload: async ({ apple, hash }) => base64(await attestation(apple, hash, NOW_MS)),
    takesMs: here,
  },
  "App Attest, registered": {
    kind: "appattest",
    payload: async ({ phone: { key, keyId }, hash }) =>
      `${keyId}.${base64(await assertion(key, hash))}`,
    takesMs: here,
  },
  "Play Integrity, decoded here": {
    kind: "playintegrity",
    payload: async (vendors) =>
      await jwe(vendors.google, await jws(vendors.google, JSON.stringify(playClaims(vendors)))),
    takesMs: here,
  },
  "Play Integrity, decoded by Google": {
    kind: "playintegrity",
    configured: { decode: "google", serviceAccount: "env:ACCOUNT" },
    // What Google would find inside.
    payload: (vendors) => jwe(vendors.google, JSON.stringify(playClaims(vendors))),
    takesMs: atVendor,
  },
  DeviceCheck: {
    kind: "devicecheck",
    payload: () => Promise.resolve(DEVICE_TOKEN),
    takesMs: atVendor,
  },
  SafetyNet: {
    kind: "safetynet",
    payload: (vendors) => safetyNetToken(vendors, safetyNetClaims(vendors)),
    takesMs: here,
  },
};

/** What somebody at the network sees of an answer. */
type Sight = { readonly status: number; readonly bytes: number; readonly latencyMs: number };

const BODIES = 6;
const PAIRS = 200;

describe.each(Object.entries(KINDS))("publishes attested by %s", (_, attested) => {
  const database = useDatabase();
  let vendors: Vendors;
  let world: World;
  let clock: { ms: number };
  let random: () => number;
  let bodies: Record<string, unknown>[];

  beforeAll(async () => {
    vendors = await makeVendors();
  });
  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeWorld(database(), { paddingRangeBytes: 255 });
    const at = world.resources.findIndex(({ kind }) => kind === "HealthAuthority");
    world.resources[at] = authorityOf(vendors, attested.kind, attested.configured);
    clock = { ms: 0 };
    random = seeded(1);
    claims.clear();
    bodies = await Promise.all(Array.from({ length: BODIES }, (_, most) => attestedBody(most + 1)));
  });

  /** What Google finds inside of tokens. */
  const claims = new Map<string, unknown>();
  const attestedBody = async (count: number): Promise<Record<string, unknown>> => {
    const keys = Array.from({ length: count }, (_, day) => tek(day + 1));
    const body = await world.body(keys);
    const hash = await contentHash(NATIVE, {
      healthAuthorityID: "mag",
      temporaryExposureKeys: keys,
      verificationPayload: String(body["verificationPayload"]),
    });
    const payload = await attested.payload({ ...vendors, hash });
    claims.set(payload, playClaims({ ...vendors, hash }));
    return { ...body, deviceVerificationPayload: payload };
  };

  /** A server whose checks and database take as long as they are told. */
  const server = (): PublishHandler => {
    const deps: AttestDependencies = {
      ...vendors.deps,
      decodeByGoogle: (_app, _development, token) =>
        Promise.resolve({ asked: "answered", value: { payload: claims.get(token) } }),
    };
    const attest = deviceAttestation(deps);
    return publishRoute({
      ...world.deps,
      attest: (request, authority) => {
        const decided = attest(request, authority);
        if (!decided.ok || decided.value === undefined) return decided;
        const verify = decided.value;
        return {
          ok: true,
          value: (until) => {
            clock.ms += attested.takesMs(random);
            return verify(until);
          },
        };
      },
      ring: latencyRing(),
      random,
      elapsedMs: () => clock.ms,
      delay: (milliseconds) => {
        clock.ms += milliseconds;
        return Promise.resolve();
      },
      store: {
        ...world.deps.store,
        insertAll: () => {
          clock.ms += 1 + 20 * random();
          return Promise.resolve(true);
        },
      },
    });
  };

  const send = async (
    route: PublishHandler,
    change: Readonly<Record<string, unknown>> = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Sight> => {
    const body = bodies[Math.floor(random() * bodies.length)] ?? {};
    const sentAt = clock.ms;
    const response = await route(post({ ...body, ...change }, headers));
    return {
      status: response.status,
      latencyMs: clock.ms - sentAt,
      bytes: (await response.arrayBuffer()).byteLength,
    };
  };

  it("are answered as late and as long as chaff, which is never looked at", async () => {
    const route = server();
    for (let count = 0; count < LATENCY_RING_SIZE; count++) await send(route);
    const [chaff, real, refused]: [Sight[], Sight[], Sight[]] = [[], [], []];
    for (let count = 0; count < PAIRS; count++) {
      chaff.push(await send(route, {}, { "x-chaff": "1" }));
      real.push(await send(route));
      refused.push(await send(route, { deviceVerificationPayload: "%" }));
    }
    expect(new Set([...chaff, ...real].map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([401]));
    const limit = critical(PAIRS, PAIRS);
    const distance = (seen: readonly Sight[], part: (sight: Sight) => number) =>
      kolmogorovSmirnov(real.map(part), seen.map(part));
    for (const seen of [chaff, refused]) {
      expect(distance(seen, ({ bytes }) => bytes)).toBeLessThan(limit);
      expect(distance(seen, ({ latencyMs }) => latencyMs)).toBeLessThan(limit);
    }
  });
});
