import { accept, type Outcome, type Refusal, refuse } from "../../../src/errors.ts";
import type { EfgsAgreement } from "../../../src/model/resource/efgs-agreement.ts";
import { type EfgsKey, MAX_BATCH_KEYS, readBatch } from "../wire/batch.ts";
import { MEDIA_TYPES } from "../wire/media-type.ts";
import { type AuditEntry, auditSchema } from "./audit-entry.ts";
import { answerFault } from "./answer-fault.ts";
import type { SendToGateway } from "./gateway-connection.ts";

/** A batch as it was downloaded. */
export type DownloadedBatch = {
  readonly tag: string;
  readonly nextTag?: string;
  readonly keys: readonly EfgsKey[];
};

/** What a download came to. `none`: there is no batch yet; `gone`: not any more; `older`: it is older than the date. */
export type DownloadAnswer =
  | { readonly kind: "batch"; readonly batch: DownloadedBatch }
  | { readonly kind: "none" | "gone" | "older" }
  | { readonly kind: "failed"; readonly refusal: Refusal };

const NO_BATCH = "null";

/** Downloads a batch: that with a tag, or the first one of a date (`YYYY-MM-DD`) or later. */
export async function downloadBatch(
  send: SendToGateway,
  { format }: Pick<EfgsAgreement, "format">,
  date: string,
  tag: string | undefined,
  signal: AbortSignal,
): Promise<DownloadAnswer> {
  const answer = await send({
    method: "GET",
    path: `/diagnosiskeys/download/${date}`,
    // Exactly one type: a wildcard beside it is refused.
    headers: { accept: MEDIA_TYPES[format], ...(tag === undefined ? {} : { batchTag: tag }) },
    signal,
  });
  if (!answer.ok) return { kind: "failed", refusal: answer };
  const { status, headers, bytes } = answer.value;
  if (status === 404) return { kind: tag === undefined ? "none" : "gone" };
  if (status === 410) return { kind: "gone" };
  if (status === 400 && tag !== undefined) return { kind: "older" };
  if (status !== 200) return { kind: "failed", refusal: answerFault(answer.value) };
  const read = bytes.length === 0 ? accept([]) : readBatch(bytes, format);
  if (!read.ok) return broken(`the gateway's batch cannot be read: ${read.message}`);
  if (read.value.length > MAX_BATCH_KEYS) {
    return broken(`the gateway's batch has more than ${MAX_BATCH_KEYS} keys`);
  }
  const own = headers.get("batchtag") ?? "";
  const next = headers.get("nextbatchtag") ?? NO_BATCH;
  if (own === "" || (tag !== undefined && own !== tag) || !isTag(own) || !isTag(next)) {
    return broken("the gateway answered with another batch than was asked for, or with bad tags");
  }
  return {
    kind: "batch",
    batch: { tag: own, keys: read.value, ...(next === NO_BATCH ? {} : { nextTag: next }) },
  };
}

const isTag = (text: string): boolean => /^[\x21-\x7e]{1,64}$/.test(text);

function broken(message: string): DownloadAnswer {
  return { kind: "failed", refusal: refuse("fetch_failed", message) };
}

/** Downloads the audit of a batch: who uploaded and signed its parts. */
export async function downloadAudit(
  send: SendToGateway,
  date: string,
  tag: string,
  signal: AbortSignal,
): Promise<Outcome<readonly AuditEntry[]>> {
  const answer = await send({
    method: "GET",
    path: `/diagnosiskeys/audit/download/${date}/${encodeURIComponent(tag)}`,
    headers: { accept: MEDIA_TYPES.json },
    signal,
  });
  if (!answer.ok) return answer;
  if (answer.value.status !== 200) return answerFault(answer.value);
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(answer.value.bytes));
    const parsed = auditSchema.safeParse(value);
    return parsed.success ? accept(parsed.data) : refuse("fetch_failed", "the audit is malformed");
  } catch {
    return refuse("fetch_failed", "the audit is not JSON");
  }
}
