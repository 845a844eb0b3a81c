import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const ROOT: string = fileURLToPath(new URL("../../..", import.meta.url));

/** A fenced block of a page. */
export type Block = {
  readonly language: string;
  /** What follows the language: the file that the reader saves the block as, or `prints`. */
  readonly note: string;
  readonly text: string;
};

/** Paths of all pages, relative to {@link ROOT}. */
export async function pages(): Promise<readonly string[]> {
  const docs = (await readdir(join(ROOT, "docs"), { recursive: true })).filter((name) =>
    name.endsWith(".md")
  );
  return ["README.md", "CONTRIBUTING.md", ...docs.map((name) => `docs/${name}`)];
}

/** The text of a page. */
export async function pageText(page: string): Promise<string> {
  return await readFile(join(ROOT, page), "utf8");
}

/** The fenced blocks of a page, without the indentation that lists give them. */
export function blocksOf(text: string): readonly Block[] {
  return [...text.matchAll(/^( *)```(\w+) ?(.*)\n([^]*?)\n\1```$/gm)].map(
    ([, indent = "", language = "", note = "", inner = ""]) => ({
      language,
      note,
      text: inner.split("\n").map((line) => line.slice(indent.length)).join("\n"),
    }),
  );
}

/** The commands of a block of shell: one a line, unless the line ends in a backslash. */
export function commandsOf(block: Block): readonly string[] {
  return block.text.replaceAll(/\\\n/g, "\\\u0000").split("\n")
    .map((line) => line.replaceAll("\\\u0000", "\\\n").trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** What stands between backticks in the prose of a page. */
export function inlineCode(text: string): readonly string[] {
  const prose = text.replaceAll(/^ *```[^]*?^ *```$/gm, "");
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
}
