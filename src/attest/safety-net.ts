import { compactVerify, importSPKI } from "jose";
import * as z from "zod";
import { decodeBase64 } from "../bytes/base64.ts";
import { derToPem } from "../keys/pem.ts";
import type { SafetyNet } from "../model/resource/attestation.ts";
import type { ChainCheck } from "./chain.ts";
import { isNonceOf } from "./content-hash.ts";
import { headerOf, isAccepted, jsonOf, timeFault } from "./token-checks.ts";
import { failed, type Finding } from "./verdict.ts";

/** What a token is checked against. */
export type SafetyNetContext = {
  readonly app: SafetyNet;
  readonly contentHash: Uint8Array;
  readonly nowMs: number;
  readonly maxAgeMs: number;
};

const ALGORITHM = "RS256";
const MAX_CHAIN = 4;
const MAX_PAYLOAD_BYTES = 16 * 1024;

const chainSchema = z.array(z.string().max(8000)).min(1).max(MAX_CHAIN);
const payloadSchema = z.object({
  nonce: z.string().optional(),
  timestampMs: z.union([z.string(), z.number()]).optional(),
  apkPackageName: z.string().optional(),
  apkCertificateDigestSha256: z.array(z.string()).optional(),
  basicIntegrity: z.boolean().optional(),
  ctsProfileMatch: z.boolean().optional(),
});

/** Checks a SafetyNet token against the trust anchors of a private installation. */
export async function checkSafetyNet(
  token: { readonly parts: readonly Uint8Array[]; readonly text: string },
  isChained: ChainCheck,
  context: SafetyNetContext,
): Promise<Finding> {
  const { app, contentHash, nowMs } = context;
  const header = headerOf(token.parts[0]);
  if (header["alg"] !== ALGORITHM) return failed("signature");
  const listed = chainSchema.safeParse(header["x5c"]);
  const chain = listed.success ? listed.data.map(decodeBase64) : [];
  const certificates = chain.filter((der) => der !== undefined);
  if (certificates.length === 0 || certificates.length !== chain.length) return failed("chain");
  const leaf = await isChained(certificates, app.trustAnchors, nowMs);
  if (leaf === undefined || !leaf.dnsNames.includes(app.hostname)) return failed("chain");
  const signed = await importSPKI(derToPem(leaf.publicKey, "PUBLIC KEY"), ALGORITHM)
    .then((key) => compactVerify(token.text, key, { algorithms: [ALGORITHM] }))
    .catch(() => undefined);
  if (signed === undefined) return failed("signature");

  const payload = payloadSchema.safeParse(jsonOf(signed.payload, MAX_PAYLOAD_BYTES));
  if (!payload.success) return failed("malformed");
  const claims = payload.data;
  if (!isNonceOf(claims.nonce, contentHash)) return failed("content");
  const untimely = timeFault(claims.timestampMs, context);
  if (untimely !== undefined) return failed(untimely);
  if (claims.apkPackageName !== app.packageName) return failed("app");
  if (!isAccepted(claims.apkCertificateDigestSha256, app.certificateDigests)) return failed("app");
  if (!app.device.every((claim) => claims[claim] === true)) return failed("device");
  return { found: "genuine", signed: signed.payload };
}
