/** What key managers across the network have in common: how their refusals and silences are told. */

import * as z from "zod";
import { decodeBase64 } from "../bytes/base64.ts";
import { decodeDer, SIGNATURE_BYTES } from "../bytes/ecdsa-der.ts";
import { clockNote, describe } from "../cloud/failure.ts";
import { jsonOf, type ServiceAnswer } from "../cloud/service-call.ts";
import { AppError } from "../errors.ts";
import type { KeyReference } from "./key-manager.ts";
import { derToPem } from "./pem.ts";
import { shown } from "./reference.ts";
import { p256Point } from "./spki.ts";

/** A kind of key manager. */
export type RemoteManager = {
  /** What messages call it. */
  readonly title: string;
  /** The settings that say where it is. */
  readonly settings: string;
  /** What to mend, by its error code, or else by the status as `403` and so on. */
  readonly cures: ReadonlyMap<string, string>;
};

/** A member of an answer that is base64. */
export const base64Member: z.ZodType<Uint8Array<ArrayBuffer>, string> = z.string()
  .transform((text, context) => {
    const bytes = decodeBase64(text);
    if (bytes !== undefined) return bytes;
    context.addIssue({ code: "custom", message: "not base64" });
    return z.NEVER;
  });

/** Waits for an answer; `key_unavailable` when there is none, also for want of credentials. */
export async function reach<T>(
  { title, settings }: RemoteManager,
  reference: KeyReference,
  use: () => Promise<T>,
): Promise<T> {
  try {
    return await use();
  } catch (cause) {
    if (cause instanceof AppError && cause.code !== "identity_unavailable") throw cause;
    const cure = cause instanceof AppError
      ? cause.message
      : `check ${settings} and the network; it is tried again later`;
    throw new AppError(
      "key_unavailable",
      `${shown(reference)}: ${title} cannot be asked: ${cure}`,
      {
        cause: new Error(describe(cause)),
      },
    );
  }
}

/** `key_unavailable` for an answer that says no, with its status, its code when it has one, and what to mend. */
export function refusal(
  { title, settings, cures }: RemoteManager,
  reference: KeyReference,
  answer: ServiceAnswer,
  code = "",
): AppError {
  const { status } = answer;
  const cure = cures.get(code) ?? cures.get(String(status)) ??
    (status >= 500 || status === 429 ? "it is tried again later" : `check ${settings}`);
  const said = code === "" ? String(status) : `${status} ${code}`;
  return new AppError(
    "key_unavailable",
    `${shown(reference)}: ${title} answered ${said}: ${cure}${clockNote(answer)}`,
  );
}

/** The members of an answer; `key_unavailable` when they are not there. */
export function membersOf<T>(
  { title, settings }: RemoteManager,
  reference: KeyReference,
  schema: z.ZodType<T>,
  answer: ServiceAnswer,
): T {
  const found = schema.safeParse(jsonOf(answer));
  if (found.success) return found.data;
  throw new AppError(
    "key_unavailable",
    `${shown(reference)}: ${title} sent an answer that cannot be read: check ${settings}`,
  );
}

/** Refuses a signing key on another curve, or of another kind than ECDSA. */
export function wrongCurve(reference: KeyReference): AppError {
  return new AppError(
    "key_not_found",
    `${shown(reference)} is no ECDSA key on the curve P-256: name another key here`,
  );
}

/** SPKI PEM of a P-256 key; throws for any other key. */
export function p256Pem(reference: KeyReference, spki: Uint8Array): string {
  if (p256Point(spki) === undefined) throw wrongCurve(reference);
  return derToPem(spki, "PUBLIC KEY");
}

/** r ‖ s of a signature in DER; throws for what is none on P-256. */
export function plainSignature(reference: KeyReference, der: Uint8Array): Uint8Array {
  const read = decodeDer(der);
  if (read === undefined || read.signature.length !== SIGNATURE_BYTES) throw wrongCurve(reference);
  return read.signature;
}
