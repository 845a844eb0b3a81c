import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import process from "node:process";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Listening } from "../../src/runtime/runtime.ts";
import { openTestApp, type TestApp } from "../support/app.ts";
import { openBrowser, openWindow, type Watched } from "../support/browser.ts";
import { signedIn } from "../support/console.ts";
import { fillWorld } from "../support/console-world.ts";
import { useDatabase } from "../support/database.ts";
import { freePort } from "../support/program.ts";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
/** `SCREENSHOTS=1` writes a picture of every page, in both themes and widths, here. */
const PICTURES = process.env["SCREENSHOTS"] === undefined ? undefined : "test-results/console";

const PAGES = {
  overview: "/console",
  "health-authorities": "/console/healthAuthorities",
  "health-authority": "/console/healthAuthorities/mag",
  issuers: "/console/issuers",
  issuer: "/console/issuers/magrathea-verification",
  exports: "/console/exports",
  "signing-key": "/console/signingKeys/mag-signer",
  imports: "/console/imports",
  peers: "/console/peers",
  peer: "/console/peers/keys.nor.example",
  "peer-edit": "/console/peers/keys.sla.example/edit",
  "add-peer": "/console/peers/add",
  delete: "/console/issuers/magrathea-verification/delete",
  where: "/console/where",
  revoke: "/console/revoke",
  jobs: "/console/jobs",
  settings: "/console/settings",
  audit: "/console/audit",
  setup: "/console/setup",
  region: "/console/setup/mag",
  public: "/",
  docs: "/docs",
} as const;

const VIEWS = [
  ["1280-light", { viewport: { width: 1280, height: 900 }, colorScheme: "light" }],
  ["1280-dark", { viewport: { width: 1280, height: 900 }, colorScheme: "dark" }],
  ["360-light", { viewport: { width: 360, height: 740 }, colorScheme: "light", hasTouch: true }],
  ["360-dark", { viewport: { width: 360, height: 740 }, colorScheme: "dark", hasTouch: true }],
] as const;

describe("the console in a real browser", () => {
  const database = useDatabase();
  let app: TestApp;
  let listening: Listening;
  let browser: Browser;
  let origin: string;
  let cookie: string;

  beforeAll(async () => {
    const port = await freePort();
    origin = `http://127.0.0.1:${port}`;
    app = await openTestApp(database(), {
      PUBLIC_URL: origin,
      MIN_WINDOW_AGE: "1s",
      EXPORT_FILE_MIN_RECORDS: "1",
    });
    listening = await currentRuntime().listen(app.handler, { host: "127.0.0.1", port });
    await fillWorld(app, database(), Math.floor(Date.now() / 1000));
    cookie = (await signedIn(app, "admin")).cookie;
    browser = await openBrowser();
    if (PICTURES !== undefined) await mkdir(PICTURES, { recursive: true });
  });
  afterAll(async () => {
    await browser?.close();
    await listening?.close(1000);
    await app?.close();
  });

  const open = async (options: Parameters<typeof openWindow>[2] = {}): Promise<Watched> => {
    const watched = await openWindow(browser, origin, options);
    const [name = "", value = ""] = cookie.split("=");
    await watched.context.addCookies([{ name, value, url: origin }]);
    return watched;
  };

  it.each(VIEWS)("shows every page whole at %s", async (view, options) => {
    const { context, page, faults } = await open(options);
    await context.addInitScript({ path: AXE });
    for (const [name, path] of Object.entries(PAGES)) {
      await page.goto(path);
      if (PICTURES !== undefined) {
        await page.screenshot({ path: `${PICTURES}/${name}-${view}.png`, fullPage: true });
      }
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect({ name, width }).toEqual({ name, width: options.viewport.width });
      const found = await page.evaluate<{ id: string; impact: string; nodes: string[] }[]>(
        `axe.run().then(({ violations }) => violations
          .filter(({ impact }) => impact === "serious" || impact === "critical")
          .map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.slice(0, 3).map(({ html }) => html) })))`,
      );
      expect({ name, found }).toEqual({ name, found: [] });
    }
    expect(faults).toEqual([]);
    await context.close();
  });
});
