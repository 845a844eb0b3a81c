import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { examples, mistakeIn } from "./support/help.ts";
import { blocksOf, commandsOf, inlineCode, pages, pageText, ROOT } from "./support/pages.ts";

/** A command of the program in a line of shell or between backticks, up to what ends it. */
const COMMAND =
  /(?:^|[|(&;=] *|\$\()(?:[A-Z_]+=\S+ )*(?:npm run -s wayfarer --|wayfarer) ([^|)<>;&]*)/g;

const mentionsIn = (text: string): readonly string[] =>
  [...text.replaceAll(/\\\n/g, " ").matchAll(COMMAND)].map(([, words = ""]) =>
    `wayfarer ${words.trim()}`
  );

const PAGES = await pages();

const isMention = (mention: string): boolean => /^wayfarer [a-zA-Z-]/.test(mention);

describe("every mention of a command", () => {
  it.each(PAGES)("in %s names one that exists, with options that it has", async (page) => {
    const text = await pageText(page);
    const printed = [
      ...blocksOf(text).filter(({ language }) => language === "sh").flatMap(commandsOf),
      ...inlineCode(text),
    ];
    const mentions = printed.flatMap(mentionsIn).filter(isMention);
    expect(mentions.map((mention) => [mention, mistakeIn(mention)]).filter(([, bad]) => bad))
      .toEqual([]);
  });

  it("in the help names one that exists, with options that it has", () => {
    const mentions = examples().flatMap(mentionsIn);
    expect(mentions.length).toBeGreaterThan(25);
    expect(mentions.map((mention) => [mention, mistakeIn(mention)]).filter(([, bad]) => bad))
      .toEqual([]);
  });

  it("in a page of the server, the console or a message names one that exists", async () => {
    const files = (await readdir(join(ROOT, "src"), { recursive: true }))
      .filter((name) => /\.tsx?$/.test(name));
    const mentions: string[] = [];
    for (const file of files) {
      const text = await readFile(join(ROOT, "src", file), "utf8");
      for (
        const [, words = ""] of text.matchAll(/(?:<code>|["`'])wayfarer ([a-z]+[^"`'<]*)["`'<]/g)
      ) {
        mentions.push(`wayfarer ${words.replaceAll(/\$\{[^}]*\}/g, "X")}`);
      }
    }
    // Contexts of derived keys begin with the program's name as well.
    const commands = mentions.filter((mention) =>
      !/ (key|token|signature|fingerprint|attestation)\b/.test(mention)
    );
    expect(commands.length).toBeGreaterThan(10);
    expect(commands.map((one) => [one, mistakeIn(one)]).filter(([, bad]) => bad)).toEqual([]);
  });
});

describe("every script that a page names", () => {
  it.each(PAGES)("in %s exists", async (page) => {
    const scripts = async (file: string, member: string): Promise<readonly string[]> =>
      Object.keys(JSON.parse(await readFile(join(ROOT, file), "utf8"))[member]);
    const npm = await scripts("package.json", "scripts");
    const deno = await scripts("deno.json", "tasks");
    const text = await pageText(page);
    const named = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, name = ""]) => name);
    expect(named(/npm run (?:-s )?([a-z:-]+)/g).filter((name) => !npm.includes(name))).toEqual([]);
    expect(named(/deno task ([a-z:]+)/g).filter((name) => !deno.includes(name))).toEqual([]);
    if (/npm (start|test)\b/.test(text)) {
      expect(npm).toEqual(expect.arrayContaining(["start", "test"]));
    }
  });
});
