import { encodeBase64 } from "../bytes/base64.ts";

/** Gives base64 text of unpredictable bytes, without padding: a whole number of groups of four characters. */
export type Filler = (groups: number) => string;

const BYTES_PER_GROUP = 3;
const CHARACTERS_PER_GROUP = 4;
const STRETCH_GROUPS = 16_384;
/** Answers that are cut from one stretch; then another one is made. */
const CUTS = 64;

/**
 * A {@link Filler} that cuts its texts out of a long stretch at places drawn at random, and makes a new stretch every
 * {@link CUTS} texts. Fresh bytes for each answer would take a tenth of the CPU of a publish. What fills an answer keeps
 * no secret: it must only have a length and not shrink when a proxy compresses it.
 */
export function filler(
  randomBytes: (length: number) => Uint8Array,
  random: () => number,
): Filler {
  let stretch = "";
  let cuts = CUTS;
  return (groups) => {
    if (groups > STRETCH_GROUPS / 2) return encodeBase64(randomBytes(groups * BYTES_PER_GROUP));
    if (cuts++ >= CUTS) {
      stretch = encodeBase64(randomBytes(STRETCH_GROUPS * BYTES_PER_GROUP));
      cuts = 1;
    }
    const start = Math.floor(random() * (STRETCH_GROUPS - groups + 1)) * CHARACTERS_PER_GROUP;
    return stretch.slice(start, start + groups * CHARACTERS_PER_GROUP);
  };
}
