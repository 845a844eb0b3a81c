/**
 * Turns an object store's failure into an error that is safe to show. It holds only the response's status and the
 * store's error code, and nothing of a URL's query, so no credential can leak.
 */

import { AppError } from "../errors.ts";
import { readAtMost } from "./bounded-body.ts";
import { xmlLeaves } from "./xml.ts";

/** The parts of a dialect that appear in messages. */
export type Explained = {
  readonly title: string;
  readonly cures: ReadonlyMap<string, string>;
  readonly endpointSetting: string;
};

const MAX_ERROR_BYTES = 1024;

/** The store's error code, such as `NoSuchBucket`, from the header or the first 1 KiB of the body; empty if none. */
export async function errorCode(response: Response, timeoutMs: number): Promise<string> {
  const code = response.headers.get("x-ms-error-code") ?? await codeInBody(response, timeoutMs);
  await response.body?.cancel().catch(() => {});
  return /^[A-Za-z0-9.]{1,64}$/.test(code) ? code : "";
}

async function codeInBody(response: Response, timeoutMs: number): Promise<string> {
  try {
    const { text } = await readAtMost(response, MAX_ERROR_BYTES, timeoutMs);
    for (const leaf of xmlLeaves(text)) if (leaf.path === "Error/Code") return leaf.text;
  } catch {
    // Without a code, the status is all there is.
  }
  return "";
}

/** `blob_unavailable` for an unexpected response. */
export function answerFailure(
  { title, cures, endpointSetting }: Explained,
  bucket: string,
  status: number,
  code: string,
): AppError {
  const cure = cures.get(code) ?? cures.get(String(status)) ??
    (status >= 500 || status === 429 ? "it is tried again later" : `check ${endpointSetting}`);
  const said = code === "" ? String(status) : `${status} ${code}`;
  return new AppError(
    "blob_unavailable",
    `${title} answered ${said} for bucket "${bucket}": ${cure}`,
  );
}

/** `blob_unavailable` for a missing or broken response; returns an `AppError` unchanged. */
export function networkFailure(explained: Explained, bucket: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const text = `${explained.title} cannot be reached for bucket "${bucket}": ` +
    `check ${explained.endpointSetting} and the network`;
  return new AppError("blob_unavailable", text, { cause: new Error(describe(error)) });
}

function describe(error: unknown): string {
  const texts: string[] = [];
  for (let at = error; at instanceof Error && texts.length < 3; at = at.cause) {
    texts.push(at.message);
  }
  return texts.join(": ").replace(/\?\S*/g, "?…").slice(0, MAX_ERROR_BYTES);
}
