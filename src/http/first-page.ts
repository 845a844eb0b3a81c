import { html } from "hono/html";

/** What the first page says. */
export type FirstPage = {
  readonly publicUrl: string;
  /** Names of the export configurations and where their indexes are. */
  readonly exports: readonly { readonly name: string; readonly index: string }[];
};

const STYLE =
  "body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}" +
  "pre{background:#f4f4f4;padding:.7rem;overflow:auto}@media(prefers-color-scheme:dark){" +
  "body{background:#111;color:#eee}pre{background:#222}a{color:#8cf}}";

/** The page at `/`: three steps to a working region, or where the regions' files are. */
export async function firstPage({ publicUrl, exports }: FirstPage): Promise<Response> {
  const page = await html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>Wayfarer key server</title>
        <style>${STYLE}</style>
      </head>
      <body>
    <h1>Wayfarer key server</h1>
    <p>This server accepts diagnosis keys and publishes them in signed files.</p>
    ${exports.length === 0
      ? html`
        <h2>Three steps to a working region</h2>
        <ol>
          <li>Write down a region. This prints one for trying out, with a throw-away certificate issuer:
        <pre>npm run --silent wayfarer -- device publish --print-resources --region MAG &gt; region.yaml</pre></li>
          <li>Hand it to the server:
        <pre>npm run --silent wayfarer -- apply region.yaml</pre></li>
          <li>Publish as a phone would, and find the encounter in the signed file:
        <pre>npm run --silent wayfarer -- device publish --url ${publicUrl}
        npm run --silent wayfarer -- device match --url ${publicUrl} --wait 1m</pre></li>
        </ol>
      `
      : html`
        <h2>Exports</h2>
        <ul>${exports.map((one) => html`<li><a href="${one.index}">${one.name}</a></li>`)}</ul>
        <p>Public keys: <a href="/.well-known/exposure-keys.json">exposure-keys.json</a></p>
      `}
    <p><a href="/docs">HTTP API</a> · <a href="/readyz">Is it ready?</a></p>
      </body>
    </html>
  `;
  return new Response(String(page), {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy":
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
    },
  });
}
