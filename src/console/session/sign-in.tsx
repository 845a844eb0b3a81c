import { LINK_FAULTS, signInByLink } from "../../admin/sign-in.ts";
import { secretHash } from "../../admin/secret.ts";
import { pageAnswer, safePath, seeOther } from "../answer.ts";
import type { ConsoleDependencies } from "../dependencies.ts";
import { Code } from "../parts/code.tsx";
import { Hidden } from "../parts/form.tsx";
import type { Children, Html } from "../parts/html.ts";
import { Brand, Document } from "../parts/page.tsx";
import { Notice } from "../parts/status.tsx";
import { SESSION_SECONDS } from "../../store/admin/session.ts";
import type { Visit } from "../visit.ts";
import type { Cookies } from "./cookie.ts";
import { isOwnForm, readForm } from "./guard.ts";

/** What signing in needs beside the console. */
export type SignInContext = {
  readonly deps: ConsoleDependencies;
  readonly cookies: Cookies;
  /** False when too many sign-ins are tried. */
  readonly mayTry: () => boolean;
  readonly theme: Visit["theme"];
};

/** Why somebody is on the page. */
const REASONS: Readonly<Record<string, string>> = {
  ended:
    "Your session ended: after 30 minutes without use, after 12 hours, or since your role changed.",
  out: "You are signed out.",
};

/** `GET /console/sign-in`: by the identity provider, or by a one-time link, which it shows without using it up. */
export async function signInPage(context: SignInContext, request: Request): Promise<Response> {
  const query = new URL(request.url).searchParams;
  const link = query.get("link");
  if (link !== null) return await linkPage(context, link);
  const why = query.get("why") ?? "";
  const notice = Object.hasOwn(REASONS, why) ? REASONS[why] : undefined;
  const to = safePath(query.get("to"));
  return await pageAnswer(
    <SignIn context={context} to={to}>
      {notice === undefined ? null : (
        <Notice tone="info">
          <p>{notice}</p>
        </Notice>
      )}
    </SignIn>,
  );
}

async function linkPage(context: SignInContext, link: string): Promise<Response> {
  const { deps } = context;
  if (!context.mayTry()) return await tooMany(context);
  const { state, owner } = await deps.signIns.look(await secretHash(deps.crypto, link));
  if (state !== "good" || owner === undefined) {
    return await refusal(context, LINK_FAULTS[state === "good" ? "unknown" : state], 403);
  }
  return await pageAnswer(
    <Plain context={context} title="Sign in to the console">
      <section class="card">
        <p>
          This link signs you in as <b>{owner.name}</b>, {owner.role}. It works once.
        </p>
        <form method="post" action="/console/sign-in" class="actions">
          <Hidden fields={{ link }} />
          <button type="submit" class="button">Sign in as {owner.name}</button>
        </form>
      </section>
      <p class="small muted">Sessions end after 12 hours, or 30 minutes without use.</p>
    </Plain>,
  );
}

/** `POST /console/sign-in`: uses a one-time link up. */
export async function signInWithLink(context: SignInContext, request: Request): Promise<Response> {
  const { deps, cookies } = context;
  if (!isOwnForm(request)) {
    return await refusal(context, "The form came from another site. Open the link itself.", 403);
  }
  if (!context.mayTry()) return await tooMany(context);
  const form = await readForm(request);
  const link = form?.get("link") ?? "";
  const begun = await signInByLink(deps, link, deps.requestId());
  if (!begun.ok) return await refusal(context, begun.message, 403);
  const empty = (await deps.cache.fresh()).list("ExportConfig").length === 0;
  return seeOther(empty ? "/console/setup" : "/console", {
    "set-cookie": cookies.write("session", begun.value, SESSION_SECONDS, "Strict"),
  });
}

/** The sign-in page with why it did not work. */
export async function refusal(
  context: SignInContext,
  text: string,
  status: number,
): Promise<Response> {
  return await pageAnswer(
    <SignIn context={context} to="/console">
      <Notice tone="warn">
        <p>{text}</p>
      </Notice>
    </SignIn>,
    status,
  );
}

async function tooMany(context: SignInContext): Promise<Response> {
  const page = (
    <SignIn context={context} to="/console">
      <Notice tone="warn">
        <p>Too many sign-ins were tried. Wait ten seconds and open the link again.</p>
      </Notice>
    </SignIn>
  );
  return await pageAnswer(page, 429, { "retry-after": "10" });
}

function SignIn({ context, to, children }: {
  readonly context: SignInContext;
  readonly to: string;
  readonly children?: Children;
}): Html {
  const { provider } = context.deps;
  const back = to === "/console" ? "" : `?to=${encodeURIComponent(to)}`;
  return (
    <Plain context={context} title="Sign in to the console">
      {children}
      {provider === undefined ? null : (
        <section class="card">
          <div class="stackv">
            <a class="button" href={`/console/sign-in/provider${back}`}>
              Continue with {provider.name}
            </a>
          </div>
          <p class="small muted">
            You come back here afterwards. Your role comes from your account: viewer, operator or
            admin.
          </p>
        </section>
      )}
      <section>
        <h2>{provider === undefined ? "By a one-time link" : "Or by a one-time link"}</h2>
        <p class="muted">With access to the machine where Wayfarer runs:</p>
        <Code name="Command" text="wayfarer admin login --role operator" />
      </section>
      <form method="post" action="/console/theme" class="inline small">
        <span class="muted">Theme</span>
        {["system", "light", "dark"].map((theme) => (
          <button type="submit" class="button quiet slim" name="theme" value={theme}>
            {theme}
          </button>
        ))}
      </form>
      <p class="small muted">Sessions end after 12 hours, or 30 minutes without use.</p>
    </Plain>
  );
}

function Plain({ context, title, children }: {
  readonly context: SignInContext;
  readonly title: string;
  readonly children?: Children;
}): Html {
  const host = new URL(context.deps.publicUrl).host;
  return (
    <Document title={`${title} · Wayfarer`} theme={context.theme}>
      <main class="plain">
        <Brand host={host} href="/" />
        <h1>{title}</h1>
        {children}
      </main>
    </Document>
  );
}
