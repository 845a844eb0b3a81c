import { type Context, Hono } from "hono";
import { ACCESS, methodAndPath, type RouteOf } from "../admin/access.ts";
import { asAppError, ERRORS } from "../errors.ts";
import { type AccessRole, mayAct } from "../model/actor.ts";
import { errorFields } from "../observe/log.ts";
import { pageAnswer, seeOther } from "./answer.ts";
import type { Call, Handler } from "./call.ts";
import type { ConsoleDependencies } from "./dependencies.ts";
import { HANDLERS } from "./pages/handlers.ts";
import { Failure, Forbidden, NotFound } from "./pages/refusals.tsx";
import { beginAtProvider, endByProvider, returnFromProvider } from "./session/provider.tsx";
import { cookiesFor } from "./session/cookie.ts";
import { isOwnForm, type OpenSession, openSession, readForm, sameText } from "./session/guard.ts";
import { attemptLimit } from "./session/rate.ts";
import { type SignInContext, signInPage, signInWithLink } from "./session/sign-in.tsx";
import type { Visit } from "./visit.ts";

type Route = RouteOf<"/console">;
/** Routes that need no sign-in. */
type OpenRoute = { [Row in Route]: typeof ACCESS["/console"][Row] extends "anyone" ? Row : never }[
  Route
];
type OpenHandler = (context: SignInContext, request: Request) => Promise<Response>;

const OPEN: { readonly [Row in OpenRoute]: OpenHandler } = {
  "GET /sign-in": signInPage,
  "POST /sign-in": signInWithLink,
  "GET /sign-in/provider": beginAtProvider,
  "GET /sign-in/return": returnFromProvider,
  "POST /sign-in/end": endByProvider,
  "POST /theme": chooseTheme,
};

const isOpen = (row: Route): row is OpenRoute => Object.hasOwn(OPEN, row);
const YEAR_SECONDS = 366 * 86_400;

/** `/console`: every page of the console. A page is a row of `ACCESS` and a handler. */
export function consoleRoutes(deps: ConsoleDependencies): Hono {
  const routes = new Hono();
  const cookies = cookiesFor(deps.url);
  const mayTry = attemptLimit(deps.monotonicMs);
  const contextOf = (request: Request): SignInContext => ({
    deps,
    cookies,
    mayTry,
    theme: themeOf(cookies.read(request, "theme")),
  });
  for (const row of routesInOrder()) {
    const [method, path] = methodAndPath(row);
    routes.on(method, path, async (c) => {
      const context = contextOf(c.req.raw);
      if (isOpen(row)) return await OPEN[row](context, c.req.raw);
      // Signing out is done by the guard, which alone knows the session.
      const handler = row === "POST /sign-out" ? notFound : HANDLERS[row];
      return await guarded(context, c, ACCESS["/console"][row], handler);
    });
  }
  routes.all("*", (c) => guarded(contextOf(c.req.raw), c, "viewer", notFound));
  routes.onError(async (error, c) => {
    const requestId = deps.requestId();
    deps.log.error("console-failed", { requestId, ...errorFields(error) });
    const known = asAppError(error);
    const { http, retryable } = ERRORS[known.code];
    const theme = contextOf(c.req.raw).theme;
    const page = <Failure theme={theme} error={known} requestId={requestId} />;
    return await pageAnswer(page, http, retryable ? { "retry-after": "5" } : {});
  });
  return routes;
}

/** Paths without parameters come before those that would match them. */
function routesInOrder(): readonly Route[] {
  const rows = Object.keys(ACCESS["/console"]).filter((row): row is Route =>
    Object.hasOwn(ACCESS["/console"], row)
  );
  const parameters = (row: Route): number =>
    row.split("/").reduce((sum, part, at) => sum + (part.startsWith(":") ? 10 ** (9 - at) : 0), 0);
  return rows.toSorted((a, b) => parameters(a) - parameters(b));
}

const themeOf = (text: string | undefined): Visit["theme"] =>
  text === "light" || text === "dark" ? text : "system";

/** Lets a request through whose session and role are enough, and whose form is one of ours. */
async function guarded(
  context: SignInContext,
  c: Context,
  needed: AccessRole,
  handler: Handler,
): Promise<Response> {
  const { deps, cookies } = context;
  const request = c.req.raw;
  const open = await openSession(deps, cookies, request);
  const { pathname, search, searchParams } = new URL(request.url);
  const path = `${pathname}${search}`;
  if (open === undefined) {
    const known = cookies.read(request, "session") !== undefined;
    const to = request.method === "GET" && pathname !== "/console" ? path : "";
    const query = new URLSearchParams({
      ...(known ? { why: "ended" } : {}),
      ...(to === "" ? {} : { to }),
    });
    return seeOther(`/console/sign-in${query.size === 0 ? "" : `?${query}`}`);
  }
  const visit = await visitOf(context, open, path);
  if (!mayAct(visit.session.role, needed)) {
    return await pageAnswer(<Forbidden visit={visit} needed={needed} />, 403);
  }
  let form = new URLSearchParams();
  if (request.method !== "GET") {
    const given = isOwnForm(request) ? await readForm(request) : undefined;
    if (given === undefined) return await refused(visit, 413, NO_FORM);
    if (!sameText(given.get("csrf") ?? "", open.csrf)) return await refused(visit, 403, NOT_OURS);
    form = given;
    if (pathname === "/console/sign-out") return await signOut(context, open, visit);
  }
  const param = (name: string): string => c.req.param(name) ?? "";
  const call: Call = { deps, visit, request, query: searchParams, form, param };
  return await handler(call);
}

const NO_FORM =
  "The form is larger than 256 KB, or it came from another site. Nothing was changed: go back and send less.";
const NOT_OURS =
  "The form is not one of this session: it may have been open since before you signed in. Nothing was changed: go back, load the page again and send it once more.";

async function refused(visit: Visit, status: number, text: string): Promise<Response> {
  const page = <Failure theme={visit.theme} text={text} requestId={visit.actor.requestId ?? ""} />;
  return await pageAnswer(page, status);
}

async function visitOf(context: SignInContext, open: OpenSession, path: string): Promise<Visit> {
  const { deps, theme } = context;
  const { session, csrf } = open;
  const [view, toDo] = await Promise.all([deps.cache.view(), deps.toDo()]);
  return {
    session,
    actor: {
      subject: session.subject,
      name: session.name,
      via: "console",
      requestId: deps.requestId(),
    },
    csrf,
    theme,
    path,
    now: Math.floor(deps.clockMs() / 1000),
    host: new URL(deps.publicUrl).host,
    version: deps.version,
    providerName: deps.provider?.name ?? session.provider,
    toDo: toDo.length,
    fresh: view.list("ExportConfig").length === 0,
  };
}

async function signOut(
  { deps, cookies }: SignInContext,
  { idHash }: OpenSession,
  { actor }: Visit,
): Promise<Response> {
  await deps.sessions.end({ what: "one", idHash });
  await deps.audit.add(actor, [{ action: "sign-out", kind: "Session", name: actor.name }]);
  return seeOther("/console/sign-in?why=out", {
    "set-cookie": cookies.write("session", "", 0, "Strict"),
  });
}

async function chooseTheme({ cookies }: SignInContext, request: Request): Promise<Response> {
  const form = isOwnForm(request) ? await readForm(request) : undefined;
  const theme = themeOf(form?.get("theme") ?? undefined);
  const back = form?.get("to") === "settings" ? "/console/settings" : "/console/sign-in";
  return seeOther(back, { "set-cookie": cookies.write("theme", theme, YEAR_SECONDS, "Strict") });
}

const notFound: Handler = ({ visit }) => pageAnswer(<NotFound visit={visit} />, 404);
