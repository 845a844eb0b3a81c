import * as z from "zod";

/** An upload in the audit of a batch, as far as it is looked at. Certificates that were removed are null. */
export type AuditEntry = {
  readonly country: string;
  readonly uploaderSigningThumbprint: string | null;
  readonly signingCertificate: string | null;
  readonly signingCertificateOperatorSignature: string | null;
  /** Keys of the upload. */
  readonly amount: number;
  readonly batchSignature: string;
};

const MAX_ENTRIES = 5000;
const text = (most: number) => z.string().max(most).nullish().transform((value) => value ?? null);

/** The answer of the audit, bounded. */
export const auditSchema: z.ZodType<readonly AuditEntry[]> = z.array(z.object({
  country: z.string().max(10),
  uploaderSigningThumbprint: text(100),
  signingCertificate: text(20_000),
  signingCertificateOperatorSignature: text(2000),
  amount: z.number().int().min(0).max(1_000_000),
  batchSignature: z.string().max(10_000),
})).max(MAX_ENTRIES);
