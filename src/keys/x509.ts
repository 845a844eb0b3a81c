/** X.509 certificates (RFC 5280), over a library whose decorators need `reflect-metadata` to be loaded before it. */

import "reflect-metadata";
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
} from "@peculiar/x509";

export {
  BasicConstraintsExtension,
  Extension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

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

const certificates = new WeakMap<Certificate, Signer>();

/** The key of a certificate as a signer of others; imported once for each hash that it signs with. */
type Signer = { readonly verifyKey: (hash: string) => Promise<CryptoKey> };

/** The certificate in DER, with nothing after it; undefined for anything else. Signatures are checked with `crypto`. */
export function parseCertificate(
  crypto: Crypto,
  der: Uint8Array,
): Certificate | undefined {
  try {
    const bytes = new Uint8Array(der);
    const whole = element(bytes, 0);
    if (whole?.tag !== SEQUENCE || whole.end !== bytes.length) return undefined;
    const parsed = new X509Certificate(bytes.buffer);
    const { name: algorithm, hash } = parsed.signatureAlgorithm;
    const signedPart = element(bytes, whole.start);
    const fields = signedPart === undefined ? undefined : namedFields(bytes, signedPart);
    if (signedPart === undefined || fields === undefined) return undefined;
    const certificate: Certificate = {
      der: bytes,
      ...fields,
      notBefore: parsed.notBefore.getTime(),
      notAfter: parsed.notAfter.getTime(),
      isAuthority: isAuthority(parsed),
      get dnsNames() {
        return parsed.getExtensions(SubjectAlternativeNameExtension)
          .flatMap(({ names }) => names.items.filter(({ type }) => type === "dns"))
          .map(({ value }) => value);
      },
      extension: (oid) => {
        const found = parsed.getExtensions(oid);
        const [only] = found;
        return found.length === 1 && only !== undefined ? new Uint8Array(only.value) : undefined;
      },
      isSignedBy: async (by) => {
        try {
          const key = await certificates.get(by)?.verifyKey(hash.name);
          const signature = key === undefined
            ? undefined
            : webSignature(key.algorithm, new Uint8Array(parsed.signature));
          if (key === undefined || signature === undefined) return false;
          const tbs = bytes.subarray(whole.start, signedPart.end);
          return await crypto.subtle.verify({ name: algorithm, hash }, key, signature, tbs);
        } catch {
          // A signature by an algorithm that does not go with the key.
          return false;
        }
      },
    };
    certificates.set(certificate, signerOf(crypto, parsed));
    return certificate;
  } catch {
    return undefined;
  }
}

function isAuthority(parsed: X509Certificate): boolean {
  const constraints = parsed.getExtensions(BasicConstraintsExtension);
  return constraints.length === 1 && constraints[0]?.ca === true;
}

function signerOf(crypto: Crypto, parsed: X509Certificate): Signer {
  const keys = new Map<string, Promise<CryptoKey>>();
  return {
    verifyKey: (hash) => {
      const known = keys.get(hash);
      if (known !== undefined) return known;
      const algorithm = { ...parsed.publicKey.algorithm, hash };
      const imported = parsed.publicKey.export(algorithm, ["verify"], crypto);
      // Of few hashes: others are refused by the import.
      keys.set(hash, imported);
      return imported;
    },
  };
}

/** The fields of a TBSCertificate that are compared or used as bytes, where they lie: writing them anew costs ten times as much. */
function namedFields(
  bytes: Uint8Array<ArrayBuffer>,
  { start }: { readonly start: number },
): Pick<Certificate, "issuer" | "subject" | "publicKey"> | undefined {
  let at = start;
  const next = (): Uint8Array<ArrayBuffer> | undefined => {
    const found = element(bytes, at);
    if (found === undefined) return undefined;
    const whole = bytes.subarray(at, found.end);
    at = found.end;
    return whole;
  };
  const first = next();
  // Version 3 is told; then come serial number and algorithm.
  if (first?.[0] !== VERSION || next() === undefined || next() === undefined) return undefined;
  const [issuer, , subject, publicKey] = [next(), next(), next(), next()];
  if (issuer === undefined || subject === undefined || publicKey === undefined) return undefined;
  return { issuer, subject, publicKey };
}

const VERSION = 0xa0;
const SEQUENCE = 0x30;
const INTEGER = 0x02;

/** Bytes of r, and of s, by curve. */
const SCALAR_BYTES: Readonly<Record<string, number>> = { "P-256": 32, "P-384": 48, "P-521": 66 };

/** A certificate's signature as WebCrypto wants it: r ‖ s for ECDSA, as it is for others. */
function webSignature(
  algorithm: KeyAlgorithm & { readonly namedCurve?: string },
  signature: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> | undefined {
  if (algorithm.namedCurve === undefined) return signature;
  const size = SCALAR_BYTES[algorithm.namedCurve];
  const sequence = element(signature, 0);
  if (size === undefined || sequence?.end !== signature.length) return undefined;
  const r = element(signature, sequence.start);
  const s = r === undefined ? undefined : element(signature, r.end);
  if (r?.tag !== INTEGER || s?.tag !== INTEGER || s.end !== signature.length) return undefined;
  const raw = new Uint8Array(2 * size);
  for (const [{ start, end }, at] of [[r, size], [s, 2 * size]] as const) {
    const scalar = signature.subarray(signature[start] === 0 ? start + 1 : start, end);
    if (scalar.length > size) return undefined;
    raw.set(scalar, at - scalar.length);
  }
  return raw;
}

/** Tag and content of the DER element at `at`, of less than 16 MiB; undefined when it does not fit. */
function element(
  bytes: Uint8Array,
  at: number,
): { readonly tag: number; readonly start: number; readonly end: number } | undefined {
  const [tag, first] = bytes.subarray(at, at + 2);
  if (tag === undefined || first === undefined) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first - 0x80;
  if (lengthBytes > 3 || first === 0x80) return undefined;
  const start = at + 2 + lengthBytes;
  const length = lengthBytes === 0
    ? first
    : bytes.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0);
  return start + length > bytes.length ? undefined : { tag, start, end: start + length };
}
