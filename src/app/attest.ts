import { type AttestedAuthority, deviceAttestation } from "../attest/attest.ts";
import { chainCheck } from "../attest/chain.ts";
import { type AttestationDataKeys, attestationDataKeys } from "../attest/data-keys.ts";
import { deviceTokenCheck } from "../attest/device-check.ts";
import { googleDecoder } from "../attest/play-integrity/google-token.ts";
import { playKeyring } from "../attest/play-integrity/local-token.ts";
import { type Registration, registration } from "../attest/registration/register.ts";
import { secretReader } from "../attest/secret-reference.ts";
import { vendorCalls } from "../attest/vendor/calls.ts";
import { tryVendors, type VendorTrial } from "../attest/vendor/trial.ts";
import type { AttestationEvent } from "../attest/verdict.ts";
import { checkedFetch } from "../http/guarded-fetch.ts";
import { asHealthAuthorityId } from "../model/ids.ts";
import { isRemoteAttestation } from "../model/resource/attestation.ts";
import type { Attest } from "../publish/attestation.ts";
import { attestedKeys } from "../store/attest/attested-key.ts";
import { usedTokens } from "../store/attest/used-token.ts";
import { dataKey } from "./data-key.ts";
import type { Foundation } from "./foundation.ts";

/** Device attestation, put together. */
export type AttestPart = {
  /** What publishing is handed. */
  readonly attest: Attest;
  readonly registration: Registration;
  /** See {@link tryVendors}. */
  readonly tryVendors: (authority: AttestedAuthority) => Promise<readonly VendorTrial[]>;
};

/** Puts device attestation together. */
export function attestPart(foundation: Foundation): AttestPart {
  const { crypto, clock, config, secrets, metrics, outgoing } = foundation;
  const keys = attestedKeys(foundation.database);
  const vendors = vendorCalls({
    // The stand-in for a vendor, with which apps are tried, runs on this machine.
    fetch: checkedFetch(
      config.attestationDevelopment ? { ...outgoing, allowPrivate: true } : outgoing,
    ),
    elapsedMs: clock.monotonic,
    after: (milliseconds, then) => {
      const timer = setTimeout(then, milliseconds);
      return () => clearTimeout(timer);
    },
    ended: metrics.vendorAsked,
  });
  const readSecret = secretReader(secrets.named);
  const shared = {
    crypto,
    keys,
    nowMs: clock.now,
    isChained: chainCheck(crypto),
    dataKeys: onceMade(() => madeDataKeys(foundation)),
    allowDevelopment: config.attestationDevelopment,
    counted: countedBy(foundation),
  };
  const asking = {
    openPlayKeys: playKeyring(crypto, readSecret, clock.monotonic),
    decodeByGoogle: googleDecoder({ vendors, readSecret, nowMs: clock.now }),
    checkDeviceToken: deviceTokenCheck({
      vendors,
      keyManager: foundation.keys,
      nowMs: clock.now,
      randomUuid: () => crypto.randomUUID(),
    }),
  };
  metrics.watchBreakers(vendors.openBreakers);
  return {
    attest: deviceAttestation({ ...shared, ...asking, used: usedTokens(foundation.database) }),
    tryVendors: (authority) =>
      tryVendors({ ...asking, allowDevelopment: config.attestationDevelopment }, authority),
    registration: registration({
      ...shared,
      authorityOf: async (id): Promise<AttestedAuthority | undefined> =>
        (await foundation.cache.view()).get("HealthAuthority", asHealthAuthorityId(id)),
    }),
  };
}

async function madeDataKeys(foundation: Foundation): Promise<AttestationDataKeys> {
  const bytes = await dataKey(foundation, {
    constant: "attestation-data-key",
    wrappedBy: "local:attestation",
    purpose: "wayfarer attestation data key",
    bytes: 32,
  });
  return await attestationDataKeys(foundation.crypto, bytes);
}

/** Makes something at first use; what fails is tried again at the next. */
function onceMade<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

function countedBy({ metrics, log }: Foundation): (event: AttestationEvent) => void {
  return (event) => {
    metrics.attested(event);
    if (event.verdict !== "misconfigured") return;
    const { platform, kind } = event;
    log.error("attestation-misconfigured", {
      platform,
      kind,
      text:
        "the vendor refuses our key, or a reference cannot be read: check the references, keyId, teamId and the clock",
    });
  };
}

/** Warns of what an operator should know of the attestations that are configured. */
export async function warnOfAttestations({ cache, config, log }: Foundation): Promise<void> {
  if (config.attestationDevelopment) {
    log.warn("attestation-development", {
      text:
        "ATTESTATION_DEVELOPMENT is on: resources with development: true accept throw-away attestations",
    });
  }
  for (const { name, attestation } of (await cache.fresh()).list("HealthAuthority")) {
    if (isRemoteAttestation(attestation)) {
      log.warn("attestation-asks-vendor", {
        healthAuthority: name,
        text:
          "the vendor learns when a device publishes: appattest, and playintegrity with decode: local, are checked here",
      });
    }
    if (attestation?.android?.kind === "safetynet") {
      log.warn("attestation-safetynet", {
        healthAuthority: name,
        text: "SafetyNet was shut down in January 2025: only a private installation has tokens",
      });
    }
  }
}
