import { isSignedText, isValidAt, readPemCertificate } from "../../../src/keys/certificate.ts";
import type { EfgsAgreement } from "../../../src/model/resource/efgs-agreement.ts";
import { inSignedOrder, signedBytes } from "../signing/signed-bytes.ts";
import { verifyBatch } from "../signing/verify-batch.ts";
import type { EfgsKey } from "../wire/batch.ts";
import type { AuditEntry } from "./audit-entry.ts";

/** What is known of the signatures over one country's keys. */
export type OriginState =
  | { readonly kind: "verified" }
  /** `bad`: those of its keys whose upload is not signed as it should be. */
  | { readonly kind: "failed"; readonly fault: string; readonly bad: ReadonlySet<EfgsKey> };

/** Whose signatures count. */
export type SignatureTrust = Pick<EfgsAgreement, "trustAnchor" | "signers">;

/**
 * Checks the uploads that a batch was made of: a country's keys keep their order, and each of its entries in the audit
 * covers the next `amount` of them. A signer counts when its certificate is valid, of that country, the one that the
 * audit names, and pinned or signed by the trust anchor.
 */
export function verifyOrigins(
  keys: readonly EfgsKey[],
  entries: readonly AuditEntry[],
  trust: SignatureTrust,
  nowSeconds: number,
): ReadonlyMap<string, OriginState> {
  const states = new Map<string, OriginState>();
  for (const [origin, ofOrigin] of byOrigin(keys)) {
    const named = entries.filter(({ country }) => country === origin);
    states.set(origin, stateOf(origin, ofOrigin, named, trust, nowSeconds));
  }
  return states;
}

/** Keys of each country, in their order. */
export function byOrigin(keys: readonly EfgsKey[]): ReadonlyMap<string, readonly EfgsKey[]> {
  const found = new Map<string, EfgsKey[]>();
  for (const key of keys) {
    const known = found.get(key.origin);
    if (known === undefined) found.set(key.origin, [key]);
    else known.push(key);
  }
  return found;
}

function stateOf(
  origin: string,
  keys: readonly EfgsKey[],
  entries: readonly AuditEntry[],
  trust: SignatureTrust,
  nowSeconds: number,
): OriginState {
  const total = entries.reduce((sum, { amount }) => sum + amount, 0);
  if (total !== keys.length) {
    const fault = `the audit names ${total} keys where the batch has ${keys.length}`;
    return { kind: "failed", fault, bad: new Set(keys) };
  }
  const bad = new Set<EfgsKey>();
  let [at, fault] = [0, ""];
  for (const entry of entries) {
    const part = keys.slice(at, at + entry.amount);
    at += entry.amount;
    const found = faultOf(origin, part, entry, trust, nowSeconds);
    if (found === undefined) continue;
    fault = found;
    part.forEach((key) => bad.add(key));
  }
  return bad.size === 0 ? { kind: "verified" } : { kind: "failed", fault, bad };
}

function faultOf(
  origin: string,
  keys: readonly EfgsKey[],
  entry: AuditEntry,
  trust: SignatureTrust,
  nowSeconds: number,
): string | undefined {
  const verified = verifyBatch(signedBytes(inSignedOrder(keys)), entry.batchSignature);
  if (!verified.ok) return verified.reason;
  const { signer } = verified;
  if (!isValidAt(signer, nowSeconds)) return "the signer's certificate is not valid now";
  if (signer.countries.length !== 1 || signer.countries[0] !== origin) {
    return "the signer's certificate is of another country";
  }
  if (signer.thumbprint !== entry.uploaderSigningThumbprint) {
    return "the audit names another signer";
  }
  if (trust.signers.includes(signer.thumbprint) || isAnchored(entry, signer.thumbprint, trust)) {
    return undefined;
  }
  return trust.trustAnchor === undefined
    ? "the signer is not in efgs.signers, and there is no efgs.trustAnchor"
    : "the signer's certificate is not signed by efgs.trustAnchor, nor in efgs.signers";
}

function isAnchored(
  { signingCertificate, signingCertificateOperatorSignature }: AuditEntry,
  thumbprint: string,
  { trustAnchor }: SignatureTrust,
): boolean {
  if (
    trustAnchor === undefined || signingCertificate === null ||
    signingCertificateOperatorSignature === null
  ) return false;
  return readPemCertificate(signingCertificate)?.thumbprint === thumbprint &&
    isSignedText(signingCertificate, signingCertificateOperatorSignature, trustAnchor);
}
