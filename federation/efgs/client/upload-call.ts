import * as z from "zod";
import { type Refusal, refuse } from "../../../src/errors.ts";
import { MEDIA_TYPES } from "../wire/media-type.ts";
import { answerFault, isKeyFault } from "./answer-fault.ts";
import type { GatewayAnswer, SendToGateway } from "./gateway-connection.ts";

/**
 * What came of an upload. `parts`: nothing was stored, and each key's index is in one of three lists; `bad-key`: a key
 * is at fault, it is not said which; `lost`: it may have been stored or not; `refused`: nothing was stored, and the
 * fault is not a key's.
 */
export type UploadAnswer =
  | { readonly kind: "stored" | "tag-taken" | "bad-key" | "too-large" }
  | {
    readonly kind: "parts";
    readonly free: readonly number[];
    readonly known: readonly number[];
    readonly failed: readonly number[];
  }
  | { readonly kind: "lost" | "refused"; readonly refusal: Refusal };

/** A batch as it goes over the wire. */
export type UploadRequest = {
  readonly tag: string;
  readonly signature: string;
  readonly format: "protobuf" | "json";
  readonly body: Uint8Array<ArrayBuffer>;
  readonly keyCount: number;
};

/** Sends a batch. Codes of refusals that never reached the gateway are `fetch_refused`. */
export async function uploadBatch(
  send: SendToGateway,
  { tag, signature, format, body, keyCount }: UploadRequest,
  signal: AbortSignal,
): Promise<UploadAnswer> {
  const answer = await send({
    method: "POST",
    path: "/diagnosiskeys/upload",
    headers: {
      accept: MEDIA_TYPES.json,
      "content-type": MEDIA_TYPES[format],
      batchTag: tag,
      batchSignature: signature,
    },
    body,
    signal,
  });
  if (!answer.ok) {
    return { kind: answer.code === "fetch_refused" ? "refused" : "lost", refusal: answer };
  }
  return readAnswer(answer.value, keyCount);
}

function readAnswer(answer: GatewayAnswer, keyCount: number): UploadAnswer {
  const { status } = answer;
  if (status === 201) return { kind: "stored" };
  if (status === 207) return readParts(answer, keyCount);
  if (status === 409) return { kind: "tag-taken" };
  if (status === 413) return { kind: "too-large" };
  if (isKeyFault(answer)) return { kind: "bad-key" };
  return { kind: status >= 500 ? "lost" : "refused", refusal: answerFault(answer) };
}

const indices = z.array(z.union([z.number(), z.string().regex(/^\d{1,6}$/).transform(Number)]));
const partsSchema = z.object({
  "201": indices.default([]),
  "409": indices.default([]),
  "500": indices.default([]),
});

/** Each key must be in exactly one list; else the answer says nothing. */
function readParts({ bytes }: GatewayAnswer, keyCount: number): UploadAnswer {
  const unclear: UploadAnswer = {
    kind: "refused",
    refusal: refuse("fetch_failed", "the gateway's answer 207 does not name each key once"),
  };
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const parsed = partsSchema.safeParse(value);
    if (!parsed.success) return unclear;
    const { 201: free, 409: known, 500: failed } = parsed.data;
    const all = [...free, ...known, ...failed];
    const fits = all.every((index) => Number.isInteger(index) && index >= 0 && index < keyCount);
    if (!fits || all.length !== keyCount || new Set(all).size !== keyCount) return unclear;
    return { kind: "parts", free, known, failed };
  } catch {
    return unclear;
  }
}
