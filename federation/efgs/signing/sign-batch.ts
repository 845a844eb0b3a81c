import { createHash } from "node:crypto";
import { AsnConvert, AsnSerializer, OctetString } from "@peculiar/asn1-schema";
import {
  Attribute,
  CertificateChoices,
  CertificateSet,
  CMSVersion,
  ContentInfo,
  DigestAlgorithmIdentifiers,
  EncapsulatedContentInfo,
  id_contentType,
  id_data,
  id_messageDigest,
  id_signedData,
  id_signingTime,
  IssuerAndSerialNumber,
  SignedData,
  SignerIdentifier,
  SignerInfo,
  SignerInfos,
  SigningTime,
} from "@peculiar/asn1-cms";
import { AlgorithmIdentifier, Certificate } from "@peculiar/asn1-x509";
import { ObjectIdentifier } from "asn1js";
import { encodeBase64 } from "../../../src/bytes/base64.ts";
import { encodeDer } from "../../../src/bytes/ecdsa-der.ts";
import { AppError } from "../../../src/errors.ts";
import { concatBytes } from "../../../src/keys/pem.ts";
import type { ReadCertificate } from "../../../src/keys/certificate.ts";

const SHA256 = new AlgorithmIdentifier({ algorithm: "2.16.840.1.101.3.4.2.1" });
const ECDSA_WITH_SHA256 = new AlgorithmIdentifier({ algorithm: "1.2.840.10045.4.3.2" });
const SET = 0x31;
/** From this length on DER writes lengths in more than a byte. */
const LONG_FORM = 128;
/** The gateway takes 8 KB of headers in all. */
const MAX_SIGNATURE_CHARACTERS = 6500;

/** Signs as ECDSA P-256 / SHA-256: r ‖ s, 64 bytes, as key managers do. */
export type SignBytes = (data: Uint8Array) => Promise<Uint8Array>;

/**
 * The signature of a batch: CMS SignedData (RFC 5652) in DER, base64 on one line. The content is absent, the
 * certificate is the signer's and nobody else's, and the attributes say content type, digest and time. Throws
 * `invalid_configuration` for a certificate that would make the header too long or is not DER.
 */
export async function signBatch(
  bytes: Uint8Array,
  certificate: ReadCertificate,
  sign: SignBytes,
  nowSeconds: number,
): Promise<string> {
  const embedded = AsnConvert.parse(certificate.der, Certificate);
  const { issuer, serialNumber } = embedded.tbsCertificate;
  const signedAttrs = attributesOf(bytes, nowSeconds);
  const info = new SignerInfo({
    version: CMSVersion.v1,
    sid: new SignerIdentifier({
      issuerAndSerialNumber: new IssuerAndSerialNumber({ issuer, serialNumber }),
    }),
    digestAlgorithm: SHA256,
    signedAttrs,
    signatureAlgorithm: ECDSA_WITH_SHA256,
  });
  info.signature = new OctetString(encodeDer(await sign(attributesAsSet(signedAttrs))));
  const signed = new SignedData({
    version: CMSVersion.v1,
    digestAlgorithms: new DigestAlgorithmIdentifiers([SHA256]),
    encapContentInfo: new EncapsulatedContentInfo({ eContentType: id_data }),
    certificates: new CertificateSet([new CertificateChoices({ certificate: embedded })]),
    signerInfos: new SignerInfos([info]),
  });
  const content = AsnSerializer.serialize(signed);
  const signature = encodeBase64(
    new Uint8Array(
      AsnSerializer.serialize(new ContentInfo({ contentType: id_signedData, content })),
    ),
  );
  if (signature.length > MAX_SIGNATURE_CHARACTERS) {
    throw new AppError(
      "invalid_configuration",
      `signingCertificate makes a signature of ${signature.length} characters, more than ${MAX_SIGNATURE_CHARACTERS}: use a certificate with fewer extensions`,
    );
  }
  return signature;
}

/** Whether a certificate comes through an encoder unchanged, as one in strict DER does; only then can it be embedded. */
export function isEmbeddable({ der }: ReadCertificate): boolean {
  const again = new Uint8Array(AsnSerializer.serialize(AsnConvert.parse(der, Certificate)));
  return again.length === der.length && again.every((byte, at) => byte === der[at]);
}

/** In the order of their encodings, as DER wants a SET OF. */
function attributesOf(bytes: Uint8Array, nowSeconds: number): Attribute[] {
  const digest = new OctetString(createHash("sha256").update(bytes).digest());
  const attribute = (attrType: string, value: ArrayBuffer): Attribute =>
    new Attribute({ attrType, attrValues: [value] });
  return [
    attribute(id_contentType, new ObjectIdentifier({ value: id_data }).toBER()),
    attribute(
      id_signingTime,
      AsnSerializer.serialize(new SigningTime(new Date(nowSeconds * 1000))),
    ),
    attribute(id_messageDigest, AsnSerializer.serialize(digest)),
  ];
}

/** The bytes that are signed: the attributes as they will stand in the SignerInfo, as SET OF. */
function attributesAsSet(attributes: readonly Attribute[]): Uint8Array<ArrayBuffer> {
  const encoded = concatBytes(
    ...attributes.map((one) => new Uint8Array(AsnSerializer.serialize(one))),
  );
  if (encoded.length >= LONG_FORM) throw new RangeError("attributes of more than 127 bytes");
  return concatBytes(Uint8Array.of(SET, encoded.length), encoded);
}
