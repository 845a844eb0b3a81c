import type { Refusal } from "../../../src/errors.ts";
import { refuse } from "../../../src/errors.ts";
import type { OutgoingBatch } from "../../../src/model/efgs-batch.ts";
import type { UploadAnswer } from "./upload-call.ts";

/** Keys of a batch that are to be sent again, by index. */
export type Rest = {
  readonly keys: readonly number[];
  /** Those among them that could not be stored when they were sent. */
  readonly failed: readonly number[];
};

/** What to do after an answer. */
export type UploadStep =
  | {
    /** The batch is done with: some keys have verdicts, the rest is sent again in other batches. */
    readonly kind: "settle";
    readonly verdicts: Readonly<Record<string, number>>;
    readonly rest: readonly Rest[];
  }
  /** The same batch again, after a while: it may be there, or still be stored. `unsettled`: part of it is there. */
  | { readonly kind: "repeat"; readonly refusal: Refusal; readonly unsettled: boolean }
  /** The batch stays, and nothing of it was stored. */
  | { readonly kind: "fail"; readonly refusal: Refusal }
  | { readonly kind: "hold"; readonly reason: string };

const HELD =
  "the gateway says that it has every key of a batch that it was never sent: look at its audit, then set efgs.existing to stored, or revoke the agreement";
const SETTLING = refuse("unavailable", "the gateway is still storing a batch that was sent before");

/**
 * What an answer means for a batch of `keyCount` keys. `existing`: the agreement's word on a first sending that the
 * gateway has whole.
 */
export function uploadStep(
  answer: UploadAnswer,
  batch: Pick<OutgoingBatch, "sent" | "known" | "unsettled" | "failedBefore">,
  keyCount: number,
  existing: "hold" | "stored",
): UploadStep {
  switch (answer.kind) {
    case "stored":
      return settled({ stored: keyCount });
    // The tag is the hash of what is signed: whoever has it, has these keys.
    case "tag-taken":
      return settled({ stored: keyCount });
    case "bad-key":
      return keyCount === 1 ? settled({ refused: 1 }) : halved(batch.failedBefore, keyCount);
    case "too-large":
      return keyCount === 1 ? settled({ too_large: 1 }) : halved(batch.failedBefore, keyCount);
    case "lost":
      return { kind: "repeat", refusal: answer.refusal, unsettled: false };
    case "refused":
      return { kind: "fail", refusal: answer.refusal };
    case "parts":
      return partsStep(answer, batch, existing);
  }
}

function partsStep(
  { free, known, failed }: Extract<UploadAnswer, { kind: "parts" }>,
  { sent, known: mayBeKnown, unsettled, failedBefore }: Pick<
    OutgoingBatch,
    "sent" | "known" | "unsettled" | "failedBefore"
  >,
  existing: "hold" | "stored",
): UploadStep {
  const isRepeat = sent > 0;
  if (free.length === 0 && failed.length === 0) {
    const counts = isRepeat || mayBeKnown || existing === "stored";
    return counts ? settled({ stored: known.length }) : { kind: "hold", reason: HELD };
  }
  if (isRepeat && free.length === 0 && known.length > 0 && unsettled === 0) {
    return { kind: "repeat", refusal: SETTLING, unsettled: true };
  }
  const twice = failed.filter((index) => failedBefore.includes(index));
  const once = failed.filter((index) => !failedBefore.includes(index));
  const keys = [...free, ...once].sort((left, right) => left - right);
  const again = [...free.filter((index) => failedBefore.includes(index)), ...once];
  return settled(
    { duplicate: known.length, failed: twice.length },
    keys.length === 0 ? [] : [{ keys, failed: again }],
  );
}

function halved(failedBefore: readonly number[], keyCount: number): UploadStep {
  const middle = Math.ceil(keyCount / 2);
  const half = (from: number, until: number): Rest => ({
    keys: Array.from({ length: until - from }, (_, at) => from + at),
    failed: failedBefore.filter((index) => index >= from && index < until),
  });
  return settled({}, [half(0, middle), half(middle, keyCount)]);
}

function settled(
  verdicts: Readonly<Record<string, number>>,
  rest: readonly Rest[] = [],
): UploadStep {
  const given = Object.fromEntries(Object.entries(verdicts).filter(([, count]) => count > 0));
  return { kind: "settle", verdicts: given, rest };
}
