import { Buffer } from "node:buffer";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { type AppleAuthority, makeApple, makeAuthority } from "../../src/device/attest/apple.ts";
import { makeGoogle, playPayload, playToken } from "../../src/device/attest/google.ts";
import { payloadOf } from "../../src/attest/form.ts";
import { NOON } from "../publish/world.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { useDatabase } from "../support/database.ts";
import { assertion, attestation, newPhoneKey } from "./phone.ts";
import { APP, type AttestWorld, base64, makeAttestWorld } from "./world.ts";

/** Mutated payloads that are sent; many more are tried without a database. */
const RUNS = 600;
const PUBLISHES = 1000;
const AT_ONCE = 20;
const NOW_MS = NOON * 1000;
const DIGEST = Buffer.alloc(32, 5).toString("base64url");
const PLAY_APP = { packageName: "org.example.mag", certificateDigest: DIGEST };

describe("attested publishes", () => {
  const database = useDatabase();
  let world: AttestWorld;
  let authority: AppleAuthority;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    const apple = await makeApple(NATIVE, NOW_MS);
    authority = await makeAuthority(NATIVE, apple, NOW_MS);
    world = await makeAttestWorld(database());
    const google = await makeGoogle(NATIVE);
    world.environment["KEY"] = google.decryption;
    world.environment["PUB"] = google.verification;
    tokenFor = (hash) =>
      playToken(
        NATIVE,
        google,
        playPayload(PLAY_APP, Buffer.from(hash).toString("base64url"), NOW_MS),
      );
    world.configure({
      mode: "require",
      development: true,
      ios: { kind: "appattest", ...APP, registration: true, trustAnchors: [apple.rootPem] },
      android: {
        kind: "playintegrity",
        decode: "local",
        packageName: PLAY_APP.packageName,
        certificateDigests: [DIGEST],
        keys: [{ decryption: "env:KEY", verification: "env:PUB" }],
      },
    });
  });
  let tokenFor: (hash: Uint8Array) => Promise<string>;

  it("leave nothing that joins a device to its keys", async () => {
    const send = async (index: number) => {
      const { body, hash } = await world.attested();
      const payload = index % 2 === 0
        ? base64(await attestation(authority, hash, NOW_MS))
        : await tokenFor(hash);
      expect(await world.send(body, payload)).toMatchObject({ status: 200 });
    };
    // Some at once, as they come: they share statements.
    for (let sent = 0; sent < PUBLISHES; sent += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => send(sent + index)));
    }
    const columns = await database().sql<{ table: string; column: string }[]>`
      select table_name as table, column_name as column from information_schema.columns
      where table_name like 'attest%' order by 1, 2`;
    expect(columns.map(({ table, column }) => `${table}.${column}`)).toEqual([
      "attest_key.counter",
      "attest_key.expires_on",
      "attest_key.id",
      "attest_key.public_key",
      "attest_used.expires_on",
      "attest_used.hash",
    ]);
    // Of the whole hour, one expiry a kind: it tells no publish from another.
    const used = await database().sql<{ expires: number; count: number }[]>`
      select expires_on as expires, count(*) as count from attest_used group by 1`;
    expect(used.reduce((sum, { count }) => sum + count, 0)).toBe(PUBLISHES);
    expect(used.length).toBeLessThanOrEqual(2);
    for (const { expires } of used) expect(expires % 3600).toBe(0);
    const keys = await database().sql<{ hex: string }[]>`
      select encode(key, 'hex') as hex from exposure`;
    const hashes = await database().sql<{ hex: string }[]>`
      select encode(hash, 'hex') as hex from attest_used`;
    expect(keys).toHaveLength(PUBLISHES);
    const all = hashes.map(({ hex }) => hex).join(" ");
    expect(keys.filter(({ hex }) => all.includes(hex))).toEqual([]);
  }, 60_000);

  it("with mutated payloads never answer 5xx, and no answer holds any of them", async () => {
    const phone = await newPhoneKey();
    const { body, hash } = await world.attested();
    const bases = [
      base64(await attestation(authority, hash, NOW_MS)),
      await tokenFor(hash),
      `${base64(new Uint8Array(32))}.${base64(await assertion(phone, hash))}`,
      Buffer.alloc(1600, 1).toString("base64"),
      "e30.e30.e30",
    ];
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...bases),
        fc.array(
          fc.record({
            at: fc.double({ min: 0, max: 1, noNaN: true }),
            remove: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(200)),
            insert: fc.oneof(
              fc.base64String({ maxLength: 8 }),
              fc.constantFrom(".", "=", "gYGB", "v/8", "\u0000", "AAAA".repeat(500)),
            ),
          }),
          { minLength: 1, maxLength: 3 },
        ),
        async (base, mutations) => {
          const payload = mutations.reduce((text, { at, remove, insert }) => {
            const start = Math.floor(at * text.length);
            return text.slice(0, start) + insert + text.slice(start + remove);
          }, base);
          const answer = await world.send(body, payload);
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
          // A mutation may leave the meaning as it was: then the keys are stored, or are already.
          if (answer.status === 200 || answer.json.code === "missing_revision_token") return;
          expect(answer.status, payload).toBe(401);
          expect(answer.json.error).toMatch(/^device attestation: [a-z_]+$/);
        },
      ),
      { numRuns: RUNS, seed: 16 },
    );
    expect(statuses.get(401)).toBeGreaterThan(RUNS / 2);
    expect(world.failures).toEqual([]);
    for (const { platform, kind, verdict } of world.verdicts) {
      expect(`${platform} ${kind} ${verdict}`).toMatch(/^[a-z]+ [a-z]+ [a-z_]+$/);
    }
  }, 60_000 + RUNS * 30);

  it("of any text have one form or none", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 200 }), fc.base64String()), (text) => {
        const payload = payloadOf(text);
        if (payload === undefined) return;
        expect(["jwe", "jws", "assertion", "attestation", "device-token"]).toContain(payload.form);
      }),
      { numRuns: 2000, seed: 17 },
    );
  });
});
