import type { Attestation } from "../model/resource/attestation.ts";
import type { ExportConfig } from "../model/resource/export-config.ts";
import type { HealthAuthority } from "../model/resource/health-authority.ts";
import type { Issuer } from "../model/resource/issuer.ts";
import { asHealthAuthorityId, asRegion } from "../model/ids.ts";
import type { SigningKey } from "../model/resource/signing-key.ts";

/** Who issues the certificates of a device. */
export type DeviceIssuer = {
  readonly issuer: string;
  readonly audience: string;
  /** `kid`. */
  readonly keyVersion: string;
  readonly publicKeyPem: string;
};

/** A region for trying things out. */
export type TestRegion = {
  readonly region: string;
  readonly healthAuthorityId: string;
  readonly period: string;
  /** How its publishes are attested; absent: not at all. */
  readonly attestation?: Attestation | undefined;
};

/** The Issuer resource that lets a health authority accept the certificates of this device. */
export function issuerResource(healthAuthorityId: string, device: DeviceIssuer): Issuer {
  return {
    kind: "Issuer",
    name: resourceName(`${asHealthAuthorityId(healthAuthorityId)}-device`),
    issuer: device.issuer,
    audience: device.audience,
    keys: [{ version: device.keyVersion, publicKeyPem: device.publicKeyPem }],
    enableStatsApi: false,
  };
}

/** All that a working region needs: issuer, health authority, signing key, export. */
export function testRegionResources(
  { region, healthAuthorityId, period, attestation }: TestRegion,
  device: DeviceIssuer,
): readonly [Issuer, HealthAuthority, SigningKey, ExportConfig] {
  const code = asRegion(region);
  const name = resourceName(code.toLowerCase());
  const issuer = issuerResource(healthAuthorityId, device);
  return [
    issuer,
    {
      kind: "HealthAuthority",
      name: asHealthAuthorityId(healthAuthorityId),
      regions: [code],
      acceptIssuers: [issuer.name],
      bypassVerification: false,
      bypassRevisionToken: false,
      allowDryRun: false,
      ...(attestation === undefined ? {} : { attestation }),
    },
    {
      kind: "SigningKey",
      name,
      key: `local:${name}`,
      // Phones split key IDs at dashes, which region codes may have.
      keyId: code.replaceAll("-", "_"),
      version: "v1",
    },
    {
      kind: "ExportConfig",
      name,
      bucket: "exports",
      filenameRoot: name,
      period,
      outputRegion: code,
      inputRegions: [],
      excludeRegions: [],
      includeTravelers: false,
      onlyNonTravelers: false,
      signingKeys: [name],
    },
  ];
}

/** A health authority ID may hold characters that a resource's name may not. */
function resourceName(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "").slice(0, 100) ||
    "device";
}
