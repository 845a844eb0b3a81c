import { describe, expect, it } from "vitest";
import { parseDocuments } from "../../src/admin/documents.ts";
import { ERRORS } from "../../src/errors.ts";
import { blocksOf, pages, pageText } from "./support/pages.ts";

describe("examples in docs/", () => {
  it("of resources fit their schemas", async () => {
    let seen = 0;
    for (const page of await pages()) {
      for (const { language, text } of blocksOf(await pageText(page))) {
        if (language !== "yaml") continue;
        expect(parseDocuments(text, page)).toMatchObject({ ok: true });
        seen += 1;
      }
    }
    expect(seen).toBeGreaterThan(2);
  });
});

describe("the codes in docs/apps.md", () => {
  it("have the HTTP status that the program answers", async () => {
    const text = await pageText("docs/apps.md");
    const rows = [...text.matchAll(/^\| (\d{3}) +\| `([a-z_]+)` +\|/gm)];
    const statuses = new Map(Object.entries(ERRORS).map(([code, { http }]) => [code, http]));
    const others = rows.filter(([, , code = ""]) => code !== "partial_failure");
    expect(others.length).toBeGreaterThan(10);
    for (const [, status, code = ""] of others) {
      expect({ code, status: Number(status) }).toEqual({ code, status: statuses.get(code) });
    }
  });
});
