import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { inlineCode, pages, pageText, ROOT } from "./support/pages.ts";

/** An event that is logged under a name that stands in the source. */
const EVENT = /(?:\.(?:info|warn|error)\(|sparingLog\(\s*[\w.]+,\s*"\w+",)\s*"([a-z][a-z0-9-]+)"/g;

it("every event of the log is explained on a page", async () => {
  const logged = new Set<string>();
  for (const folder of ["src", "federation"]) {
    const files = await readdir(join(ROOT, folder), { recursive: true });
    for (const file of files.filter((name) => /\.tsx?$/.test(name))) {
      const text = await readFile(join(ROOT, folder, file), "utf8");
      for (const [, event = ""] of text.matchAll(EVENT)) logged.add(event);
    }
  }
  expect(logged.size).toBeGreaterThan(30);
  const explained = new Set<string>();
  for (const page of await pages()) {
    inlineCode(await pageText(page)).forEach((code) => explained.add(code));
  }
  expect([...logged].filter((event) => !explained.has(event))).toEqual([]);
});
