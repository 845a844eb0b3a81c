import { openApiDocument, type OpenApiOptions } from "./document.ts";
import { openApiPage } from "./page.ts";

/** The document and its page, with the headers that they are served with. */
export type OpenApiAnswers = {
  /** `GET /openapi.json`. */
  document(): Response;
  /** `GET /docs`. */
  page(): Promise<Response>;
};

const CACHED = { "cache-control": "public, max-age=300", "x-content-type-options": "nosniff" };

const HTML = {
  ...CACHED,
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
};

/** Each is made once, when it is first asked for: that takes a tenth of a second, and few processes are ever asked. */
export function openApiAnswers(options: OpenApiOptions): OpenApiAnswers {
  let document: string | undefined;
  let page: Promise<string> | undefined;
  return {
    document: () => {
      document ??= JSON.stringify(openApiDocument(options));
      return new Response(document, {
        headers: { ...CACHED, "content-type": "application/json" },
      });
    },
    page: async () => {
      page ??= openApiPage(options);
      return new Response(await page, { headers: HTML });
    },
  };
}
