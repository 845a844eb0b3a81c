import { type ReadCertificate, readPemCertificate } from "../../../src/keys/certificate.ts";
import type { Country, CountryCertificateType } from "../../../src/model/resource/country.ts";
import { secondsOf } from "../../../src/model/resource/members.ts";

/** A certificate that a country may use. */
export type RegisteredCertificate = {
  readonly country: string;
  readonly type: CountryCertificateType;
  /** Byte by byte as the operator gave it. */
  readonly pem: string;
  readonly operatorSignature?: string | undefined;
  readonly certificate: ReadCertificate;
  /** UTC seconds. */
  readonly revokedAt?: number | undefined;
};

/** Certificates by thumbprint. */
export type Registry = ReadonlyMap<string, RegisteredCertificate>;

/** The certificates of all countries. One that cannot be read counts as absent; resources are checked when they are made. */
export function registryOf(countries: readonly Country[]): Registry {
  const registry = new Map<string, RegisteredCertificate>();
  for (const { name, certificates } of countries) {
    for (const { type, pem, operatorSignature, revokedAt } of certificates) {
      const certificate = readPemCertificate(pem);
      if (certificate === undefined) continue;
      registry.set(certificate.thumbprint, {
        country: name,
        type,
        pem,
        operatorSignature,
        certificate,
        revokedAt: secondsOf(revokedAt),
      });
    }
  }
  return registry;
}

/** Whether a certificate is revoked by now. */
export function isRevoked(
  { revokedAt }: Pick<RegisteredCertificate, "revokedAt">,
  nowSeconds: number,
): boolean {
  return revokedAt !== undefined && revokedAt <= nowSeconds;
}
