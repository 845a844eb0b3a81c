import { accept, type Outcome, refuse } from "../errors.ts";
import type { FileKeyMember } from "../model/resource/file-keys.ts";
import { isActive } from "../model/resource/members.ts";
import type { ExportFile, FileSignatureInfo } from "../export-file/read.ts";
import { verifyExportFile } from "../export-file/verify.ts";

/** The most signatures that a message names, and the most characters of each name. */
const NAMED = 5;
const NAME_LENGTH = 40;

/**
 * Checks that one of the active keys signed the file; otherwise refuses it as `signature_invalid` and names the signing
 * keys. Throws `invalid_configuration` for an invalid key.
 */
export async function checkSignature(
  file: Pick<ExportFile, "bin" | "signatures">,
  publicKeys: readonly FileKeyMember[],
  nowSeconds: number,
  subtle: SubtleCrypto,
): Promise<Outcome<undefined>> {
  const keys = publicKeys.filter((key) => isActive(key, nowSeconds)).map((key) => ({
    keyId: key.keyId,
    keyVersion: key.version,
    publicKey: key.publicKeyPem,
  }));
  const verdicts = await verifyExportFile(file, keys, subtle);
  if (verdicts.some(({ verdict }) => verdict === "valid")) return accept(undefined);
  if (verdicts.length === 0) return refuse("signature_invalid", "the file has no signature");
  const wrong = verdicts.filter(({ verdict }) => verdict === "invalid");
  if (wrong.length > 0) {
    return refuse("signature_invalid", `the signature by ${names(wrong)} is wrong`);
  }
  return refuse(
    "signature_invalid",
    `no public key is active for the signature by ${names(verdicts)}: add it to publicKeys`,
  );
}

function names(signatures: readonly { readonly info: FileSignatureInfo }[]): string {
  const shown = signatures.slice(0, NAMED).map(({ info }) =>
    `${printable(info.keyId)} ${printable(info.keyVersion)}`
  );
  return [...shown, ...(signatures.length > NAMED ? ["…"] : [])].join(", ");
}

const printable = (text: string): string => text.replace(/[^ -~]/g, "?").slice(0, NAME_LENGTH);
