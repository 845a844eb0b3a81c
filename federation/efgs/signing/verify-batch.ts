import { Buffer } from "node:buffer";
import { createHash, verify } from "node:crypto";
import { AsnConvert, AsnSerializer } from "@peculiar/asn1-schema";
import {
  ContentInfo,
  id_messageDigest,
  id_signedData,
  MessageDigest,
  SignedData,
  type SignerInfo,
} from "@peculiar/asn1-cms";
import { type ReadCertificate, readCertificate } from "../../../src/keys/certificate.ts";
import { encodedParts } from "./cms-parts.ts";

/** Who signed a batch, or why nobody did. `reason` is for operators and quotes nothing. */
export type BatchVerification =
  | { readonly ok: true; readonly signer: ReadCertificate }
  | { readonly ok: false; readonly reason: string };

const MAX_SIGNATURE_CHARACTERS = 8000;
/** Certificates in one signature that are looked at. */
const MAX_CERTIFICATES = 20;

/** By object identifier. SHA-1 is not there. */
const DIGESTS: Readonly<Record<string, string>> = {
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};
/** Signature algorithms and the key that goes with them. Undefined: whatever digest the signer names. */
const SIGNATURES: Readonly<
  Record<string, { readonly key: "rsa" | "ec"; readonly digest?: string }>
> = {
  "1.2.840.113549.1.1.1": { key: "rsa" },
  "1.2.840.113549.1.1.11": { key: "rsa", digest: "sha256" },
  "1.2.840.113549.1.1.12": { key: "rsa", digest: "sha384" },
  "1.2.840.113549.1.1.13": { key: "rsa", digest: "sha512" },
  "1.2.840.10045.2.1": { key: "ec" },
  "1.2.840.10045.4.3.2": { key: "ec", digest: "sha256" },
  "1.2.840.10045.4.3.3": { key: "ec", digest: "sha384" },
  "1.2.840.10045.4.3.4": { key: "ec", digest: "sha512" },
};

/**
 * Checks a batch's signature over `bytes`: the first SignerInfo, with its certificate among those inside. Takes RSA
 * (PKCS #1) and ECDSA, SHA-256 to SHA-512, content inside or not, attributes or none, BER, and base64 without padding.
 * Whether the signer may sign is for the caller to say. Source: RFC 5652, 5.4 and 5.6.
 */
export function verifyBatch(bytes: Uint8Array, signature: string): BatchVerification {
  if (signature.length > MAX_SIGNATURE_CHARACTERS) return failed("the signature is too long");
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(signature)) return failed("the signature is not base64");
  try {
    return verifyCms(bytes, readCms(new Uint8Array(Buffer.from(signature, "base64"))));
  } catch {
    return failed("the signature is not CMS SignedData");
  }
}

function verifyCms(bytes: Uint8Array, cms: ReadCms): BatchVerification {
  const [info] = cms.signed.signerInfos;
  if (info === undefined) return failed("the signature has no signer");
  const digest = DIGESTS[info.digestAlgorithm.algorithm];
  const algorithm = SIGNATURES[info.signatureAlgorithm.algorithm];
  if (digest === undefined || algorithm === undefined) {
    return failed("the signature uses an algorithm that is not taken");
  }
  const signer = cms.certificates.find((certificate) => isSigner(certificate, info));
  if (signer === undefined) return failed("the signer's certificate is not in the signature");
  if (signer.publicKey.asymmetricKeyType !== algorithm.key) {
    return failed("the certificate's key is not of the signature's kind");
  }
  const covered = coveredBytes(info, cms.attributes, digest, bytes);
  if (covered === undefined) return failed("the signature is over other keys");
  const value = new Uint8Array(info.signature.buffer);
  return verify(algorithm.digest ?? digest, covered, signer.publicKey, value)
    ? { ok: true, signer }
    : failed("the signature does not verify");
}

const failed = (reason: string): BatchVerification => ({ ok: false, reason });

type ReadCms = {
  readonly signed: SignedData;
  readonly certificates: readonly ReadCertificate[];
  /** The first signer's attributes as SET OF. */
  readonly attributes?: Uint8Array;
};

function readCms(der: Uint8Array<ArrayBuffer>): ReadCms {
  const outer = AsnConvert.parse(der, ContentInfo);
  if (outer.contentType !== id_signedData) throw new TypeError("another type of content");
  const signed = AsnConvert.parse(outer.content, SignedData);
  const { certificates, attributes } = encodedParts(outer.content);
  return {
    signed,
    certificates: certificates.slice(0, MAX_CERTIFICATES)
      .flatMap((one) => readCertificate(one) ?? []),
    ...(attributes === undefined ? {} : { attributes }),
  };
}

function isSigner(certificate: ReadCertificate, { sid }: SignerInfo): boolean {
  const { issuerAndSerialNumber: named, subjectKeyIdentifier } = sid;
  if (named !== undefined) {
    return sameBytes(certificate.serialNumber, named.serialNumber) &&
      sameBytes(certificate.issuer, AsnSerializer.serialize(named.issuer));
  }
  return subjectKeyIdentifier !== undefined && certificate.subjectKeyIdentifier !== undefined &&
    sameBytes(certificate.subjectKeyIdentifier, subjectKeyIdentifier.buffer);
}

/** What the signature is over: the attributes, once their digest is that of the content, else the content. */
function coveredBytes(
  info: SignerInfo,
  attributes: Uint8Array | undefined,
  digest: string,
  bytes: Uint8Array,
): Uint8Array | undefined {
  const { signedAttrs } = info;
  if (signedAttrs === undefined || attributes === undefined) return bytes;
  const [value] = signedAttrs.find(({ attrType }) => attrType === id_messageDigest)?.attrValues ??
    [];
  if (value === undefined) return undefined;
  const named = AsnConvert.parse(value, MessageDigest);
  if (!sameBytes(new Uint8Array(named.buffer), createHash(digest).update(bytes).digest())) {
    return undefined;
  }
  return attributes;
}

function sameBytes(left: Uint8Array, right: ArrayBuffer | Uint8Array): boolean {
  const other = right instanceof Uint8Array ? right : new Uint8Array(right);
  return left.length === other.length && left.every((byte, at) => byte === other[at]);
}
