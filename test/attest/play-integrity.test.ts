import { Buffer } from "node:buffer";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CompactEncrypt, CompactSign, UnsecuredJWT } from "jose";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  makeGoogle,
  playPayload,
  playToken,
  type ThrowAwayGoogle,
} from "../../src/device/attest/google.ts";
import { temporaryFolder } from "../support/command-io.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { useDatabase } from "../support/database.ts";
import { NOON } from "../publish/world.ts";
import { type AttestWorld, makeAttestWorld } from "./world.ts";

const NOW_MS = NOON * 1000;
const DIGEST = Buffer.alloc(32, 5).toString("base64url");
const OTHER_DIGEST = Buffer.alloc(32, 6).toString("base64url");
const PLAY_APP = { packageName: "org.example.mag", certificateDigest: DIGEST };
const refused = (reason: string) => ({
  status: 401,
  json: { code: "device_attestation_invalid", error: `device attestation: ${reason}` },
});

/** Parts of a payload to change. */
type Payload = Record<string, Record<string, unknown>>;

describe("Play Integrity, decoded here", () => {
  const database = useDatabase();
  let google: ThrowAwayGoogle;
  let world: AttestWorld;

  beforeAll(async () => {
    google = await makeGoogle(NATIVE);
  });
  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeAttestWorld(database());
    world.environment["PLAY_KEY"] = google.decryption;
    world.environment["PLAY_PUB"] = google.verification;
    configure();
  });
  const configure = (android: Readonly<Record<string, unknown>> = {}) =>
    world.configure({
      mode: "require",
      android: {
        kind: "playintegrity",
        decode: "local",
        packageName: PLAY_APP.packageName,
        certificateDigests: [DIGEST],
        keys: [{ decryption: "env:PLAY_KEY", verification: "env:PLAY_PUB" }],
        ...android,
      },
    });
  const nonceOf = (hash: Uint8Array) => Buffer.from(hash).toString("base64url");
  const payloadFor = (hash: Uint8Array, change: (payload: Payload) => void = () => {}) => {
    const payload = playPayload(PLAY_APP, nonceOf(hash), NOW_MS) as Payload;
    change(payload);
    return payload;
  };
  const set = (block: string, members: Readonly<Record<string, unknown>>) => (payload: Payload) => {
    payload[block] = { ...payload[block], ...members };
  };

  it("lets a genuine token publish, once, also with its parts in other base64", async () => {
    const { body, hash } = await world.attested({ platform: "Android" });
    const token = await playToken(NATIVE, google, payloadFor(hash));
    expect(await world.send(body, token)).toMatchObject({ status: 200 });
    const standard = token.split(".").map((part) =>
      Buffer.from(part, "base64url").toString("base64")
    );
    for (const again of [token, standard.join(".")]) {
      expect(await world.send(body, again)).toMatchObject(refused("replayed"));
    }
    const rows = await database().sql`select expires_on from attest_used`;
    expect(rows.map((row) => Number(row["expires_on"]))).toEqual([
      Math.ceil((NOON + 660) / 3600) * 3600,
    ]);
  });

  it("takes keys from files, and a second pair while they are rotated", async () => {
    const next = await makeGoogle(NATIVE);
    const folder = await temporaryFolder();
    await writeFile(join(folder, "key"), `${next.decryption}\n`);
    await writeFile(join(folder, "pub"), `${next.verification}\n`);
    const second = { decryption: `file:${folder}/key`, verification: `file:${folder}/pub` };
    configure({ keys: [{ decryption: "env:PLAY_KEY", verification: "env:PLAY_PUB" }, second] });
    for (const keys of [google, next]) {
      const { body, hash } = await world.attested();
      const token = await playToken(NATIVE, keys, payloadFor(hash));
      expect(await world.send(body, token)).toMatchObject({ status: 200 });
    }
  });

  it("answers 503 while its keys cannot be read, and tells an operator", async () => {
    configure({ keys: [{ decryption: "env:NOT_THERE", verification: "env:PLAY_PUB" }] });
    const { body, hash } = await world.attested();
    const token = await playToken(NATIVE, google, payloadFor(hash));
    expect(await world.send(body, token)).toMatchObject({
      status: 503,
      retryAfter: "60",
      json: { code: "device_attestation_unavailable" },
    });
    expect(world.verdicts.map(({ verdict }) => verdict)).toEqual(["misconfigured"]);
  });

  it.each<[string, string, (payload: Payload) => void]>([
    ["10 min 1 s old", "stale", set("requestDetails", { timestampMillis: NOW_MS - 601_000 })],
    ["61 s ahead", "future", set("requestDetails", { timestampMillis: NOW_MS + 61_000 })],
    ["without a time", "malformed", set("requestDetails", { timestampMillis: undefined })],
    ["of a negative time", "malformed", set("requestDetails", { timestampMillis: -1 })],
    ["of the time 1e99", "malformed", set("requestDetails", { timestampMillis: "1e99" })],
    ["of another package", "app", set("requestDetails", { requestPackageName: "org.other" })],
    ["in other case", "app", set("requestDetails", { requestPackageName: "org.Example.mag" })],
    ["of an app of another package", "app", set("appIntegrity", { packageName: "org.other" })],
    [
      "that is not recognized",
      "app",
      set("appIntegrity", { appRecognitionVerdict: "UNRECOGNIZED_VERSION" }),
    ],
    ["of another digest", "app", set("appIntegrity", { certificateSha256Digest: [OTHER_DIGEST] })],
    ["without a digest", "app", set("appIntegrity", { certificateSha256Digest: [] })],
    [
      "without the member for digests",
      "app",
      set("appIntegrity", { certificateSha256Digest: undefined }),
    ],
    ["without an app", "app", (payload) => delete payload["appIntegrity"]],
    ["of another nonce", "content", set("requestDetails", { nonce: nonceOf(Buffer.alloc(32)) })],
    ["with neither nonce nor hash", "content", set("requestDetails", { nonce: undefined })],
    [
      "of a device without integrity",
      "device",
      set("deviceIntegrity", { deviceRecognitionVerdict: [] }),
    ],
    ["without a device", "device", (payload) => delete payload["deviceIntegrity"]],
    [
      "for testing",
      "testing",
      (payload) => payload["testingDetails"] = { isTestingResponse: true },
    ],
    ["without a request", "malformed", (payload) => delete payload["requestDetails"]],
    [
      "larger than 16 KiB",
      "malformed",
      (payload) => payload["more"] = { text: "x".repeat(16_384) },
    ],
  ])("refuses a token %s: %s", async (_, reason, change) => {
    const { body, hash } = await world.attested();
    const text = JSON.stringify(payloadFor(hash, change));
    const token = await playToken(NATIVE, google, JSON.parse(text));
    expect(await world.send(body, token)).toMatchObject(refused(reason));
    expect(await database().sql`select from exposure`).toHaveLength(0);
  });

  it("refuses a token with both nonce and hash, and one with a hash alone", async () => {
    const { body, hash } = await world.attested();
    for (const nonce of [nonceOf(hash), undefined]) {
      const both = payloadFor(hash, set("requestDetails", { requestHash: nonceOf(hash), nonce }));
      const token = await playToken(NATIVE, google, JSON.parse(JSON.stringify(both)));
      expect(await world.send(body, token)).toMatchObject(refused("content"));
    }
  });

  it("lets in what is just old and just ahead enough, more members, and a number for its time", async () => {
    for (const time of [NOW_MS - 600_000, String(NOW_MS + 60_000)]) {
      const { body, hash } = await world.attested();
      const change = set("requestDetails", { timestampMillis: time, more: true });
      const token = await playToken(NATIVE, google, payloadFor(hash, change));
      expect(await world.send(body, token)).toMatchObject({ status: 200 });
    }
  });

  it("asks for labels, licence, version and two digests as configured", async () => {
    const send = async (change: (payload: Payload) => void) => {
      const { body, hash } = await world.attested();
      return await world.send(body, await playToken(NATIVE, google, payloadFor(hash, change)));
    };
    configure({ device: ["MEETS_DEVICE_INTEGRITY", "MEETS_STRONG_INTEGRITY"] });
    expect(await send(() => {})).toMatchObject(refused("device"));
    configure({ device: [] });
    expect(await send(set("deviceIntegrity", { deviceRecognitionVerdict: [] })))
      .toMatchObject({ status: 200 });
    configure({ licensed: true });
    expect(await send(set("accountDetails", { appLicensingVerdict: "UNLICENSED" })))
      .toMatchObject(refused("unlicensed"));
    expect(await send(() => {})).toMatchObject({ status: 200 });
    configure({ minVersionCode: 2 });
    expect(await send(() => {})).toMatchObject(refused("app"));
    expect(await send(set("appIntegrity", { versionCode: undefined }))).toMatchObject(
      refused("app"),
    );
    expect(await send(set("appIntegrity", { versionCode: 2 }))).toMatchObject({ status: 200 });
    configure({ certificateDigests: [OTHER_DIGEST, Buffer.alloc(32, 7).toString("base64url")] });
    expect(await send(() => {})).toMatchObject(refused("app"));
    configure({ certificateDigests: [OTHER_DIGEST, DIGEST] });
    expect(await send(() => {})).toMatchObject({ status: 200 });
  });

  it("refuses to decrypt what is not A256KW with A256GCM, or was changed", async () => {
    const { body, hash } = await world.attested();
    const token = await playToken(NATIVE, google, payloadFor(hash));
    const key = new Uint8Array(Buffer.from(google.decryption, "base64"));
    const signed = Buffer.from("e30.e30.e30");
    const encrypted = (header: { alg: string; enc: string; zip?: string }) =>
      new CompactEncrypt(signed).setProtectedHeader(header).encrypt(
        header.enc === "A128GCM" && header.alg === "dir" ? key.subarray(0, 16) : key,
      );
    const [head = "", ...rest] = token.split(".");
    const zipped = Buffer.from(JSON.stringify({
      ...JSON.parse(Buffer.from(head, "base64url").toString()),
      zip: "DEF",
    })).toString("base64url");
    const last = rest.at(-1) ?? "";
    const tag = Buffer.from(last, "base64url").map((byte, at) => at === 0 ? byte ^ 1 : byte);
    const tokens = [
      await encrypted({ alg: "dir", enc: "A256GCM" }),
      await encrypted({ alg: "A256GCMKW", enc: "A256GCM" }),
      await encrypted({ alg: "A256KW", enc: "A128GCM" }),
      [zipped, ...rest].join("."),
      [head, ...rest.slice(0, -1), Buffer.from(tag).toString("base64url")].join("."),
      await playToken(NATIVE, await makeGoogle(NATIVE), payloadFor(hash)),
      "....",
      "e30.e30.e30.e30.e30",
    ];
    for (const one of tokens) expect(await world.send(body, one)).toMatchObject(refused("decrypt"));
  });

  it("refuses an inner signature by none, by HS256 with the public key, or by another key", async () => {
    const { body, hash } = await world.attested();
    const payload = payloadFor(hash);
    const bytes = new TextEncoder().encode(JSON.stringify(payload));
    const publicKey = Buffer.from(google.verification, "base64");
    const inner = [
      new UnsecuredJWT(payload).encode(),
      await new CompactSign(bytes).setProtectedHeader({ alg: "HS256" }).sign(publicKey),
      "no JWS",
    ];
    for (const text of inner) {
      const token = await new CompactEncrypt(Buffer.from(text))
        .setProtectedHeader({ alg: "A256KW", enc: "A256GCM" })
        .encrypt(new Uint8Array(Buffer.from(google.decryption, "base64")));
      expect(await world.send(body, token)).toMatchObject(refused("signature"));
    }
    const { signing } = await makeGoogle(NATIVE);
    const forged = await playToken(NATIVE, { ...google, signing }, payload);
    expect(await world.send(body, forged)).toMatchObject(refused("signature"));
  });

  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ["no payload", {}, "missing"],
    ["an empty payload", { deviceVerificationPayload: "" }, "missing"],
    ["null", { deviceVerificationPayload: null }, "missing"],
    ["24,001 characters", { deviceVerificationPayload: "A".repeat(24_001) }, "malformed"],
    ["six parts", { deviceVerificationPayload: "a.b.c.d.e.f" }, "malformed"],
    ["four parts", { deviceVerificationPayload: "e30.e30.e30.e30" }, "malformed"],
    ["no base64", { deviceVerificationPayload: "%%%" }, "malformed"],
    ["a JWS", { deviceVerificationPayload: "e30.e30.e30" }, "wrong_kind"],
    ["a form of iOS", { deviceVerificationPayload: "AAAA" }, "not_configured"],
    [
      "Windows and a JWS",
      { platform: "windows", deviceVerificationPayload: "e30.e30.e30" },
      "wrong_kind",
    ],
    [
      "Android and a form of iOS",
      { platform: "ANDROID", deviceVerificationPayload: "AAAA" },
      "wrong_kind",
    ],
    [
      "iOS and a JWE",
      { platform: "ios", deviceVerificationPayload: "e30.e30.e30.e30.e30" },
      "not_configured",
    ],
  ])("refuses %s without looking at the certificate", async (_, members, reason) => {
    const { body } = await world.attested(members);
    const without = { ...body, verificationPayload: "no certificate" };
    expect(await world.send(without)).toMatchObject(refused(reason));
  });
});

describe("the form of a payload", () => {
  const database = useDatabase();

  it("must be that of the platform's kind", async () => {
    const world = await makeAttestWorld(database());
    world.configure({
      mode: "require",
      ios: { kind: "appattest", teamId: "ABCDE12345", bundleId: "org.example.mag" },
    });
    const random = Buffer.alloc(1600, 0x42).toString("base64");
    const rows: [Readonly<Record<string, unknown>>, string][] = [
      [{ deviceVerificationPayload: random }, "wrong_kind"],
      [{ platform: "ios", deviceVerificationPayload: "e30.e30.e30.e30.e30" }, "wrong_kind"],
      [{ deviceVerificationPayload: "e30.e30" }, "wrong_kind"],
      [{ platform: "android", deviceVerificationPayload: "e30.e30.e30.e30.e30" }, "not_configured"],
      [{ platform: "windows", deviceVerificationPayload: random }, "wrong_kind"],
    ];
    for (const [members, reason] of rows) {
      const { body } = await world.attested(members);
      expect(await world.send(body)).toMatchObject(refused(reason));
    }
  });
});
