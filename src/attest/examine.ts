import type { UsedToken, UsedTokens } from "../store/attest/used-token.ts";
import type { AttestedKeys } from "../store/attest/attested-key.ts";
import { parseDuration } from "../model/duration.ts";
import type {
  AndroidAttestation,
  Attestation,
  AttestedPlatform,
  IosAttestation,
} from "../model/resource/attestation.ts";

import { checkAttestation } from "./app-attest/one-time.ts";
import { checkAssertion } from "./app-attest/registered.ts";
import type { ChainCheck } from "./chain.ts";
import type { AttestationDataKeys } from "./data-keys.ts";
import type { deviceTokenCheck } from "./device-check.ts";
import type { Payload } from "./form.ts";
import type { googleDecoder } from "./play-integrity/google-token.ts";
import { type OpenPlayKeys, openToken, type playKeyring } from "./play-integrity/local-token.ts";
import { verdictFault } from "./play-integrity/verdicts.ts";
import { registeredKey } from "./registration/registered-key.ts";
import { usedHash, usedUntil } from "./replay.ts";
import { checkSafetyNet } from "./safety-net.ts";
import { jsonOf } from "./token-checks.ts";
import type { Asked } from "./vendor/calls.ts";
import { failed, type Finding } from "./verdict.ts";

/** What examining attestations needs. */
export type ExamineDependencies = {
  readonly crypto: Crypto;
  readonly isChained: ChainCheck;
  readonly dataKeys: () => Promise<AttestationDataKeys>;
  readonly used: Pick<UsedTokens, "has">;
  readonly keys: Pick<AttestedKeys, "find" | "raiseCounter">;
  readonly openPlayKeys: ReturnType<typeof playKeyring>;
  readonly decodeByGoogle: ReturnType<typeof googleDecoder>;
  readonly checkDeviceToken: ReturnType<typeof deviceTokenCheck>;
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
};

/** An attestation, and what it is examined against. */
export type Examination = {
  readonly payload: Payload;
  readonly platform: AttestedPlatform;
  readonly configured: AndroidAttestation | IosAttestation;
  readonly attestation: Attestation;
  /** Whether what only development needs is let in. */
  readonly development: boolean;
  readonly healthAuthority: string;
  readonly contentHash: Uint8Array;
  /** See {@link usedUntil}. */
  readonly certificateUntil: number | undefined;
};

/** What an examination finds; a genuine attestation comes with what uses it up. */
export type Examined =
  | { readonly found: "genuine"; readonly used: UsedToken }
  | Exclude<Finding, { found: "genuine" }>;

const MAX_PAYLOAD_BYTES = 16 * 1024;
const TEN_MINUTES_MS = 600_000;

/** Examines an attestation, whatever its kind. A vendor is asked only about one that was not used before. */
export async function examine(deps: ExamineDependencies, work: Examination): Promise<Examined> {
  const { configured } = work;
  switch (configured.kind) {
    case "appattest":
      return await examineAppAttest(deps, { ...work, configured });
    case "devicecheck": {
      const { payload, development } = work;
      if (payload.form !== "device-token") return failed("wrong_kind");
      return await unlessUsed(deps, work, payload.token, async () => {
        const asked = await deps.checkDeviceToken(configured, development, payload.text);
        return word(asked, (said) => said === "refused" ? failed("vendor_refused") : undefined);
      });
    }
    case "safetynet": {
      if (work.payload.form !== "jws") return failed("wrong_kind");
      const context = { app: configured, ...timed(deps, work) };
      const finding = await checkSafetyNet(deps.crypto, work.payload, deps.isChained, context);
      return finding.found === "genuine" ? await genuine(deps, work, finding.signed) : finding;
    }
    case "playintegrity":
      return await examinePlayIntegrity(deps, { ...work, configured });
  }
}

type Of<Kind extends Examination["configured"]["kind"]> = Examination & {
  readonly configured: Extract<Examination["configured"], { kind: Kind }>;
};

async function examineAppAttest(
  deps: ExamineDependencies,
  work: Of<"appattest">,
): Promise<Examined> {
  const { payload, configured: app, development } = work;
  const nowMs = deps.nowMs();
  const context = { app, development, clientDataHash: work.contentHash, nowMs };
  if (payload.form === "attestation") {
    const finding = await checkAttestation(payload.object, deps, context);
    return finding.found === "genuine" ? await genuine(deps, work, finding.signed) : finding;
  }
  if (payload.form !== "assertion") return failed("wrong_kind");
  const key = await registeredKey(deps, work.healthAuthority, payload.keyId, nowMs);
  if (key === undefined) return failed("unknown_key");
  const finding = await checkAssertion(payload.assertion, key.publicKey, deps, context);
  if (finding.found !== "genuine") return finding;
  return await unlessUsed(
    deps,
    work,
    finding.signed,
    async () =>
      await deps.keys.raiseCounter(key.id, finding.counter) ? undefined : failed("counter"),
  );
}

async function examinePlayIntegrity(
  deps: ExamineDependencies,
  work: Of<"playintegrity">,
): Promise<Examined> {
  const { payload, configured: app, development } = work;
  if (payload.form !== "jwe") return failed("wrong_kind");
  const faultOf = (decoded: unknown) => {
    const reason = verdictFault(decoded, { app, development, ...timed(deps, work) });
    return reason === undefined ? undefined : failed(reason);
  };
  if (app.decode === "google") {
    const signed = framed(payload.parts);
    return await unlessUsed(deps, work, signed, async () => {
      const asked = await deps.decodeByGoogle(app, development, payload.text);
      return word(
        asked,
        (said) => said === "refused" ? failed("vendor_refused") : faultOf(said.payload),
      );
    });
  }
  const pairs = await Promise.all(app.keys.map(deps.openPlayKeys));
  const keys = pairs.filter((pair): pair is OpenPlayKeys => pair !== undefined);
  if (keys.length < pairs.length) return { found: "misconfigured" };
  const token = await openToken(deps.crypto, payload, keys);
  if (!token.opened) return failed(token.reason);
  const fault = faultOf(jsonOf(token.payload, MAX_PAYLOAD_BYTES));
  return fault ?? await genuine(deps, work, token.payload);
}

/** Genuine, unless these signed bytes were used before, or `last`, which asks or changes something, finds a fault. */
async function unlessUsed(
  deps: ExamineDependencies,
  work: Examination,
  signed: Uint8Array,
  last: () => Promise<Exclude<Finding, { found: "genuine" }> | undefined>,
): Promise<Examined> {
  const found = await genuine(deps, work, signed);
  return await deps.used.has(found.used.hash) ? failed("replayed") : await last() ?? found;
}

/** Genuine. Whether these signed bytes were used before is found when they are to be used up. */
async function genuine(
  deps: ExamineDependencies,
  { configured: { kind }, attestation, certificateUntil }: Examination,
  signed: Uint8Array,
): Promise<Extract<Examined, { found: "genuine" }>> {
  const hash = await usedHash(deps.crypto, (await deps.dataKeys()).used, kind, signed);
  const expiresOn = usedUntil({
    kind,
    now: deps.nowMs() / 1000,
    maxAgeSeconds: maxAgeMs(attestation) / 1000,
    certificateUntil,
  });
  return { found: "genuine", used: { hash, expiresOn } };
}

/** What a vendor's word means: `judge` tells what is found by it. */
function word<T>(
  asked: Asked<T>,
  judge: (value: T) => Exclude<Finding, { found: "genuine" }> | undefined,
): Exclude<Finding, { found: "genuine" }> | undefined {
  return asked.asked === "answered" ? judge(asked.value) : { found: asked.asked };
}

function timed(deps: ExamineDependencies, { attestation, contentHash }: Examination) {
  return { contentHash, nowMs: deps.nowMs(), maxAgeMs: maxAgeMs(attestation) };
}

function maxAgeMs({ maxAge }: Attestation): number {
  return parseDuration(maxAge) ?? TEN_MINUTES_MS;
}

/** Parts in one: each with its length before it, so that no two lists give the same bytes. */
function framed(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  const view = new DataView(whole.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length);
    whole.set(part, at + 4);
    at += 4 + part.length;
  }
  return whole;
}
