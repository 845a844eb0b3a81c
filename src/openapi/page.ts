import { html } from "hono/html";
import { ICON_PATH, STYLE } from "../console/assets.ts";
import { SiteHeader } from "../console/public.tsx";
import { type ErrorCode, ERRORS } from "../errors.ts";
import { type OpenApiOptions, operations } from "./document.ts";
import { type Operation, type Parameter, type Tag, TAGS, toldCode } from "./operation.ts";
import type { Json } from "./json.ts";
import { componentSchemas } from "./schemas.ts";

type Markup = ReturnType<typeof html>;

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
        <meta name="color-scheme" content="light dark">
        <title>HTTP API · Wayfarer</title>
        <link rel="icon" type="image/svg+xml" href="${ICON_PATH}">
        <link rel="stylesheet" href="${STYLE.href}">
      </head>
      <body>
        <div class="public">
        ${SiteHeader({ host: new URL(options.publicUrl).host, consoleUrl: options.consoleUrl })}
        <div class="head"><div>
          <h1>HTTP API</h1>
          <p>Of the key server at <code>${options
            .publicUrl}</code>. For programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
          <nav aria-label="Parts"><ul class="inline">${tags.map(([tag]) =>
            html`
              <li><a href="#part-${tag}">${title(tag)}</a></li>
            `
          )}<li><a href="#errors">Error codes</a></li><li><a href="#schemas">Schemas</a></li></ul></nav>
        </div></div>
        <main>
    ${tags.map(([tag, about]) =>
      html`
        <section class="part"
          aria-labelledby="part-${tag}"><h2 id="part-${tag}">${title(tag)}</h2><p>${about}</p>
        ${all.filter((one) => one.tag === tag).map(operationMarkup)}</section>
      `
    )}
    ${errorsMarkup()}
    ${schemasMarkup(options)}
        </main>
        </div>
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
    <details class="card" id="${operation.id}">
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
    <h3>Answers</h3><dl>${operation.answers.map((
      { status, about: text, content = {} },
    ) =>
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
  adminToken:
    "Needs Authorization: Bearer with a token of wayfarer token create, or with ADMIN_TOKEN.",
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
${codeMarkup("Request", lines.join("\n"))}
${
    codeMarkup(
      "curl",
      curlOf(operation, `${address}${query.size === 0 ? "" : `?${query}`}`, given("header"), body),
    )
  }
${reply === "" ? "" : codeMarkup("Answer", `${status}${reply}`)}`;
}

/** The same request for a shell; a token is read from a variable. */
function curlOf(
  { method, caller }: Operation,
  path: string,
  headers: readonly (readonly [string, string])[],
  body: unknown,
): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  const token = caller === undefined ? [] : [`-H "authorization: Bearer $${TOKENS[caller]}"`];
  return [
    ["curl", ...(method === "get" ? [] : ["-X", method.toUpperCase()])].join(" "),
    ...token,
    ...headers.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined
      ? []
      : ["-H 'content-type: application/json'", `-d ${quoted(JSON.stringify(body))}`]),
    `"$URL${path}"`,
  ].join(" \\\n  ");
}

const TOKENS = {
  adminToken: "ADMIN_TOKEN",
  metricsToken: "METRICS_TOKEN",
  issuerToken: "JWT",
} as const;

function codeMarkup(name: string, text: string): Markup {
  return html`
    <div class="code">
      <div><span>${name}</span></div>
      <pre tabindex="0" aria-label="${name}"><code>${text}</code></pre>
    </div>
  `;
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
    <section class="part" aria-labelledby="errors">
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
  return html`
    <section class="part"
      aria-labelledby="schemas"><h2 id="schemas">Schemas</h2><p>JSON Schema 2020-12.</p>
    ${Object.entries(componentSchemas(maxKeys)).map(([name, schema]) =>
      html`
        <details class="card" id="schema-${name}">
          <summary><code>${name}</code></summary>
          <div>
            ${codeMarkup("Schema", pretty(schema))}
          </div>
        </details>
      `
    )}</section>
  `;
}
