import { parseDuration } from "../model/duration.ts";
import type { ExportConfig } from "../model/resource/export-config.ts";
import type { SigningKey } from "../model/resource/signing-key.ts";
import { pageAnswer } from "./answer.ts";
import type { Children, Html } from "./parts/html.ts";
import { Brand, Document } from "./parts/page.tsx";
import { Facts } from "./parts/table.tsx";
import { length } from "./parts/words.ts";

/** What the page at `/` says: nothing that tells publishes from chaff. */
export type PublicPage = {
  readonly publicUrl: string;
  readonly serverId: string;
  /** Where the console is, if this server has one. */
  readonly consoleUrl: string | undefined;
  readonly exports: readonly ExportConfig[];
  readonly signingKeys: readonly SigningKey[];
};

/** `GET /`: what this server is, for whom, and where everything is. */
export async function publicPage(about: PublicPage): Promise<Response> {
  const { publicUrl, consoleUrl, exports } = about;
  const host = new URL(publicUrl).host;
  const regions = [...new Set(exports.map((one) => one.outputRegion))];
  const title = regions.length === 0
    ? "An exposure key server"
    : `The exposure key server of ${regions.join(" and ")}`;
  return await pageAnswer(
    <Document title={`${title} · Wayfarer`} theme="system">
      <div class="public">
        <SiteHeader host={host} consoleUrl={consoleUrl} />
        <main>
          <div class="hero">
            <h1>{title}</h1>
            <p>
              Phones with an exposure notification app publish random keys here after a positive
              test. Everyone's phone downloads signed files of these keys and looks for encounters
              by itself.
            </p>
          </div>
          {exports.length === 0 ? <Nothing consoleUrl={consoleUrl} /> : <Now about={about} />}
          <Knows />
        </main>
        <footer class="part small muted">
          <p>Wayfarer, licensed under Apache-2.0.</p>
        </footer>
      </div>
    </Document>,
  );
}

/** The header of pages that need no sign-in. */
export function SiteHeader({ host, consoleUrl }: {
  readonly host: string;
  readonly consoleUrl: string | undefined;
}): Html {
  return (
    <header>
      <Brand host={host} href="/" />
      <nav aria-label="Site">
        <ul class="inline">
          <li>
            <a href="/docs">HTTP API</a>
          </li>
          <li>
            <a href="/readyz">Is it ready?</a>
          </li>
          {consoleUrl === undefined ? null : (
            <li>
              <a href={`${consoleUrl}/console`}>Console</a>
            </li>
          )}
        </ul>
      </nav>
    </header>
  );
}

function Nothing({ consoleUrl }: { readonly consoleUrl: string | undefined }): Html {
  return (
    <section class="card" aria-labelledby="now">
      <h2 id="now">Nothing is set up yet</h2>
      <p>
        {consoleUrl === undefined
          ? "Make a region with wayfarer apply."
          : "The link to sign in is in the terminal in which the server started."}{" "}
        <code>wayfarer admin login</code> prints another.
      </p>
    </section>
  );
}

function Now({ about }: { readonly about: PublicPage }): Html {
  const { publicUrl, serverId, exports, signingKeys } = about;
  return (
    <section class="card" aria-labelledby="now">
      <h2 id="now">Now</h2>
      <Facts
        facts={[
          ...exports.map((config): [string, Children] => [
            config.name,
            <>
              <a href={`/exports/${config.filenameRoot}/index.txt`}>
                <code>{`${publicUrl}/exports/${config.filenameRoot}/index.txt`}</code>
              </a>
              <small>
                {`region ${config.outputRegion}, files every ${
                  length((parseDuration(config.period) ?? 0) / 1000)
                }${keysOf(config, signingKeys)}`}
              </small>
            </>,
          ]),
          [
            "Public keys",
            <>
              <a href="/.well-known/exposure-keys.json">JSON for Apple and Google</a>
              {" · "}
              <a href="/.well-known/exposure-keys.pem">PEM</a>
            </>,
          ],
          ["Server ID", <code>{serverId}</code>],
        ]}
      />
    </section>
  );
}

function keysOf(config: ExportConfig, signingKeys: readonly SigningKey[]): string {
  return signingKeys.filter((key) => config.signingKeys.includes(key.name))
    .map(({ keyId, version }) => `, key ID ${keyId}, ${version}`).join("");
}

function Knows(): Html {
  return (
    <section class="part" aria-labelledby="knows">
      <h2 id="knows">What it knows, and what it does not</h2>
      <div class="grid three">
        <div class="card">
          <h3>Random keys, for a while</h3>
          <p>
            Each is 16 random bytes that say nothing about a person. They are deleted after about
            two weeks.
          </p>
        </div>
        <div class="card">
          <h3>No names, no places</h3>
          <p>
            No accounts, no telephone numbers, no positions, no contacts. Who met whom is found on
            the phones alone.
          </p>
        </div>
        <div class="card">
          <h3>No trace of who asked</h3>
          <p>
            No addresses or devices are kept or logged. Dummy requests hide who really published.
          </p>
        </div>
      </div>
    </section>
  );
}
