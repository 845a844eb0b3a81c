import { ICON_PATH, SCRIPT, STYLE } from "../assets.ts";
import type { Visit } from "../visit.ts";
import type { Children, Html } from "./html.ts";
import { Sign } from "./icon.tsx";
import { Form } from "./form.tsx";
import { Time } from "./time.tsx";
import { hour } from "./words.ts";

/** What every page has: its head, for the light or the dark theme that somebody chose. */
export function Document({ title, theme, children }: {
  readonly title: string;
  readonly theme: Visit["theme"];
  readonly children?: Children;
}): Html {
  return (
    <html lang="en" data-theme={theme === "system" ? undefined : theme}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title}</title>
        <link rel="icon" type="image/svg+xml" href={ICON_PATH} />
        <link rel="stylesheet" href={STYLE.href} />
        <script src={SCRIPT.href} defer></script>
      </head>
      <body>{children}</body>
    </html>
  );
}

/** The program's name and the server's, a link. */
export function Brand({ host, href }: { readonly host: string; readonly href: string }): Html {
  return (
    <a class="brand" href={href}>
      <Sign />
      <span>
        Wayfarer<small>{host}</small>
      </span>
    </a>
  );
}

/** Where everything is: groups of links in the order of the navigation. */
const NAVIGATION: readonly {
  readonly group?: string;
  readonly links: readonly (readonly [href: string, name: string])[];
}[] = [
  { links: [["/console", "Overview"]] },
  {
    group: "Publishing",
    links: [
      ["/console/healthAuthorities", "Health authorities"],
      ["/console/issuers", "Issuers"],
    ],
  },
  {
    group: "Exports",
    links: [
      ["/console/exports", "Exports"],
      ["/console/signingKeys", "Signing keys"],
      ["/console/imports", "Imports and mirrors"],
    ],
  },
  { group: "Federation", links: [["/console/peers", "Peers"]] },
  {
    group: "Keys",
    links: [["/console/where", "Where is this key?"], ["/console/revoke", "Revoke in bulk"]],
  },
  {
    group: "Server",
    links: [
      ["/console/jobs", "Jobs"],
      ["/console/settings", "Settings"],
      ["/console/audit", "Audit log"],
    ],
  },
];

/** What a page of the console is given. */
export type PageProps = {
  readonly visit: Visit;
  readonly title: string;
  /** The entry of the navigation that it belongs to. */
  readonly at: string;
  /** One sentence of what the page is for. */
  readonly lead?: Children;
  readonly crumbs?: readonly { readonly name: string; readonly href: string }[];
  /** At most two buttons. */
  readonly actions?: Children;
  /** Whether the page says as of when it is, with a link to ask again. */
  readonly asOf?: boolean;
  readonly children?: Children;
};

/** A page of the console: bar or side bar, header, content, footer. */
export function Page(props: PageProps): Html {
  const { visit, title, at, lead, crumbs, actions, asOf, children } = props;
  return (
    <Document title={`${title} · ${visit.host} · Wayfarer`} theme={visit.theme}>
      <a class="skip" href="#main">Skip to the content</a>
      <div class="frame">
        <header class="side">
          <Brand host={visit.host} href="/console" />
          <button type="button" class="button quiet slim" popovertarget="nav">Menu</button>
          <Navigation visit={visit} at={at} />
        </header>
        <main id="main">
          <div class="head">
            <div>
              {crumbs === undefined ? null : (
                <p class="crumbs">
                  {crumbs.map(({ name, href }, index) => (
                    <>
                      {index === 0 ? "" : " › "}
                      <a href={href}>{name}</a>
                    </>
                  ))}
                </p>
              )}
              <h1>{title}</h1>
              {lead === undefined ? null : <p>{lead}</p>}
            </div>
            {actions === undefined && asOf !== true ? null : (
              <div class="actions">
                {actions}
                {asOf === true ? <AsOf visit={visit} /> : null}
              </div>
            )}
          </div>
          {children}
        </main>
        <footer class="foot">
          <span>Wayfarer {visit.version}</span>
          <span>All times are UTC</span>
          <a href="/docs">API</a>
          <a href="/">Public page</a>
        </footer>
      </div>
    </Document>
  );
}

function AsOf({ visit }: { readonly visit: Visit }): Html {
  return (
    <span class="asof">
      As of <Time at={visit.now} now={visit.now} text={hour(visit.now)} /> ·{" "}
      <a href={visit.path}>Refresh</a>
    </span>
  );
}

function Navigation({ visit, at }: { readonly visit: Visit; readonly at: string }): Html {
  const { session, toDo } = visit;
  const link = ([href, name]: readonly [string, string]) => (
    <li>
      <a href={href} aria-current={href === at ? "page" : undefined}>
        {name}
        {href !== "/console" || toDo === 0 ? null : (
          <span class="count">
            {toDo}
            <span class="hide">{toDo === 1 ? "thing to do" : "things to do"}</span>
          </span>
        )}
      </a>
    </li>
  );
  return (
    <nav class="nav" id="nav" popover="auto" aria-label="Console">
      <p class="close">
        <button
          type="button"
          class="button quiet slim"
          popovertarget="nav"
          popovertargetaction="hide"
        >
          Close
        </button>
      </p>
      {visit.fresh ? <ul>{link(["/console/setup", "Set up a region"])}</ul> : null}
      {NAVIGATION.map(({ group, links }, index) => (
        <>
          {group === undefined ? null : <h2 id={`nav-${index}`}>{group}</h2>}
          <ul aria-labelledby={group === undefined ? undefined : `nav-${index}`}>
            {links.map(link)}
          </ul>
        </>
      ))}
      <div class="who">
        <b>{session.name}</b>
        {ROLE_NAMES[session.role]} · signed in by{" "}
        {session.provider === "link" ? "a one-time link" : visit.providerName}
        <Form csrf={visit.csrf} action="/console/sign-out" kind="out">
          <button type="submit" class="button quiet slim">Sign out</button>
        </Form>
      </div>
    </nav>
  );
}

const ROLE_NAMES = { viewer: "Viewer", operator: "Operator", admin: "Admin" } as const;
