import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";
import * as z from "zod";
import { decodeBase64, encodeBase64, encodeBase64Url } from "../bytes/base64.ts";
import {
  attestKey,
  makeApple,
  makeAuthority,
  type ThrowAwayApple,
} from "../device/attest/apple.ts";
import { deviceCheckServer } from "../device/attest/device-check-server.ts";
import {
  makeGoogle,
  playPayload,
  playToken,
  type ThrowAwayGoogle,
} from "../device/attest/google.ts";
import { keptSecret } from "../device/attest/kept-secret.ts";
import { ensureIssuer } from "../device/issuer.ts";
import type { PublishBody } from "../device/upload.ts";
import { AppError } from "../errors.ts";
import { sha256 } from "../keys/crypto.ts";
import { attestedText } from "../model/attestation-content.ts";
import { type Attestation, attestationSchema } from "../model/resource/attestation.ts";
import type { CommandIo } from "./command.ts";

/** Kinds of attestation that `device publish` can make, each by a vendor to throw away. */
export type ThrowAwayKind = "appattest" | "playintegrity" | "devicecheck";

/** The members that an attested publish has more. */
export type AttestedMembers = {
  readonly platform: "ios" | "android";
  readonly deviceVerificationPayload: string;
};

const KINDS: readonly ThrowAwayKind[] = ["appattest", "playintegrity", "devicecheck"];
const APP = { teamId: "THROWAWAY0", bundleId: "wayfarer.device" };
const PLAY_APP = {
  packageName: "wayfarer.device",
  // No certificate has this digest: nobody else's app passes.
  certificateDigest: encodeBase64Url(new TextEncoder().encode("throw-away certificate digest 32")),
};
const KEY_ID = "THROWAWAY1";
const DEVICE_TOKEN_BYTES = 1600;
const CLOSE_MS = 1000;
/** Where the throw-away DeviceCheck server listens while a publish is sent. */
const DEVICE_CHECK_PORT = 18_089;

/** The kind that an option names; refused with `usage`. */
export function attestKind(value: string | undefined): ThrowAwayKind | undefined {
  if (value === undefined) return undefined;
  const kind = KINDS.find((one) => one === value);
  if (kind === undefined) {
    throw new AppError("usage", `--attest must be one of ${KINDS.join(", ")}`);
  }
  return kind;
}

/** The member `attestation` of a health authority that requires attestations of this kind from this machine. */
export async function throwAwayAttestation(
  io: CommandIo,
  kind: ThrowAwayKind,
): Promise<Attestation> {
  const folder = deviceFolder(io);
  const platform = async () => {
    if (kind === "appattest") {
      const { rootPem } = await openApple(io);
      return { ios: { kind, ...APP, trustAnchors: [rootPem] } };
    }
    if (kind === "devicecheck") {
      const signingKey = join(folder, "devicecheck.pem");
      await ensureIssuer(io.runtime.crypto, signingKey);
      const url = `http://127.0.0.1:${DEVICE_CHECK_PORT}`;
      return {
        ios: { kind, teamId: APP.teamId, keyId: KEY_ID, signingKey: `file:${signingKey}`, url },
      };
    }
    await openGoogle(io);
    const file = (name: string) => `file:${join(folder, name)}`;
    return {
      android: {
        kind,
        decode: "local",
        packageName: PLAY_APP.packageName,
        certificateDigests: [PLAY_APP.certificateDigest],
        keys: [{ decryption: file(PLAY_DECRYPTION), verification: file(PLAY_VERIFICATION) }],
      },
    };
  };
  return attestationSchema.parse({ mode: "require", development: true, ...await platform() });
}

/** Sends a publish with an attestation of its content; a throw-away DeviceCheck server is there meanwhile. */
export async function withAttestation<T>(
  io: CommandIo,
  kind: ThrowAwayKind,
  body: PublishBody,
  nowMs: number,
  send: (members: AttestedMembers) => Promise<T>,
): Promise<T> {
  const { crypto } = io.runtime;
  if (kind === "devicecheck") return await withDeviceCheck(io, send);
  const hash = await sha256(crypto, new TextEncoder().encode(attestedText(body)));
  if (kind === "playintegrity") {
    const payload = playPayload(PLAY_APP, encodeBase64Url(hash), nowMs);
    const token = await playToken(crypto, await openGoogle(io), payload);
    return await send({ platform: "android", deviceVerificationPayload: token });
  }
  const authority = await makeAuthority(crypto, await openApple(io), nowMs);
  const object = await attestKey(crypto, authority, { ...APP, clientDataHash: hash, nowMs });
  return await send({ platform: "ios", deviceVerificationPayload: encodeBase64(object) });
}

async function withDeviceCheck<T>(
  io: CommandIo,
  send: (members: AttestedMembers) => Promise<T>,
): Promise<T> {
  const path = join(deviceFolder(io), "devicecheck.pem");
  const { issuer } = await ensureIssuer(io.runtime.crypto, path);
  const { publicKeyPem } = issuer;
  const team = { teamId: APP.teamId, keyId: KEY_ID, publicKeyPem, nowMs: Date.now };
  const server = await io.runtime.listen(deviceCheckServer(team), {
    host: "127.0.0.1",
    port: DEVICE_CHECK_PORT,
  });
  try {
    const token = encodeBase64(randomBytes(DEVICE_TOKEN_BYTES));
    return await send({ platform: "ios", deviceVerificationPayload: token });
  } finally {
    await server.close(CLOSE_MS);
  }
}

function deviceFolder({ env }: CommandIo): string {
  return resolve(env["DATA_DIR"] || "./data", "device");
}

const appleSchema = z.object({ rootPem: z.string(), rootKey: z.base64() });

async function openApple(io: CommandIo): Promise<ThrowAwayApple> {
  const text = await keptSecret(join(deviceFolder(io), "appattest.json"), async () => {
    const { rootPem, rootKey } = await makeApple(io.runtime.crypto, Date.now());
    return JSON.stringify({ rootPem, rootKey: encodeBase64(rootKey) });
  });
  const { rootPem, rootKey } = appleSchema.parse(JSON.parse(text));
  return { rootPem, rootKey: decodeBase64(rootKey) ?? new Uint8Array() };
}

const PLAY_DECRYPTION = "play-decryption.key";
const PLAY_VERIFICATION = "play-verification.key";
const PLAY_SIGNING = "play-signing.key";

async function openGoogle(io: CommandIo): Promise<ThrowAwayGoogle> {
  const made = await makeGoogle(io.runtime.crypto);
  const kept = (name: string, value: string) =>
    keptSecret(join(deviceFolder(io), name), () => Promise.resolve(value));
  return {
    decryption: await kept(PLAY_DECRYPTION, made.decryption),
    signing: await kept(PLAY_SIGNING, made.signing),
    verification: await kept(PLAY_VERIFICATION, made.verification),
  };
}
