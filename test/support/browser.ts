import process from "node:process";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

/** Debian's Chromium, or the one that CHROMIUM names; it reaches nothing but this machine. */
export async function openBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-quic",
      "--disable-background-networking",
      "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    ],
  });
}

/** A window of a browser, and what went wrong in it. */
export type Watched = {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors of scripts and policies, and requests to other hosts. */
  readonly faults: readonly string[];
};

/** Opens a window; `origin`: the only place that it may ask. */
export async function openWindow(
  browser: Browser,
  origin: string,
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<Watched> {
  const context = await browser.newContext({ baseURL: origin, ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("console", (message) => {
    // A refusal that a test asks for is told by its status.
    const expected = /status of 4\d\d/.test(message.text());
    if (message.type() === "error" && !expected) faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== origin) faults.push(`asked ${request.url()}`);
  });
  return { context, page, faults };
}
