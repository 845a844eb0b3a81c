import type { Html } from "./parts/html.ts";

const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
  "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/** What every answer of the console says: nothing from elsewhere, no frames, and nobody keeps it. */
export const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": POLICY,
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/** A page. */
export async function pageAnswer(
  page: Html,
  status: number = 200,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  // Parts that first ask somebody make the text a promise.
  const text: string = await (await page).toString();
  return new Response(`<!doctype html>${text}`, {
    status,
    headers: { "content-type": "text/html; charset=utf-8", ...HEADERS, ...headers },
  });
}

/** Sends the browser on to a path of this server with GET. */
export function seeOther(path: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status: 303, headers: { location: path, ...HEADERS, ...headers } });
}

/** A path below the console, whatever somebody put into an address. */
export function safePath(text: string | null | undefined): string {
  return text !== null && text !== undefined &&
      /^\/console(?:\/[\w./~%-]*)?(?:\?[\w=&%.:~-]*)?$/.test(text)
    ? text
    : "/console";
}
