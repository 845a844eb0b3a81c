import * as z from "zod";
import { decodeBase64, encodeHex } from "../../bytes/base64.ts";
import { accept, type Outcome, refuse } from "../../errors.ts";
import { equalBytes, hmacSha256, sha256 } from "../../keys/crypto.ts";
import {
  type AppAttest,
  type Attestation,
  attestationMode,
} from "../../model/resource/attestation.ts";
import type { AttestedKeys } from "../../store/attest/attested-key.ts";
import { type AppAttestDependencies, checkAttestation } from "../app-attest/one-time.ts";
import type { AttestedAuthority } from "../attest.ts";
import { MAX_PAYLOAD_CHARACTERS } from "../form.ts";
import { jsonOf } from "../token-checks.ts";
import type { AttestationEvent, Reason } from "../verdict.ts";
import { challengeEnd, makeChallenge } from "./challenge.ts";
import { type RegisteredKeyDependencies, registeredKeyRow } from "./registered-key.ts";

/** What registering keys needs. */
export type RegistrationDependencies = RegisteredKeyDependencies & AppAttestDependencies & {
  readonly keys: Pick<AttestedKeys, "add">;
  /** The health authority of this ID. */
  readonly authorityOf: (id: string) => Promise<AttestedAuthority | undefined>;
  readonly allowDevelopment: boolean;
  readonly counted: (event: AttestationEvent) => void;
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
};

/** Largest body of either request, in bytes. */
export const MAX_REGISTRATION_BYTES: number = 32 * 1024;
const HOUR_SECONDS = 3600;

const authorityMember = z.string().min(1).max(200);
const paddingMember = z.string().nullish();

/** A body of `POST /v1/attest/challenge`. */
export type ChallengeRequest = {
  readonly healthAuthorityID: string;
  readonly padding?: string | null | undefined;
};

/** A body of `POST /v1/attest/key`. */
export type KeyRequest = ChallengeRequest & {
  /** Base64 of SHA-256 of the public key. */
  readonly keyId: string;
  /** Base64 of an attestation object over SHA-256 of the challenge's text. */
  readonly attestation: string;
  readonly challenge: string;
};

/** What `POST /v1/attest/challenge` takes. */
export const challengeRequestSchema: z.ZodType<ChallengeRequest> = z.strictObject({
  healthAuthorityID: authorityMember,
  padding: paddingMember,
});

/** What `POST /v1/attest/key` takes. */
export const keyRequestSchema: z.ZodType<KeyRequest> = z.strictObject({
  healthAuthorityID: authorityMember,
  keyId: z.string().max(100),
  attestation: z.string().max(MAX_PAYLOAD_CHARACTERS),
  challenge: z.string().max(200),
  padding: paddingMember,
});

/** Registering keys of App Attest, for health authorities with `registration`; `not_found` for others. */
export type Registration = {
  /** Answers a body of `POST /v1/attest/challenge`. */
  challenge(body: Uint8Array): Promise<Outcome<{ readonly challenge: string }>>;
  /** Answers a body of `POST /v1/attest/key`: until when the key is known. */
  register(body: Uint8Array): Promise<Outcome<{ readonly expires: string }>>;
};

/** {@link Registration}. */
export function registration(deps: RegistrationDependencies): Registration {
  const challengeDeps = async (healthAuthority: string) => ({
    crypto: deps.crypto,
    key: (await deps.dataKeys()).challenge,
    healthAuthority,
    nowMs: deps.nowMs(),
  });
  return {
    challenge: async (body) => {
      const request = parsed(challengeRequestSchema, body);
      if (!request.ok) return request;
      const { healthAuthorityID } = request.value;
      const app = await registeringApp(deps, healthAuthorityID);
      if (!app.ok) return app;
      return accept({ challenge: await makeChallenge(await challengeDeps(healthAuthorityID)) });
    },
    register: async (body) => {
      const request = parsed(keyRequestSchema, body);
      if (!request.ok) return request;
      const { healthAuthorityID } = request.value;
      const app = await registeringApp(deps, healthAuthorityID);
      if (!app.ok) return app;
      const ends = await challengeEnd(
        await challengeDeps(healthAuthorityID),
        request.value.challenge,
      );
      if (ends === undefined) return refused(deps, "challenge");
      const added = await addKey(deps, app.value, request.value, ends);
      if (typeof added === "string") return refused(deps, added);
      count(deps, "ok");
      return accept({
        expires: new Date(added.expiresOn * 1000).toISOString().replace(".000", ""),
      });
    },
  };
}

/** Checks the attestation and stores its key, or says why not. */
async function addKey(
  deps: RegistrationDependencies,
  { app, development }: RegisteringApp,
  request: KeyRequest,
  challengeEnds: number,
): Promise<{ readonly expiresOn: number } | Reason> {
  const { crypto } = deps;
  const object = decodeBase64(request.attestation);
  const keyId = decodeBase64(request.keyId);
  if (object === undefined || keyId === undefined) return "malformed";
  const nowMs = deps.nowMs();
  const challenge = new TextEncoder().encode(request.challenge);
  const found = await checkAttestation(object, deps, {
    app,
    development,
    clientDataHash: await sha256(crypto, challenge),
    nowMs,
  });
  if (found.found === "failed") return found.reason;
  if (!equalBytes(keyId, found.keyId)) return "unknown_key";
  const row = await registeredKeyRow(deps, request.healthAuthorityID, found, nowMs);
  const { used } = await deps.dataKeys();
  // By its bytes: the text may be base64 of either alphabet.
  const challengeBytes = decodeBase64(request.challenge) ?? challenge;
  const added = await deps.keys.add(row, {
    hash: encodeHex(await hmacSha256(crypto, used, challengeBytes)),
    expiresOn: Math.ceil(challengeEnds / HOUR_SECONDS) * HOUR_SECONDS,
  });
  return added ? row : "replayed";
}

type RegisteringApp = { readonly app: AppAttest; readonly development: boolean };

/** The app of a health authority that registers keys. */
async function registeringApp(
  deps: RegistrationDependencies,
  id: string,
): Promise<Outcome<RegisteringApp>> {
  const attestation: Attestation | undefined = (await deps.authorityOf(id))?.attestation;
  const app = attestation?.ios;
  const registers = attestation !== undefined && app?.kind === "appattest" && app.registration &&
    attestationMode(attestation, "ios") !== "off";
  if (!registers) return refuse("not_found");
  return accept({ app, development: attestation.development && deps.allowDevelopment });
}

function parsed<T>(schema: z.ZodType<T>, body: Uint8Array): Outcome<T> {
  const result = schema.safeParse(jsonOf(body, MAX_REGISTRATION_BYTES));
  if (result.success) return accept(result.data);
  const member = result.error.issues[0]?.path.join(".") ?? "";
  return refuse(
    "bad_request",
    member === ""
      ? "the body must be a JSON object of known members"
      : `${member}: must be there, as a text that is not too long`,
  );
}

function refused(deps: RegistrationDependencies, reason: Reason): Outcome<never> {
  count(deps, reason);
  return refuse("device_attestation_invalid", `device attestation: ${reason}`);
}

function count({ counted }: RegistrationDependencies, verdict: AttestationEvent["verdict"]): void {
  counted({ platform: "ios", kind: "appattest", verdict });
}
