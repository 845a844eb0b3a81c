import { html, raw } from "hono/html";
import { type ErrorCode, ERRORS } from "../errors.ts";
import { type OpenApiOptions, operations } from "./document.ts";
import { type Operation, type Parameter, type Tag, TAGS, toldCode } from "./operation.ts";
import type { Json } from "./json.ts";
import { componentSchemas } from "./schemas.ts";

type Markup = ReturnType<typeof html>;

const STYLE =
  ":root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:52rem;margin:1rem auto;padding:0 1rem}" +
  "pre,code{font:.875rem/1.4 ui-monospace,monospace}pre{background:#8881;padding:.7rem;overflow:auto}" +
  "code,dt,h3{overflow-wrap:anywhere}details{border:1px solid #8886;border-radius:.3rem;margin:.4rem 0}" +
  "summary{padding:.5rem .7rem;cursor:pointer}summary b{text-transform:uppercase;display:inline-block;min-width:4.2rem}" +
  "details>div{padding:0 .7rem .7rem}h3{font-size:1rem;margin:1rem 0 .2rem}dl{margin:.2rem 0}dd{margin:0 0 .4rem 1.2rem}" +
  "a:focus-visible,summary:focus-visible,pre:focus-visible{outline:3px solid #38f;outline-offset:2px}";

/** The document as a page for people: no script, nothing from elsewhere, and every part opens by keyboard. */
export async function openApiPage(options: OpenApiOptions): Promise<string> {
  return String(await draw(options));
}

function draw(options: OpenApiOptions): Markup {
  const all = operations(options);
  const tags = Object.entries(TAGS).filter(([tag]) => all.some((one) => one.tag === tag));
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Wayfarer key server: HTTP API</title>
        <style>${raw(STYLE)}</style>
      </head>
      <body>
        <header>
          <h1>HTTP API</h1>
          <p>Of the key server at <code>${options
            .publicUrl}</code>. For programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
          <nav
            aria-label="Parts"><a href="#errors">Error codes</a> · <a href="#schemas">Schemas</a></nav>
        </header>
        <main>
    ${tags.map(([tag, about]) =>
      html`
        <section
          aria-labelledby="part-${tag}"><h2 id="part-${tag}">${title(tag)}</h2><p>${about}</p>
        ${all.filter((one) => one.tag === tag).map(operationMarkup)}</section>
      `
    )}
    ${errorsMarkup()}
    ${schemasMarkup(options)}
        </main>
      </body>
    </html>
  `;
}

const HEADINGS: Readonly<Record<Tag, string>> = {
  publish: "Publishing",
  download: "Downloads",
  operation: "The server",
  admin: "Admin API",
};
const title = (tag: string): string =>
  Object.entries(HEADINGS).find(([name]) => name === tag)?.[1] ?? tag;

function operationMarkup(operation: Operation): Markup {
  const { parameters = [], body, about, caller } = operation;
  return html`
    <details id="${operation.id}">
      <summary><b>${operation.method}</b> <code>${operation.path}</code> ${operation
        .summary}</summary>
      <div>
    ${about === undefined ? "" : html`<p>${about}</p>`}
    ${caller === undefined ? "" : html`<p>${CALLERS[caller]}</p>`}
    ${parameters.length === 0 ? "" : html`
      <h3>Parameters</h3>
      <dl>${parameters.map((one) =>
        html`
          <dt><code>${one.name}</code> (${one.in}${one.in === "path" ? "" : ", optional"})</dt>
          <dd>${one.about}</dd>
        `
      )}</dl>
    `}
    ${body === undefined ? "" : html`
      <h3>Body</h3>
      <p>JSON: ${schemaLink(body)}</p>
    `}
    <h3>Answers</h3><dl>${operation.answers.map(({ status, about: text, content = {} }) =>
      html`
        <dt>${status}</dt>
        <dd>${text}${Object.entries(content).map(([type, schema]) =>
          html`
            (${type}${schemaMention(schema)})
          `
        )}</dd>
      `
    )}${operation.refusals.map((code) => refusalMarkup(operation, code))}</dl>
    <h3>Examples</h3>
    ${operation.examples.map((example) => exampleMarkup(operation, example))}
      </div>
    </details>
  `;
}

const CALLERS = {
  adminToken: "Needs Authorization: Bearer with ADMIN_TOKEN.",
  metricsToken: "Needs Authorization: Bearer with METRICS_TOKEN or ADMIN_TOKEN.",
  issuerToken:
    "Needs Authorization: Bearer with a JWT (ES256) that the issuer signed with its certificate key, with aud STATS_AUDIENCE.",
} as const;

function refusalMarkup(operation: Operation, code: ErrorCode): Markup {
  const { http, text } = ERRORS[code];
  return html`
    <dt>${http}${operation.withoutCode === true ? "" : html`
      <a href="#error-${code}"><code>${toldCode(operation, code)}</code></a>
    `}</dt>
    <dd>${text}</dd>
  `;
}

function exampleMarkup(
  operation: Operation,
  { summary, parameters = {}, body, status, answer }: Operation["examples"][number],
): Markup {
  const given = (place: Parameter["in"]) =>
    (operation.parameters ?? []).flatMap((one) => {
      const value = parameters[one.name];
      return one.in === place && value !== undefined ? [[one.name, value] as const] : [];
    });
  const address = given("path").reduce(
    (path, [name, value]) => path.replace(`{${name}}`, encodeURIComponent(value)),
    operation.path,
  );
  const query = new URLSearchParams(given("query").map(([name, value]) => [name, value]));
  const lines = [
    `${operation.method.toUpperCase()} ${address}${query.size === 0 ? "" : `?${query}`}`,
    ...given("header").map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined ? [] : ["Content-Type: application/json", "", pretty(body)]),
  ];
  const reply = answer === undefined ? "" : `\n\n${pretty(answer)}`;
  return html`<p>${summary}: ${status}</p>
<pre tabindex="0" aria-label="Request">${lines.join("\n")}</pre>
${reply === "" ? "" : html`<pre tabindex="0" aria-label="Answer">${status}${reply}</pre>`}`;
}

const pretty = (value: unknown): string => JSON.stringify(value, null, 2);
const schemaLink = (name: string): Markup => html`<a href="#schema-${name}">${name}</a>`;

function schemaMention(schema: Json): Markup | "" {
  const { $ref } = schema;
  const name = typeof $ref === "string" ? $ref.split("/").at(-1) : undefined;
  return name === undefined ? "" : html`: ${schemaLink(name)}`;
}

function errorsMarkup(): Markup {
  return html`
    <section aria-labelledby="errors">
      <h2 id="errors">Error codes</h2>
      <p>A code is stable: programs may match on it. After those marked <i>again</i> the same request may succeed later; wait for the seconds in Retry-After.</p>
      <dl>${Object.entries(ERRORS).map(([code, { http, text, retryable }]) =>
        html`
          <dt id="error-${code}"><code>${code}</code> ${http}${retryable
            ? html`
              <i>again</i>
            `
            : ""}</dt>
          <dd>${text}</dd>
        `
      )}</dl>
    </section>
  `;
}

function schemasMarkup({ maxKeys }: OpenApiOptions): Markup {
  return html`<section aria-labelledby="schemas"><h2 id="schemas">Schemas</h2><p>JSON Schema 2020-12.</p>
${
    Object.entries(componentSchemas(maxKeys)).map(([name, schema]) =>
      html`
        <details id="schema-${name}">
          <summary><code>${name}</code></summary>
          <div>
            <pre tabindex="0" aria-label="Schema">${pretty(schema)}</pre>
          </div>
        </details>
      `
    )
  }</section>`;
}
