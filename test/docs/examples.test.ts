import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseDocuments } from "../../src/admin/documents.ts";
import { ERRORS } from "../../src/errors.ts";

const DOCS = fileURLToPath(new URL("../../docs", import.meta.url));

describe("examples in docs/", () => {
  it("of resources fit their schemas", async () => {
    let seen = 0;
    const pages = (await readdir(DOCS, { recursive: true })).filter((name) => name.endsWith(".md"));
    for (const page of pages) {
      const text = await readFile(join(DOCS, page), "utf8");
      for (const [, yaml = ""] of text.matchAll(/^```yaml\n(.*?)^```$/gms)) {
        expect(parseDocuments(yaml, page)).toMatchObject({ ok: true });
        seen += 1;
      }
    }
    expect(seen).toBeGreaterThan(2);
  });
});

describe("the codes in docs/apps.md", () => {
  it("have the HTTP status that the program answers", async () => {
    const text = await readFile(join(DOCS, "apps.md"), "utf8");
    const rows = [...text.matchAll(/^\| (\d{3}) +\| `([a-z_]+)` +\|/gm)];
    const statuses = new Map(Object.entries(ERRORS).map(([code, { http }]) => [code, http]));
    const others = rows.filter(([, , code = ""]) => code !== "partial_failure");
    expect(others.length).toBeGreaterThan(10);
    for (const [, status, code = ""] of others) {
      expect({ code, status: Number(status) }).toEqual({ code, status: statuses.get(code) });
    }
  });
});
