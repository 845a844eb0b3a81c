import * as z from "zod";
import { decodeBase64 } from "../bytes/base64.ts";
import { isSignedBy, RSA_SHA256 } from "../keys/x509-signature.ts";
import type { SafetyNet } from "../model/resource/attestation.ts";
import type { ChainCheck } from "./chain.ts";
import { compactJws } from "./compact-jws.ts";
import { isNonceOf } from "./content-hash.ts";
import { isAccepted, jsonOf, timeFault } from "./token-checks.ts";
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

const chainSchema = z.array(z.string()).max(MAX_CHAIN);
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
  crypto: Crypto,
  token: { readonly text: string },
  isChained: ChainCheck,
  context: SafetyNetContext,
): Promise<Finding> {
  const { app, contentHash, nowMs } = context;
  const jws = compactJws(token.text);
  if (jws?.header["alg"] !== ALGORITHM) return failed("signature");
  const listed = chainSchema.safeParse(jws.header["x5c"]);
  const chain = listed.success ? listed.data.map(decodeBase64) : [];
  const certificates = chain.filter((der) => der !== undefined);
  if (certificates.length !== chain.length) return failed("chain");
  const leaf = await isChained(certificates, app.trustAnchors, nowMs);
  if (leaf === undefined || !leaf.dnsNames.includes(app.hostname)) return failed("chain");
  if (!await isSignedBy(crypto, leaf.publicKey, { ...jws, algorithm: RSA_SHA256 })) {
    return failed("signature");
  }

  const payload = payloadSchema.safeParse(jsonOf(jws.payload, MAX_PAYLOAD_BYTES));
  if (!payload.success) return failed("malformed");
  const claims = payload.data;
  if (!isNonceOf(claims.nonce, contentHash)) return failed("content");
  const untimely = timeFault(claims.timestampMs, context);
  if (untimely !== undefined) return failed(untimely);
  if (claims.apkPackageName !== app.packageName) return failed("app");
  if (!isAccepted(claims.apkCertificateDigestSha256, app.certificateDigests)) return failed("app");
  if (!app.device.every((claim) => claims[claim] === true)) return failed("device");
  return { found: "genuine", signed: jws.payload };
}
