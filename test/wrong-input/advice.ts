import { FOREIGN_WORDS } from "./wrong-values.ts";

/** What tells a reader what to do: a verb of advice, or what the value must be. */
const ADVICE = new RegExp(
  "\\b(" + [
    ..."give write use set leave make check see must take choose say put add run try start wait"
      .split(" "),
    ..."mend read send sign close copy name install delete show compare replace restart quote type"
      .split(" "),
    "did you mean",
    "needs?",
    "lists? them",
    "prints? those",
    "only",
  ].join("|") + ')\\b|"wayfarer ',
  "i",
);
/** What a reader must look at: an option, a setting, a command, a file, a URL, a quoted word, or a member's path. */
const SUBJECT =
  /--[a-z]|\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b|"[^"]*"|`[^`]+`|\/\S|\b[A-Z]{3,}\b|\w+\.\w+|\b[a-z]+[A-Z]\w*|(^|\s)-[a-z]\b|: \w|^\w+ must\b/;

/**
 * Texts that need no cure: they tell those who write apps and peers what they sent, and apps have known some of them
 * for as long as the API exists.
 */
const SUFFICIENT: readonly RegExp[] = [
  /\(at character \d+\)$/,
  /^(the body is (empty|not UTF-8|larger than \d+ bytes)|body too large)$/,
  /^no such method$/,
];

/** What is wrong with a text for a person; undefined when nothing is. `echoed`: what it may repeat of what was sent. */
export function faultOfText(text: string, echoed: readonly string[] = []): string | undefined {
  const own = echoed.filter((word) => word.length > 2)
    .reduce((rest, word) => rest.replaceAll(word, "…"), text);
  const [foreign] = FOREIGN_WORDS.exec(own) ?? [];
  if (foreign !== undefined) return `has the words ${foreign}`;
  if (text.trim() === "") return "is empty";
  if (SUFFICIENT.some((one) => one.test(text))) return undefined;
  if (!SUBJECT.test(text)) return "does not say what is wrong";
  if (!ADVICE.test(text)) return "does not say what to do";
  return undefined;
}
