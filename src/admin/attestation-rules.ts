import { isAttesting } from "../model/resource/attestation.ts";
import type { Resource } from "../model/resource/kinds.ts";
import type { Fault } from "./fault.ts";

/**
 * What a server without ATTESTATION_DEVELOPMENT refuses of attestations: throw-away vendors; and an attestation without
 * a certificate, whose content could be worked out from the exports, so that a vendor would learn who published.
 */
export function attestationFaults(
  puts: readonly Resource[],
  allowDevelopment: boolean,
): readonly Fault[] {
  if (allowDevelopment) return [];
  return puts.flatMap((put): Fault[] => {
    if (put.kind !== "HealthAuthority" || put.attestation === undefined) return [];
    const path = `${put.kind}/${put.name}: attestation`;
    const { attestation } = put;
    return [
      ...(attestation.development
        ? [{
          path: `${path}.development`,
          message: "is for trying things out: set ATTESTATION_DEVELOPMENT=true, or leave it out",
        }]
        : []),
      ...(put.bypassVerification && isAttesting(attestation)
        ? [{
          path: `${path}.mode`,
          message:
            "must be off with bypassVerification: without a certificate the vendor could tell which device published",
        }]
        : []),
    ];
  });
}
