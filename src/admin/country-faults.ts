import { isSignedText, readPemCertificate } from "../keys/certificate.ts";
import type { Country, CountryCertificate } from "../model/resource/country.ts";
import type { Resource } from "../model/resource/kinds.ts";
import { type Fault, pathText } from "./fault.ts";

/**
 * Certificates of countries that a gateway could not use: unreadable, of another country or of several, with another
 * thumbprint, not signed by the country's trust anchor, or given twice.
 */
export function countryFaults(puts: readonly Resource[]): readonly Fault[] {
  return puts.flatMap((put) => put.kind === "Country" ? faultsOf(put) : []);
}

function faultsOf(country: Country): readonly Fault[] {
  const seen = new Set<string>();
  return country.certificates.flatMap((one, index): readonly Fault[] => {
    const [member, message] = faultOf(country, one, seen) ?? [];
    if (member === undefined || message === undefined) return [];
    return [{
      path: pathText(`Country/${country.name}`, ["certificates", index, member]),
      message,
    }];
  });
}

function faultOf(
  { name, trustAnchor }: Country,
  { pem, thumbprint, operatorSignature }: CountryCertificate,
  seen: Set<string>,
): readonly [member: string, message: string] | undefined {
  const certificate = readPemCertificate(pem);
  if (certificate === undefined) return ["pem", "cannot be read as an X.509 certificate"];
  const [country, second] = certificate.countries;
  if (country !== name || second !== undefined) {
    return ["pem", `must have exactly one C in its subject, and it must be ${name}`];
  }
  if (thumbprint !== undefined && thumbprint !== certificate.thumbprint) {
    return ["thumbprint", `is not that of the certificate, ${certificate.thumbprint}`];
  }
  if (seen.has(certificate.thumbprint)) return ["pem", "is given twice"];
  seen.add(certificate.thumbprint);
  if (trustAnchor === undefined) return undefined;
  if (operatorSignature !== undefined && isSignedText(pem, operatorSignature, trustAnchor)) {
    return undefined;
  }
  return [
    "operatorSignature",
    "must be the signature of trustAnchor over pem, byte by byte: sign the very text that is given here",
  ];
}
