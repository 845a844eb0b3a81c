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

const FORMAT_WORDS: Readonly<Record<string, string>> = {
  base64: "must be base64",
  datetime: "must be a time such as 2026-01-31T00:00:00Z",
};

/** The member that an issue is about, and what is wrong with it. `whole`: what it is called when it is no single member. */
export function issueText({ path, message }: z.core.$ZodIssue, whole: string): string {
  return `${path.map(String).join(".").slice(0, 300) || whole}: ${message}`;
}

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
    case "unrecognized_keys":
      return `has members that it does not know: leave out ${
        issue.keys.slice(0, 5).map((key) => JSON.stringify(key.slice(0, 100))).join(", ")
      }`;
    case "invalid_key":
      return `has a name that is not right: it ${issue.issues[0]?.message ?? "is not known"}`;
    case "invalid_element":
      return `has an entry that is not right: it ${issue.issues[0]?.message ?? "is not known"}`;
    case "invalid_format":
      return FORMAT_WORDS[issue.format] ?? "is not written as this member must be";
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
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
