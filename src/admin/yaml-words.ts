import type { ErrorCode } from "yaml";

/** What is wrong with a YAML text, and the cure; the parser's own words are for those who write parsers. */
const WORDS: { readonly [code in ErrorCode]?: string } = {
  BAD_ALIAS:
    "has an alias (*) that stands for nothing: quote texts that begin with * or write the value out",
  BAD_DQ_ESCAPE:
    "has an unknown escape in double quotes: write \\\\ for a backslash, or use single quotes",
  BAD_INDENT: "is indented wrongly: members of one object begin in one column",
  BAD_SCALAR_START:
    "begins a text with a character that has a meaning in YAML: put the text in quotes",
  BLOCK_AS_IMPLICIT_KEY:
    "has a colon where none can be: begin a new line, or put the text in quotes",
  BLOCK_IN_FLOW: "has a block inside of brackets or braces: close these first",
  DUPLICATE_KEY: "has a member twice: leave one of them out",
  MISSING_CHAR:
    "lacks a character: close each quote, bracket and brace, put a blank after each colon",
  MULTILINE_IMPLICIT_KEY: "has no colon behind a member's name: write name: value on one line",
  NON_STRING_KEY: "has a member whose name is no text: put the name in quotes",
  RESOURCE_EXHAUSTION: "is nested too deep: no resource is",
  TAB_AS_INDENT: "is indented by a tab: use blanks",
  TAG_RESOLVE_FAILED:
    "has a tag (!) that is not known here: take it out, or put the text in quotes",
  UNEXPECTED_TOKEN: "has something that cannot stand here: check quotes and indentation",
};

/** The words for a code of the YAML parser. */
export function yamlFaultText(code: ErrorCode): string {
  return WORDS[code] ?? "is neither YAML nor JSON: check quotes, colons and indentation";
}
