import {
  type Attestation,
  attestationMode,
  type AttestedPlatform,
  type DeviceCheck,
  type GooglePlayIntegrity,
  type LocalPlayIntegrity,
} from "../../model/resource/attestation.ts";
import type { AttestedAuthority } from "../attest.ts";
import type { ExamineDependencies } from "../examine.ts";
import type { Asked } from "./calls.ts";

/** One configured kind of attestation, tried without a phone; `fault` names the cause and the cure. */
export type VendorTrial = {
  readonly healthAuthority: string;
  readonly platform: AttestedPlatform;
  readonly kind: string;
  readonly fault?: string;
};

/** What trying needs. */
export type TrialDependencies =
  & Pick<ExamineDependencies, "openPlayKeys" | "decodeByGoogle" | "checkDeviceToken">
  & {
    readonly allowDevelopment: boolean;
  };

/** Not base64: no vendor knows it. */
const JUNK_DEVICE_TOKEN = "junk token of wayfarer doctor";
/** Five empty parts of a JWE. */
const JUNK_INTEGRITY_TOKEN = "e30.e30.e30.e30.e30";

type Tried = DeviceCheck | GooglePlayIntegrity | LocalPlayIntegrity;

/**
 * Tries what a health authority's attestation depends on: a vendor is asked once about a junk token and must refuse it,
 * and the keys of Play Integrity must be there. Other kinds need nothing that could be away.
 */
export async function tryVendors(
  deps: TrialDependencies,
  { name, attestation }: AttestedAuthority,
): Promise<readonly VendorTrial[]> {
  if (attestation === undefined) return [];
  const development = attestation.development && deps.allowDevelopment;
  return await Promise.all(
    triedOf(attestation).map(async ([platform, app]) => {
      const fault = await faultOf(deps, app, development);
      const trial = { healthAuthority: name, platform, kind: app.kind };
      return fault === undefined ? trial : { ...trial, fault };
    }),
  );
}

function triedOf(attestation: Attestation): readonly (readonly [AttestedPlatform, Tried])[] {
  const { android, ios } = attestation;
  const tried: (readonly [AttestedPlatform, Tried])[] = [];
  if (android?.kind === "playintegrity") tried.push(["android", android]);
  if (ios?.kind === "devicecheck") tried.push(["ios", ios]);
  return tried.filter(([platform]) => attestationMode(attestation, platform) !== "off");
}

async function faultOf(
  deps: TrialDependencies,
  app: Tried,
  development: boolean,
): Promise<string | undefined> {
  if (app.kind === "devicecheck") {
    const asked = await deps.checkDeviceToken(app, development, JUNK_DEVICE_TOKEN);
    return vendorFault(asked, "Apple", "teamId, keyId, signingKey and this machine's clock");
  }
  if (app.decode === "google") {
    const asked = await deps.decodeByGoogle(app, development, JUNK_INTEGRITY_TOKEN);
    return vendorFault(
      asked,
      "Google",
      "packageName, serviceAccount, its role and this machine's clock",
    );
  }
  const opened = await Promise.all(app.keys.map(deps.openPlayKeys));
  const missing = opened.indexOf(undefined);
  return missing === -1
    ? undefined
    : `attestation.android.keys[${missing}] cannot be read or holds other keys: check both references against the Play Console`;
}

/** Why a vendor did not answer that a junk token is refused. */
function vendorFault(asked: Asked<unknown>, vendor: string, members: string): string | undefined {
  switch (asked.asked) {
    case "answered":
      return asked.value === "refused"
        ? undefined
        : `a server accepts a junk token for genuine: it is not ${vendor}'s, check the member url`;
    case "misconfigured":
      return `${vendor} refuses this server itself: check ${members}`;
    case "unavailable":
      return `${vendor}'s server does not answer within 3 s: let this machine reach it, or choose a kind that is checked here`;
  }
}
