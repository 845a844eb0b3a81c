import { describe, expect, it } from "vitest";
import { startPrintedServer } from "./support/session.ts";
import { inlineCode, pages, pageText } from "./support/pages.ts";

/** A path of this server between backticks, with the method before it if it is not GET. */
const ROUTE =
  /^(?:(GET|POST|PUT|DELETE) )?(\/(?:\.well-known|Federation|admin|console|docs|exports|healthz|metrics|openapi\.json|readyz|v1|wayfarer\.)\S*|\/)$/;
const URL_TEXT = /https?:\/\/[^\s`"'<>|)\]\\]+/g;
/** Not a route: it has parts that stand for the reader's own, or is what routes begin with. */
const PLACEHOLDER =
  /…|\{|ROOT|START|^\/(?:exports|admin|efgs\/callback)\/$|^\/admin\/api\/v1$|^\/(?:status|jobs)/;
/** Hosts on which nothing has to be encrypted. */
const CLEARTEXT: readonly string[] = ["127.0.0.1", "localhost", "169.254.169.254"];

const texts = await Promise.all(
  (await pages()).map(async (page) => ({ page, text: await pageText(page) })),
);

describe("the addresses of the pages", () => {
  it("that are this server's are routes of it", async () => {
    const url = await startPrintedServer();
    // Those in commands are asked for where the commands run.
    const routes = texts.flatMap(({ text }) =>
      inlineCode(text).map((code) => ROUTE.exec(code.replace("http://127.0.0.1:8080", "")))
        .filter((found) => found !== null)
        .map(([, method = "GET", path = ""]) => ({ method, path }))
    ).filter(({ path }) => !PLACEHOLDER.test(path));
    expect(routes.length).toBeGreaterThan(20);
    for (const { method, path } of routes) {
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: { "content-type": "application/json", authorization: "Bearer of-the-reader" },
        ...(method === "POST" || method === "PUT" ? { body: "{}" } : {}),
      });
      await answer.text();
      // 405: a route that the page names without its method.
      expect({ path, method, found: answer.status !== 404 }).toEqual({ path, method, found: true });
    }
  }, 60_000);

  it("that are others' are whole, and encrypted outside this machine", () => {
    const urls = texts.flatMap(({ page, text }) =>
      [...text.matchAll(URL_TEXT)].map(([found]) => ({
        page,
        found: found.replace(/[.,;:]+$/, ""),
      }))
    );
    for (const { page, found } of urls) {
      const isWhole = URL.canParse(found);
      const { protocol, hostname } = isWhole ? new URL(found) : { protocol: "", hostname: "" };
      const fits = protocol === "https:" || CLEARTEXT.includes(hostname);
      expect({ page, found, fits }).toEqual({ page, found, fits: true });
    }
  });
});

describe("the pages that the server prints", () => {
  it("link to what is there, before anything is set up", async () => {
    const url = await startPrintedServer();
    const welcome = await (await fetch(url)).text();
    expect(welcome).toContain("Nothing is set up yet");
    const docs = await (await fetch(`${url}/docs`)).text();
    const links = [...`${welcome}${docs}`.matchAll(/(?:href|src)="([^"#]+)(?:#[^"]*)?"/g)]
      .map(([, link = ""]) => new URL(link.replaceAll("&amp;", "&"), `${url}/`).href)
      .filter((link) => link.startsWith(url));
    expect(new Set(links).size).toBeGreaterThan(3);
    for (const link of new Set(links)) {
      const answer = await fetch(link);
      await answer.text();
      expect({ link, status: answer.status }).toEqual({ link, status: 200 });
    }
  }, 60_000);
});
