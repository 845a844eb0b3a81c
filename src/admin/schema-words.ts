import type { z } from "zod";

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: "a text in quotes",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object with members",
  record: "an object with members",
};

/** What zod found wrong, in the words of a person; members with a text of their own keep it. */
export function ownWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type": {
      const wanted = TYPE_WORDS[issue.expected] ?? `of the type ${issue.expected}`;
      return issue.input === undefined ? `is missing: give ${wanted}` : `must be ${wanted}`;
    }
    case "invalid_value":
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "too_small":
      return boundText("at least", issue.origin, Number(issue.minimum));
    case "too_big":
      return boundText("at most", issue.origin, Number(issue.maximum));
    case "invalid_union":
      return "has none of the forms that this member may have: see docs/operators.md";
    default:
      return undefined;
  }
}

function boundText(relation: string, origin: string, bound: number): string {
  const unit = origin === "string"
    ? (bound === 1 ? " character" : " characters")
    : origin === "array" || origin === "set"
    ? (bound === 1 ? " entry" : " entries")
    : "";
  return `must ${unit === "" ? "be" : "have"} ${relation} ${bound}${unit}`;
}
