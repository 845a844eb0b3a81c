import { makeCertificate } from "../../src/device/attest/certificates.ts";
import { SubjectAlternativeNameExtension } from "../../src/keys/x509-generator.ts";
import { derToPem } from "../../src/keys/pem.ts";
import type { TlsIdentity } from "../../src/runtime/runtime.ts";
import { NATIVE } from "./crypto-providers.ts";

/** What a certificate of a {@link TlsAuthority} is for. Times in milliseconds since the epoch. */
export type TlsCertificateWish = {
  readonly names: readonly string[];
  readonly from?: number;
  readonly until?: number;
};

/** A certificate authority of one test. */
export type TlsAuthority = {
  /** PEM of its own certificate. */
  readonly certificate: string;
  issue(wish: TlsCertificateWish): Promise<TlsIdentity>;
};

const CURVE = { name: "ECDSA", namedCurve: "P-256" } as const;
const YEAR_MS = 365 * 86_400_000;

/** Makes an authority whose certificate is valid now. */
export async function tlsAuthority(name: string): Promise<TlsAuthority> {
  const own = await NATIVE.subtle.generateKey(CURVE, true, ["sign", "verify"]);
  const subject = `CN=${name}`;
  const make = (
    publicKey: CryptoKey,
    { names, from = Date.now() - YEAR_MS, until = Date.now() + YEAR_MS }: TlsCertificateWish,
    isAuthority: boolean,
  ) =>
    makeCertificate(NATIVE, {
      subject: isAuthority ? subject : "CN=server",
      publicKey,
      isAuthority,
      issuer: { name: subject, key: own.privateKey, hash: "SHA-256" },
      notBefore: from,
      notAfter: until,
      extensions: isAuthority ? [] : [
        new SubjectAlternativeNameExtension(
          names.map((value) => ({ type: "dns" as const, value })),
        ),
      ],
    });
  return {
    certificate: derToPem(await make(own.publicKey, { names: [] }, true), "CERTIFICATE"),
    issue: async (wish) => {
      const pair = await NATIVE.subtle.generateKey(CURVE, true, ["sign", "verify"]);
      const key = new Uint8Array(await NATIVE.subtle.exportKey("pkcs8", pair.privateKey));
      return {
        cert: derToPem(await make(pair.publicKey, wish, false), "CERTIFICATE"),
        key: derToPem(key, "PRIVATE KEY"),
      };
    },
  };
}
