/**
 * X.509 certificates (RFC 5280), as far as checking a chain needs them. A library that reads all of a certificate takes
 * longer than verifying its signature, and phones show a new one with every publish.
 */

import { derChildren, type DerElement, derElement, derOidAt, derTag } from "../bytes/der.ts";
import { equalBytes } from "./crypto.ts";
import { type CertificateSignature, isSignedBy } from "./x509-signature.ts";

/** What a chain's check asks a certificate. Times in milliseconds since the epoch. */
export type Certificate = {
  readonly der: Uint8Array<ArrayBuffer>;
  /** DER of the names, which chains compare byte by byte. */
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
  /** Whether its basic constraints say that it may sign certificates. */
  readonly isAuthority: boolean;
  /** DER of its SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  /** DNS names that it is for. */
  readonly dnsNames: readonly string[];
  /** Content of an extension; undefined unless there is exactly one of that OID. */
  extension(oid: string): Uint8Array | undefined;
  /** Whether the key in `by` made its signature. Says nothing about names and times. */
  isSignedBy(by: Certificate): Promise<boolean>;
};

/** Tags that depend on where they stand. */
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;

const VERSION_3 = 2;
const BASIC_CONSTRAINTS = "2.5.29.19";
const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";

/** The certificate in DER, with nothing after it; undefined for anything else. Signatures are checked with `crypto`. */
export function parseCertificate(crypto: Crypto, der: Uint8Array): Certificate | undefined {
  const bytes = new Uint8Array(der);
  const whole = derElement(bytes, 0);
  if (whole?.tag !== derTag.sequence || whole.end !== bytes.length) return undefined;
  const [signed, algorithm, bits, ...more] = derChildren(bytes, whole) ?? [];
  if (signed?.tag !== derTag.sequence || algorithm === undefined) return undefined;
  if (bits?.tag !== derTag.bitString || bytes[bits.start] !== 0 || more.length > 0) {
    return undefined;
  }
  const fields = signedFields(bytes, signed);
  // The algorithm stands inside of what is signed as well (RFC 5280, 4.1.1.2).
  if (fields === undefined || !equalBytes(fields.algorithm, sliceOf(bytes, algorithm))) {
    return undefined;
  }
  const { notBefore, notAfter, extensions, ...rest } = fields;
  if (notBefore === undefined || notAfter === undefined || extensions === undefined) {
    return undefined;
  }
  const extension = (oid: string): Uint8Array | undefined => {
    const [only, ...others] = extensions.filter((one) => one.oid === oid);
    return others.length === 0 ? only?.content : undefined;
  };
  return {
    ...rest,
    der: bytes,
    notBefore,
    notAfter,
    isAuthority: isAuthority(extension(BASIC_CONSTRAINTS)),
    get dnsNames() {
      return dnsNamesIn(extension(SUBJECT_ALTERNATIVE_NAME));
    },
    extension,
    isSignedBy: (by) =>
      isSignedBy(crypto, by.publicKey, signatureIn(bytes, signed, algorithm, bits)),
  };
}

/** The fields of a TBSCertificate of version 3; its names, key and algorithm with their heads. */
function signedFields(bytes: Uint8Array<ArrayBuffer>, signed: DerElement) {
  const [version, serial, algorithm, issuer, validity, subject, publicKey, ...optional] =
    derChildren(bytes, signed) ?? [];
  if (version?.tag !== VERSION || bytes[version.end - 1] !== VERSION_3) return undefined;
  if (serial?.tag !== derTag.integer || algorithm === undefined || issuer === undefined) {
    return undefined;
  }
  if (validity === undefined || subject === undefined || publicKey === undefined) return undefined;
  const [notBefore, notAfter] = derChildren(bytes, validity) ?? [];
  return {
    algorithm: sliceOf(bytes, algorithm),
    issuer: sliceOf(bytes, issuer),
    subject: sliceOf(bytes, subject),
    publicKey: sliceOf(bytes, publicKey),
    notBefore: timeOf(bytes, notBefore),
    notAfter: timeOf(bytes, notAfter),
    extensions: extensionsOf(bytes, optional.find(({ tag }) => tag === EXTENSIONS)),
  };
}

type Extension = { readonly oid: string; readonly content: Uint8Array };

/** The extensions; undefined when one of them is malformed. */
function extensionsOf(
  bytes: Uint8Array,
  explicit: DerElement | undefined,
): readonly Extension[] | undefined {
  if (explicit === undefined) return [];
  const list = derElement(bytes, explicit.start, explicit.end);
  if (list?.tag !== derTag.sequence || list.end !== explicit.end) return undefined;
  const extensions: Extension[] = [];
  for (const element of derChildren(bytes, list) ?? []) {
    const parts = derChildren(bytes, element) ?? [];
    const oid = derOidAt(bytes, element);
    const content = parts.at(-1);
    if (oid === undefined || content?.tag !== derTag.octetString || parts.length > 3) {
      return undefined;
    }
    extensions.push({ oid, content: bytes.subarray(content.start, content.end) });
  }
  return extensions.length === 0 ? undefined : extensions;
}

/** Whether BasicConstraints (RFC 5280, 4.2.1.9) says `cA`. */
function isAuthority(constraints: Uint8Array | undefined): boolean {
  const sequence = constraints === undefined ? undefined : derElement(constraints, 0);
  if (constraints === undefined || sequence?.tag !== derTag.sequence) return false;
  const [first] = derChildren(constraints, sequence) ?? [];
  return first?.tag === derTag.boolean && constraints[first.start] === 0xff;
}

function dnsNamesIn(names: Uint8Array | undefined): readonly string[] {
  const sequence = names === undefined ? undefined : derElement(names, 0);
  if (names === undefined || sequence?.tag !== derTag.sequence) return [];
  return (derChildren(names, sequence) ?? [])
    .filter(({ tag }) => tag === DNS_NAME)
    .map(({ start, end }) => String.fromCharCode(...names.subarray(start, end)));
}

const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/** Milliseconds since the epoch of a Time (RFC 5280, 4.1.2.5). */
function timeOf(bytes: Uint8Array, element: DerElement | undefined): number | undefined {
  if (element === undefined) return undefined;
  const text = String.fromCharCode(
    ...bytes.subarray(element.start, Math.min(element.end, element.start + 16)),
  );
  const isShort = element.tag === derTag.utcTime;
  if (!isShort && element.tag !== derTag.generalizedTime) return undefined;
  const found = (isShort ? UTC_TIME : GENERALIZED_TIME).exec(text);
  if (found === null) return undefined;
  const [, year = 0, month = 0, day, hour, minute, second] = found.map(Number);
  const century = isShort ? (year >= 50 ? 1900 : 2000) : 0;
  return Date.UTC(century + year, month - 1, day, hour, minute, second);
}

/** What was signed, how, and the signature: the content of a BIT STRING after its count of unused bits. */
function signatureIn(
  bytes: Uint8Array<ArrayBuffer>,
  signed: DerElement,
  algorithm: DerElement,
  bits: DerElement,
): CertificateSignature {
  return {
    algorithm: derOidAt(bytes, algorithm),
    signature: bytes.subarray(bits.start + 1, bits.end),
    signed: sliceOf(bytes, signed),
  };
}

function sliceOf(
  bytes: Uint8Array<ArrayBuffer>,
  { from, end }: DerElement,
): Uint8Array<ArrayBuffer> {
  return bytes.subarray(from, end);
}
