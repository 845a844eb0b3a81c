import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { pages, pageText, ROOT } from "./support/pages.ts";

const LINK = /\]\(([^)\s]+)\)/g;

/** Without examples: what looks like a link in there is none. */
async function prose(page: string): Promise<string> {
  const text = await pageText(page);
  return text.replaceAll(/^ *```.*?^ *```$/gms, "")
    .replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]]/g, ""));
}

/** The anchors of a page's headings, as GitHub makes them. */
async function anchors(page: string): Promise<ReadonlySet<string>> {
  const headings = (await prose(page)).matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, title = ""]) =>
      title.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
    ),
  );
}

async function brokenIn(page: string): Promise<readonly string[]> {
  const broken: string[] = [];
  for (const [, link = ""] of (await prose(page)).matchAll(LINK)) {
    if (/^[a-z]+:/.test(link)) continue;
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? page : join(dirname(page), path);
    const found = await stat(join(ROOT, target)).then(() => true, () => false);
    if (!found) broken.push(`${page}: ${link}`);
    else if (anchor !== undefined && !(await anchors(target)).has(anchor)) {
      broken.push(`${page}: ${link} has no such heading`);
    }
  }
  return broken;
}

describe("relative links", () => {
  it("lead to files and headings that exist", async () => {
    const found = await pages();
    expect(found).toContain("docs/operators.md");
    expect((await Promise.all(found.map(brokenIn))).flat()).toEqual([]);
  });
});
