import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { AppError } from "../errors.ts";
import { fileKeys } from "../keys/file.ts";
import { signJwt } from "../keys/jwt.ts";
import { derToPem } from "../keys/pem.ts";
import type { Seconds } from "../model/ids.ts";
import type { ReportType } from "../model/report-type.ts";

/** A minimal verification server: one P-256 key that signs certificates. */
export type Issuer = {
  /** SPKI PEM, for the Issuer resource. */
  readonly publicKeyPem: string;
  /** ECDSA P-256 / SHA-256: r ‖ s, 64 bytes. */
  readonly sign: (data: Uint8Array) => Promise<Uint8Array>;
};

/** The claims of a certificate. */
export type CertificateClaims = {
  /** `kid`: the version of the issuer's key. */
  readonly keyVersion: string;
  /** `iss`. */
  readonly issuer: string;
  /** `aud`. */
  readonly audience: string;
  readonly reportType: ReportType;
  /** Base64 of the MAC over the keys. */
  readonly tekmac: string;
  readonly symptomOnsetInterval?: number | undefined;
  readonly issuedAt: Seconds;
  readonly lifetimeSeconds: number;
};

const P256 = { name: "ECDSA", namedCurve: "P-256" } as const;

/** Loads the issuer's private key (PEM or JWK) from a file; `key_not_found` or `key_unavailable` names the file. */
export async function loadIssuer(crypto: Crypto, path: string): Promise<Issuer> {
  const keys = fileKeys({ crypto });
  const reference = `file:${resolve(path)}`;
  return {
    publicKeyPem: await keys.publicKeyPem(reference),
    sign: (data) => keys.sign(reference, data),
  };
}

/** Like {@link loadIssuer}, but creates a missing file with a new key, readable only by its owner. */
export async function ensureIssuer(
  crypto: Crypto,
  path: string,
): Promise<{ readonly issuer: Issuer; readonly made: boolean }> {
  const keys = fileKeys({ crypto });
  const made = !await keys.exists(`file:${resolve(path)}`) && await writeNewKey(crypto, path);
  return { issuer: await loadIssuer(crypto, path), made };
}

/** Whether this call created the key; another process may have been faster. */
async function writeNewKey(crypto: Crypto, path: string): Promise<boolean> {
  const { subtle } = crypto;
  const { privateKey } = await subtle.generateKey(P256, true, ["sign", "verify"]);
  const pem = derToPem(new Uint8Array(await subtle.exportKey("pkcs8", privateKey)), "PRIVATE KEY");
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return await writeFile(path, pem, { mode: 0o600, flag: "wx" }).then(() => true, (cause) => {
      if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") return false;
      throw cause;
    });
  } catch (cause) {
    throw new AppError(
      "key_unavailable",
      `${path} cannot be written: name a file for the issuer key that this process may create`,
      { cause },
    );
  }
}

/** A verification certificate: a JWT (RFC 7519) signed ES256 (RFC 7518, 3.4). */
export async function issueCertificate(
  issuer: Pick<Issuer, "sign">,
  claims: CertificateClaims,
): Promise<string> {
  return await signJwt(issuer.sign, claims.keyVersion, {
    iss: claims.issuer,
    aud: claims.audience,
    iat: claims.issuedAt,
    nbf: claims.issuedAt,
    exp: claims.issuedAt + claims.lifetimeSeconds,
    reportType: claims.reportType,
    tekmac: claims.tekmac,
    symptomOnsetInterval: claims.symptomOnsetInterval,
  });
}
