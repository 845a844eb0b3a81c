import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** A file that pages refer to: its address changes with its bytes, so that it may be kept for ever. */
type Asset = { readonly href: string; readonly answer: () => Response };

// Beside this file, also where the program is one bundle: the build puts them there.
const read = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");

function asset(path: string, name: string, contentType: string): Asset {
  const text = read(name);
  const version = createHash("sha256").update(text).digest("base64url").slice(0, 12);
  return {
    href: `${path}?v=${version}`,
    answer: () =>
      new Response(text, {
        headers: {
          "content-type": contentType,
          "cache-control": "public, max-age=31536000, immutable",
          "x-content-type-options": "nosniff",
        },
      }),
  };
}

/** Where the style sheet and the script are. */
export const STYLE_PATH = "/assets/console.css";
export const SCRIPT_PATH = "/assets/console.js";

/** The style sheet of every page. */
export const STYLE: Asset = asset(STYLE_PATH, "./style.css", "text/css; charset=utf-8");
/** The script, without which every page works too. */
export const SCRIPT: Asset = asset(SCRIPT_PATH, "./script.js", "text/javascript; charset=utf-8");

/** Where the browser's icon is. */
export const ICON_PATH = "/assets/icon.svg";

const ICON_SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 26 26"><rect width="26" height="26" rx="7" fill="#12597a"/>' +
  '<path d="m5.5 8.5 4 9 3.5-8 3.5 8 4-9" fill="none" stroke="#fff" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"/></svg>';

/** The browser's icon. */
export function iconAnswer(): Response {
  return new Response(ICON_SVG, {
    headers: {
      "content-type": "image/svg+xml",
      "cache-control": "public, max-age=86400",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
      "x-content-type-options": "nosniff",
    },
  });
}
