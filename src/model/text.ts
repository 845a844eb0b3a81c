import * as z from "zod";

/** NUL, which PostgreSQL cannot hold, the other control characters but tab and ends of lines, and lone surrogates. */
// deno-lint-ignore no-control-regex
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]|\p{Surrogate}/u;

/** What to tell about a text that {@link isCleanText} refuses. */
export const UNCLEAN_TEXT =
  "must not hold NUL, other control characters or half of a surrogate pair: take them out";

/** The one rule for every text from outside that is kept or shown. */
export function isCleanText(text: string): boolean {
  return !FORBIDDEN.test(text);
}

/** A text in which what the rule forbids is replaced, to be shown. */
export function cleanedText(text: string): string {
  return text.replaceAll(new RegExp(FORBIDDEN, "gu"), "\ufffd");
}

/** A free text of `least` to `most` UTF-16 units. */
export function textMember(least: number, most: number): z.ZodType<string, string> {
  return z.string().min(least).max(most).refine(isCleanText, UNCLEAN_TEXT);
}
