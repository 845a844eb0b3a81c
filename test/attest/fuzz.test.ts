import { Buffer } from "node:buffer";
import { decode } from "cborg";
import { beforeAll, describe, expect, it } from "vitest";
import { parseAuthenticatorData } from "../../src/attest/app-attest/authenticator-data.ts";
import { type Payload, payloadOf } from "../../src/attest/form.ts";
import { verdictFault } from "../../src/attest/play-integrity/verdicts.ts";
import { jsonOf } from "../../src/attest/token-checks.ts";
import { attestedAuthData } from "../../src/device/attest/apple.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { randomOf } from "../support/random.ts";
import { jwe, jws } from "./jose.ts";
import { assertion, attestation, newPhoneKey } from "./phone.ts";
import {
  authorityOf,
  DEVICE_TOKEN,
  DIGEST,
  judged,
  type Kind,
  makeVendors,
  NOW_MS,
  PACKAGE,
  playClaims,
  safetyNetClaims,
  safetyNetToken,
  type Vendors,
} from "./specimens.ts";
import { APP, base64 } from "./world.ts";

/** How many mutated payloads are tried of each form, and of what is inside: 200,000 in all, fewer where each takes longer. */
const RUNS = {
  attestation: 35_000,
  assertion: 30_000,
  playIntegrity: 40_000,
  deviceCheck: 30_000,
  safetyNet: 15_000,
  verdicts: 25_000,
  authenticatorData: 25_000,
} as const;

/** A genuine payload of a form, and what it says: two texts that say the same differ in their encoding alone. */
type Specimen = {
  readonly kind: Kind;
  readonly runs: number;
  readonly payload: (vendors: Vendors) => Promise<string>;
  readonly meaning: (payload: Payload) => unknown;
  /** Reasons that mutations must reach, so that they are known to get as far. */
  readonly reached: readonly string[];
};

const SPECIMENS: Readonly<Record<string, Specimen>> = {
  "App Attest's attestations": {
    kind: "appattest",
    runs: RUNS.attestation,
    payload: async ({ apple, hash }) => base64(await attestation(apple, hash, NOW_MS)),
    meaning: (payload) =>
      payload.form === "attestation" ? attestationMeaning(payload.object) : undefined,
    reached: ["malformed", "chain", "content", "wrong_kind"],
  },
  "App Attest's assertions": {
    kind: "appattest",
    runs: RUNS.assertion,
    payload: async ({ phone: { key, keyId }, hash }) =>
      `${keyId}.${base64(await assertion(key, hash))}`,
    meaning: (payload) =>
      payload.form === "assertion" ? [payload.keyId, decoded(payload.assertion)] : undefined,
    reached: ["malformed", "unknown_key", "signature", "wrong_kind"],
  },
  "Play Integrity's tokens": {
    kind: "playintegrity",
    runs: RUNS.playIntegrity,
    payload: async (vendors) =>
      await jwe(vendors.google, await jws(vendors.google, JSON.stringify(playClaims(vendors)))),
    meaning: (payload) => payload.form === "jwe" ? payload.parts : undefined,
    reached: ["malformed", "decrypt", "wrong_kind"],
  },
  "DeviceCheck's tokens": {
    kind: "devicecheck",
    runs: RUNS.deviceCheck,
    payload: () => Promise.resolve(DEVICE_TOKEN),
    meaning: (payload) => payload.form === "device-token" ? payload.token : undefined,
    reached: ["malformed", "vendor_refused", "wrong_kind"],
  },
  "SafetyNet's tokens": {
    kind: "safetynet",
    runs: RUNS.safetyNet,
    payload: (vendors) => safetyNetToken(vendors, safetyNetClaims(vendors)),
    meaning: (payload) => payload.form === "jws" ? payload.parts : undefined,
    reached: ["malformed", "signature", "chain", "not_configured"],
  },
};

let vendors: Vendors;
beforeAll(async () => {
  vendors = await makeVendors();
});

describe.each(Object.entries(SPECIMENS))("%s", (_, { kind, runs, payload, meaning, reached }) => {
  it("that are mutated are refused, unless they say the same", async () => {
    const genuine = await payload(vendors);
    const authority = authorityOf(vendors, kind);
    expect(await judged(vendors.deps, authority, genuine)).toMatchObject({ ok: true });
    const said = meaningOf(genuine, meaning);
    const random = randomOf(16);
    const reasons = new Map<string, number>();
    for (let count = 0; count < runs; count++) {
      const mutated = mutatedText(genuine, random);
      const outcome = await judged(vendors.deps, authority, mutated);
      if (outcome.ok) {
        expect(meaningOf(mutated, meaning), mutated).toEqual(said);
        continue;
      }
      const reason = /^device attestation: ([a-z_]+)$/.exec(outcome.message)?.[1] ??
        outcome.message;
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
    expect([...reasons.keys()]).toEqual(expect.arrayContaining([...reached]));
    const refused = [...reasons.values()].reduce((sum, count) => sum + count, 0);
    expect(refused).toBeGreaterThan(runs * 0.9);
  }, 120_000);
});

describe("what is inside", () => {
  it("a signed payload that is mutated has a fault or none, and never breaks anything", () => {
    const random = randomOf(17);
    const genuine = new TextEncoder().encode(JSON.stringify(playClaims(vendors)));
    const context = {
      app: {
        kind: "playintegrity",
        decode: "local",
        packageName: PACKAGE,
        certificateDigests: [DIGEST],
        keys: [],
        device: ["MEETS_DEVICE_INTEGRITY"],
        licensed: true,
        minVersionCode: 1,
      },
      contentHash: vendors.hash,
      nowMs: NOW_MS,
      maxAgeMs: 600_000,
      development: false,
    } as const;
    const found = new Set<string | undefined>();
    for (let count = 0; count < RUNS.verdicts; count++) {
      const mutated = jsonOf(mutatedBytes(genuine, random), 16_384);
      found.add(verdictFault(mutated, context));
    }
    for (const reason of ["malformed", "app", "content", "stale", "device", "unlicensed"]) {
      expect(found).toContain(reason);
    }
  });

  it("authenticator data that is mutated is malformed or not, and never breaks anything", async () => {
    const random = randomOf(18);
    const { publicKey } = await newPhoneKey();
    const genuine = await attestedAuthData(NATIVE, publicKey, { ...APP, category: 4 });
    let malformed = 0;
    for (let count = 0; count < RUNS.authenticatorData; count++) {
      const mutated = mutatedBytes(genuine, random);
      if (parseAuthenticatorData(mutated, "credential") === undefined) malformed++;
      parseAuthenticatorData(mutated, "assertion");
    }
    expect(malformed).toBeGreaterThan(RUNS.authenticatorData / 10);
    expect(malformed).toBeLessThan(RUNS.authenticatorData * 0.95);
  });
});

/** Mutates the text, or what a part of it is in base64 of. */
function mutatedText(genuine: string, random: () => number): string {
  for (;;) {
    const text = random() < 0.3 ? mutatedCharacters(genuine, random) : mutatedPart(genuine, random);
    if (text !== genuine) return text;
  }
}

function mutatedPart(genuine: string, random: () => number): string {
  const parts = genuine.split(".");
  const chosen = Math.floor(random() * parts.length);
  return parts.map((part, at) =>
    at === chosen
      ? Buffer.from(mutatedBytes(Buffer.from(part, "base64"), random)).toString("base64url")
      : part
  ).join(".");
}

const INSERTED = [".", "=", "", "gYGB", "v/8", "-_", "\u0000", "AAAA".repeat(500)] as const;

function mutatedCharacters(genuine: string, random: () => number): string {
  const at = Math.floor(random() * genuine.length);
  const removed = Math.floor(random() * (random() < 0.5 ? 3 : 200));
  const inserted = INSERTED[Math.floor(random() * INSERTED.length)] ?? "";
  return genuine.slice(0, at) + inserted + genuine.slice(at + removed);
}

/** Changes, removes, repeats or inserts some bytes, once to three times. */
function mutatedBytes(genuine: Uint8Array, random: () => number): Uint8Array<ArrayBuffer> {
  let bytes = new Uint8Array(genuine);
  for (let times = Math.floor(random() * 3); times >= 0; times--) {
    const at = Math.floor(random() * bytes.length);
    const many = Math.floor(random() * 8);
    const change = Math.floor(random() * 5);
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
    const byte = Math.floor(random() * 256);
    if (change <= 1) bytes[at] = change === 0 ? byte : (bytes[at] ?? 0) ^ (1 << (byte & 7));
    else if (change === 2) bytes = joined(head, tail.subarray(many));
    else if (change === 3) bytes = joined(head, tail.subarray(0, many), tail);
    else bytes = joined(head, new Uint8Array(many).fill(byte), tail);
  }
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}

function meaningOf(text: string, meaning: Specimen["meaning"]): unknown {
  const payload = payloadOf(text);
  return payload === undefined ? undefined : meaning(payload);
}

/** All of an attestation but its receipt, which nobody looks into, and members that nobody knows. */
function attestationMeaning(object: Uint8Array): unknown {
  const { fmt, attStmt, authData } = decoded(object) as {
    readonly fmt: string;
    readonly attStmt: { readonly x5c: readonly Uint8Array[] };
    readonly authData: Uint8Array;
  };
  return { fmt, x5c: attStmt.x5c, authData };
}

function decoded(bytes: Uint8Array): unknown {
  return decode(bytes);
}
