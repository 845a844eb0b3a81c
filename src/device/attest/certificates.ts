import {
  BasicConstraintsExtension,
  type Extension,
  X509CertificateGenerator,
} from "../../keys/x509-generator.ts";

/** The contents of a new certificate. */
export type CertificateWish = {
  /** A distinguished name: `CN=Throw-away root`. */
  readonly subject: string;
  readonly publicKey: CryptoKey;
  readonly isAuthority: boolean;
  readonly issuer: Issuing;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly extensions?: readonly Extension[];
};

/** The signer; a root signs itself. */
export type Issuing = { readonly name: string; readonly key: CryptoKey; readonly hash: string };

const SERIAL_BYTES = 8;

/** Creates a certificate in DER. */
export async function makeCertificate(
  crypto: Crypto,
  wish: CertificateWish,
): Promise<Uint8Array<ArrayBuffer>> {
  const serial = crypto.getRandomValues(new Uint8Array(SERIAL_BYTES));
  // A serial number is positive and does not start with a zero.
  const serialNumber = `40${
    [...serial].map((byte) => byte.toString(16).padStart(2, "0")).join("")
  }`;
  const certificate = await X509CertificateGenerator.create({
    serialNumber,
    subject: wish.subject,
    issuer: wish.issuer.name,
    publicKey: wish.publicKey,
    signingKey: wish.issuer.key,
    signingAlgorithm: { name: wish.issuer.key.algorithm.name, hash: wish.issuer.hash },
    notBefore: new Date(wish.notBefore),
    notAfter: new Date(wish.notAfter),
    extensions: [
      new BasicConstraintsExtension(wish.isAuthority, undefined, true),
      ...(wish.extensions ?? []),
    ],
  }, crypto);
  return new Uint8Array(certificate.rawData);
}
