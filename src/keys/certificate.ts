import { Buffer } from "node:buffer";
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { AsnConvert, AsnSerializer } from "@peculiar/asn1-schema";
import { Certificate, type Name, SubjectKeyIdentifier } from "@peculiar/asn1-x509";
import { decodeBase64, encodeHex } from "../bytes/base64.ts";
import { pemToDer } from "./pem.ts";

/** What the gateway's rules look at in an X.509 certificate. */
export type ReadCertificate = {
  readonly der: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the DER: 64 lower-case hex digits, leading zeros included. */
  readonly thumbprint: string;
  /** Every C of the subject, in upper case. There should be one. */
  readonly countries: readonly string[];
  /** UTC seconds. */
  readonly validFrom: number;
  readonly validUntil: number;
  readonly publicKey: KeyObject;
  /** DER of issuer and serial number, by which a CMS names its signer. */
  readonly issuer: Uint8Array<ArrayBuffer>;
  readonly serialNumber: Uint8Array<ArrayBuffer>;
  /** The subject key identifier extension, when there is one. */
  readonly subjectKeyIdentifier?: Uint8Array<ArrayBuffer>;
};

const COUNTRY_NAME = "2.5.4.6";
const SUBJECT_KEY_IDENTIFIER = "2.5.29.14";

/** Reads the DER of a certificate (RFC 5280); undefined for anything else. */
export function readCertificate(der: Uint8Array): ReadCertificate | undefined {
  const own = new Uint8Array(der);
  try {
    const { tbsCertificate } = AsnConvert.parse(own, Certificate);
    const { subject, issuer, serialNumber, validity, subjectPublicKeyInfo } = tbsCertificate;
    const identifier = tbsCertificate.extensions
      ?.find(({ extnID }) => extnID === SUBJECT_KEY_IDENTIFIER);
    return {
      der: own,
      thumbprint: encodeHex(createHash("sha256").update(own).digest()),
      countries: countriesOf(subject),
      validFrom: Math.floor(validity.notBefore.getTime().getTime() / 1000),
      validUntil: Math.floor(validity.notAfter.getTime().getTime() / 1000),
      publicKey: createPublicKey({
        key: Buffer.from(AsnSerializer.serialize(subjectPublicKeyInfo)),
        format: "der",
        type: "spki",
      }),
      issuer: new Uint8Array(AsnSerializer.serialize(issuer)),
      serialNumber: new Uint8Array(serialNumber),
      ...(identifier === undefined ? {} : {
        subjectKeyIdentifier: new Uint8Array(
          AsnConvert.parse(identifier.extnValue, SubjectKeyIdentifier).buffer,
        ),
      }),
    };
  } catch {
    return undefined;
  }
}

/** The certificate in a PEM text; undefined when there is none. */
export function readPemCertificate(pem: string): ReadCertificate | undefined {
  const der = pemToDer(pem, "CERTIFICATE");
  return der === undefined ? undefined : readCertificate(der);
}

/** Whether a certificate is within its validity. */
export function isValidAt(
  { validFrom, validUntil }: Pick<ReadCertificate, "validFrom" | "validUntil">,
  nowSeconds: number,
): boolean {
  return validFrom <= nowSeconds && nowSeconds <= validUntil;
}

function countriesOf(subject: Name): readonly string[] {
  return subject.flatMap((relative) =>
    relative.flatMap(({ type, value }) =>
      type === COUNTRY_NAME ? [value.toString().toUpperCase()] : []
    )
  );
}

/**
 * Whether `signature` (base64) is an operator's over the text of `pem`, byte by byte as given: RSA PKCS #1 or ECDSA in
 * DER, with SHA-256. `anchor` is a PEM certificate or public key; false for one that cannot be read.
 */
export function isSignedText(pem: string, signature: string, anchor: string): boolean {
  const value = decodeBase64(signature);
  if (value === undefined) return false;
  try {
    return verify("sha256", Buffer.from(pem, "utf8"), createPublicKey(anchor), value);
  } catch {
    return false;
  }
}
