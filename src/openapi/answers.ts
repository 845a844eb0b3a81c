import { openApiDocument, type OpenApiOptions } from "./document.ts";
import { openApiPage } from "./page.ts";

/** The document and its page, with the headers that they are served with. */
export type OpenApiAnswers = {
  /** `GET /openapi.json`. */
  document(): Response;
  /** `GET /docs`. */
  page(): Response;
};

const CACHED = { "cache-control": "public, max-age=300", "x-content-type-options": "nosniff" };

/** Draws both once; they depend on nothing that changes while the process runs. */
export async function openApiAnswers(options: OpenApiOptions): Promise<OpenApiAnswers> {
  const document = JSON.stringify(openApiDocument(options));
  const page = await openApiPage(options);
  return {
    document: () =>
      new Response(document, { headers: { ...CACHED, "content-type": "application/json" } }),
    page: () =>
      new Response(page, {
        headers: {
          ...CACHED,
          "content-type": "text/html; charset=utf-8",
          "content-security-policy":
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
          "referrer-policy": "no-referrer",
        },
      }),
  };
}
