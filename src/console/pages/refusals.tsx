import type { AppError } from "../../errors.ts";
import type { AccessRole } from "../../model/actor.ts";
import { Code } from "../parts/code.tsx";
import type { Html } from "../parts/html.ts";
import { Document, Page } from "../parts/page.tsx";
import { Notice } from "../parts/status.tsx";
import type { Visit } from "../visit.ts";

/** 403: names the role that is needed, and who can give it. */
export function Forbidden(
  { visit, needed }: { readonly visit: Visit; readonly needed: AccessRole },
): Html {
  const { session } = visit;
  return (
    <Page visit={visit} title={`This needs the role ${needed}`} at="">
      <Notice tone="warn">
        <p>
          You are signed in as <b>{session.name}</b>, {session.role}. Nothing was changed.
        </p>
      </Notice>
      <section class="part card">
        <h2>How to get it</h2>
        <p>
          {session.provider === "link"
            ? "Ask somebody with access to the machine for a link with this role:"
            : `Roles come from ${visit.providerName}: ask whoever gives roles there. Or ask somebody with access to the machine for a link with this role:`}
        </p>
        <Code name="Command" text={`wayfarer admin login --role ${needed}`} />
        <p>
          <a href="/console">Back to the overview</a>
        </p>
      </section>
    </Page>
  );
}

/** 404: what was looked for. */
export function NotFound({ visit, what, list }: {
  readonly visit: Visit;
  readonly what?: string;
  readonly list?: { readonly name: string; readonly href: string };
}): Html {
  return (
    <Page visit={visit} title="Not found" at="">
      <section class="card">
        <p>{what ?? "There is no page at this address."}</p>
        <p>
          <a href={list?.href ?? "/console"}>{list?.name ?? "Back to the overview"}</a>
        </p>
      </section>
    </Page>
  );
}

/** What failed, on a page that needs neither the database nor a session. */
export function Failure({ theme, error, text, requestId }: {
  readonly theme: Visit["theme"];
  readonly error?: AppError;
  readonly text?: string;
  readonly requestId: string;
}): Html {
  const down = error?.code === "database_unavailable";
  const title = down
    ? "The console cannot reach its database"
    : error === undefined
    ? "Nothing was changed"
    : "Something failed here";
  return (
    <Document title={`${title} · Wayfarer`} theme={theme}>
      <main class="plain">
        <h1>{title}</h1>
        <Notice tone="bad">
          <p>{text ?? error?.message ?? ""}</p>
        </Notice>
        {down
          ? (
            <p>
              Phones still get their files from storage. Publishing is refused meanwhile, and apps
              try again.
            </p>
          )
          : null}
        <p>
          <a class="button" href="/console">Try the overview again</a>
        </p>
        <p class="small muted">Request {requestId}</p>
      </main>
    </Document>
  );
}
