import { AppError } from "../errors.ts";
import { decodeDer } from "../bytes/ecdsa-der.ts";
import { ECDSA_SHA512_OID, type SignatureInfo } from "./format.ts";
import type { ExportFile, FileSignatureInfo } from "./read.ts";

/** A key that may have signed a file: ECDSA P-256, as SPKI PEM or as imported for `verify`. */
export type VerificationKey = SignatureInfo & { readonly publicKey: string | CryptoKey };

/** The verdict on one signature. `unknown_key`: no key with its ID and version was given. */
export type SignatureVerdict = {
  readonly info: FileSignatureInfo;
  readonly verdict: "valid" | "invalid" | "unknown_key";
};

const P256 = { name: "ECDSA", namedCurve: "P-256" };
/** The algorithm's name from another server matters only if it means SHA-512. */
const hashOf = ({ algorithm }: FileSignatureInfo): string =>
  algorithm === ECDSA_SHA512_OID ? "SHA-512" : "SHA-256";

/**
 * Returns a verdict for each signature of a file, in its order. Keys match by ID and version; if several match, one
 * that verifies is enough. Lenient with other servers: any algorithm name but that of SHA-512 and any form of DER pass
 * (`lintExportFile` reports them). Throws `invalid_configuration` for an invalid key.
 */
export async function verifyExportFile(
  file: Pick<ExportFile, "bin" | "signatures">,
  keys: readonly VerificationKey[],
  subtle: SubtleCrypto,
): Promise<readonly SignatureVerdict[]> {
  const imported = await Promise.all(
    keys.map(async (key) => ({ ...key, publicKey: await importKey(key, subtle) })),
  );
  const verdicts: SignatureVerdict[] = [];
  for (const { info, signature } of file.signatures) {
    const matching = imported.filter((key) =>
      key.keyId === info.keyId && key.keyVersion === info.keyVersion
    );
    const decoded = decodeDer(signature)?.signature;
    let valid = false;
    for (const { publicKey } of matching) {
      if (decoded === undefined) break;
      const algorithm = { name: "ECDSA", hash: hashOf(info) };
      valid ||= await subtle.verify(algorithm, publicKey, decoded, file.bin);
    }
    verdicts.push({
      info,
      verdict: valid ? "valid" : matching.length === 0 ? "unknown_key" : "invalid",
    });
  }
  return verdicts;
}

async function importKey(key: VerificationKey, subtle: SubtleCrypto): Promise<CryptoKey> {
  if (typeof key.publicKey !== "string") return key.publicKey;
  try {
    const base64 = key.publicKey.replace(/-----(?:BEGIN|END) PUBLIC KEY-----/g, "");
    const spki = Uint8Array.from(atob(base64.replace(/\s/g, "")), (char) => char.charCodeAt(0));
    return await subtle.importKey("spki", spki, P256, false, ["verify"]);
  } catch (cause) {
    throw new AppError(
      "invalid_configuration",
      `public key ${key.keyId} ${key.keyVersion} is not a P-256 public key in SPKI PEM`,
      { cause },
    );
  }
}
