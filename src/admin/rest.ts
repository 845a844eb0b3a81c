import { type Context, Hono } from "hono";
import { ERRORS, type Outcome } from "../errors.ts";
import { errorAnswer, jsonAnswer, NOTHING_HERE } from "../http/answer.ts";
import { allowedMethods, methodNotAllowed } from "../http/allowed-methods.ts";
import { readUpTo } from "../bounds/read.ts";
import type { KeyManager } from "../keys/key-manager.ts";
import { type Actor, mayAct, type Principal } from "../model/actor.ts";
import { asHealthAuthorityId } from "../model/ids.ts";
import {
  type Kind,
  KIND_NAMES,
  kindOfPlural,
  KINDS,
  type Resource,
} from "../model/resource/kinds.ts";
import type { AuditLog } from "../store/admin/audit.ts";
import type { Revocations } from "../store/exposure/revocation.ts";
import type { ResourceStore, StoredResource } from "../store/resource/resources.ts";
import { ACCESS, methodAndPath, type RouteOf } from "./access.ts";
import { auditPage, auditQuery } from "./audit.ts";
import { type ChangeOutcome, changeResources } from "./change.ts";
import { repeatedMember } from "./repeated-member.ts";
import { MAX_DOCUMENT_BYTES, parseResources } from "./documents.ts";
import { type KeyWhereabouts, MAX_KEYS_TEXT_BYTES } from "./where.ts";

/** What the admin API needs. */
export type AdminDependencies = {
  readonly store: ResourceStore;
  readonly keys: KeyManager;
  /** ATTESTATION_DEVELOPMENT. */
  readonly attestationDevelopment: boolean;
  /** Who sends a request; undefined when nobody who may. */
  readonly authenticate: (request: Request, requestId: string) => Promise<Principal | undefined>;
  readonly requestId: () => string;
  readonly audit: AuditLog;
  /** Called after every change, so that caches see it at once. */
  readonly changed: () => Promise<void>;
  /** More to tell of a resource, read only. */
  readonly describe: (resource: Resource) => Promise<Readonly<Record<string, unknown>>>;
  readonly status: () => Promise<unknown>;
  /** Runs a background job now; undefined when there is none of that name. */
  readonly runJob: (name: string, signal: AbortSignal) => Promise<unknown> | undefined;
  /** A dry run of a revocation in bulk, or its beginning. */
  readonly revoke: (actor: Actor, value: unknown) => Promise<Outcome<unknown>>;
  readonly revocations: Pick<Revocations, "list" | "turn">;
  readonly where: (actor: Actor, text: string) => Promise<Outcome<readonly KeyWhereabouts[]>>;
};

const BASE = "/admin/api/v1";
type Route = RouteOf<typeof BASE>;
/** A request of somebody whose role is enough. */
type Call = { readonly c: Context; readonly actor: Actor };

/** `/admin/api/v1`: resources, status, jobs, audit log and keys, for programs that show a token. */
export function adminApi(deps: AdminDependencies): Hono {
  const api = new Hono();
  const route = (row: Route, answer: (call: Call) => Promise<Response>): void => {
    const needed = ACCESS[BASE][row];
    const [method, path] = methodAndPath(row);
    api.on(method, path, async (c) => {
      const principal = await deps.authenticate(c.req.raw, deps.requestId());
      if (principal === undefined) return unauthorized();
      if (mayAct(principal.role, needed)) return await answer({ c, actor: principal.actor });
      return errorAnswer(
        "permission_denied",
        `this needs the role ${needed}, and the token has the role ${principal.role}`,
      );
    });
  };
  const isKnown = async (c: Context): Promise<boolean> =>
    await deps.authenticate(c.req.raw, deps.requestId()) !== undefined;
  route("GET /status", async () => jsonAnswer(200, await deps.status()));
  route("POST /jobs/:name", ({ c, actor }) => runJob(deps, c, actor));
  route("GET /audit", ({ c }) => audit(deps, c));
  route("POST /where", ({ c, actor }) => where(deps, c, actor));
  // Else these would be taken for kinds.
  for (
    const [path, allowed] of [["/status", ["GET", "HEAD"]], ["/jobs/:name", ["POST"]], ["/where", [
      "POST",
    ]]] as const
  ) {
    api.all(path, async (c) => await isKnown(c) ? methodNotAllowed(allowed) : unauthorized());
  }
  route(
    "GET /revocations",
    async () => jsonAnswer(200, { items: await deps.revocations.list(LISTED_REVOCATIONS) }),
  );
  route("POST /revocations", ({ c, actor }) => revoke(deps, c, actor));
  route("POST /revocations/:id/:act", ({ c, actor }) => turnRevocation(deps, c, actor));
  route("GET /:plural", async ({ c }) => {
    const kind = kindIn(c);
    return kind === undefined ? unknownKind() : await list(deps, kind);
  });
  route("GET /:plural/:name", async ({ c }) => {
    const kind = kindIn(c);
    return kind === undefined ? unknownKind() : await found(deps, kind, nameOf(c), 200);
  });
  route("PUT /:plural/:name", async ({ c, actor }) => {
    const kind = kindIn(c);
    return kind === undefined ? unknownKind() : await put(deps, kind, nameOf(c), c.req.raw, actor);
  });
  route("DELETE /:plural/:name", async ({ c, actor }) => {
    const kind = kindIn(c);
    if (kind === undefined) return unknownKind();
    return await remove(deps, kind, nameOf(c), c.req.raw, actor);
  });
  api.all("*", async (c) => {
    if (!await isKnown(c)) return unauthorized();
    const allowed = allowedMethods(api.routes, c.req.path.slice(BASE.length));
    return allowed.length === 0
      ? errorAnswer("not_found", NOTHING_HERE)
      : methodNotAllowed(allowed);
  });
  return api;
}

const kindIn = (c: Context): Kind | undefined => kindOfPlural(c.req.param("plural") ?? "");
const nameOf = (c: Context): string => c.req.param("name") ?? "";

function unauthorized(): Response {
  return errorAnswer(
    "unauthorized",
    "send Authorization: Bearer with a token of `wayfarer token create`, or with ADMIN_TOKEN",
  );
}

async function runJob(deps: AdminDependencies, c: Context, actor: Actor): Promise<Response> {
  const name = nameOf(c);
  const run = deps.runJob(name, c.req.raw.signal);
  if (run === undefined) {
    return errorAnswer("not_found", `there is no job of this name: "wayfarer help job" lists them`);
  }
  await deps.audit.add(actor, [{ action: "run", kind: "Job", name }]);
  return jsonAnswer(200, await run);
}

async function audit(deps: AdminDependencies, c: Context): Promise<Response> {
  const query = auditQuery((name) => c.req.query(name));
  if (!query.ok) return errorAnswer(query.code, query.message);
  return jsonAnswer(200, await auditPage(deps.audit, query.value));
}

async function where(deps: AdminDependencies, c: Context, actor: Actor): Promise<Response> {
  const { body, signal } = c.req.raw;
  const bounds = { maxBytes: MAX_KEYS_TEXT_BYTES, signal, rest: "leave" } as const;
  const { bytes, complete } = await readUpTo(body, bounds);
  if (!complete) return errorAnswer("body_too_large");
  const found = await deps.where(actor, new TextDecoder().decode(bytes));
  if (!found.ok) return errorAnswer(found.code, found.message);
  return jsonAnswer(200, { keys: found.value });
}

const LISTED_REVOCATIONS = 100;

async function revoke(deps: AdminDependencies, c: Context, actor: Actor): Promise<Response> {
  const { body, signal } = c.req.raw;
  const { bytes, complete } = await readUpTo(body, {
    maxBytes: MAX_DOCUMENT_BYTES,
    signal,
    rest: "leave",
  });
  if (!complete) return errorAnswer("body_too_large");
  const value = parseJson(bytes);
  if (typeof value === "string") return errorAnswer("bad_request", value);
  const outcome = await deps.revoke(actor, value);
  return outcome.ok ? jsonAnswer(200, outcome.value) : errorAnswer(outcome.code, outcome.message);
}

const TURNS = { stop: "stopped", continue: "running" } as const;

async function turnRevocation(
  { revocations }: AdminDependencies,
  c: Context,
  actor: Actor,
): Promise<Response> {
  const id = c.req.param("id") ?? "";
  const to = c.req.param("act") === "stop" ? TURNS.stop : TURNS.continue;
  const known = /^\d{1,15}$/.test(id) && Object.hasOwn(TURNS, c.req.param("act") ?? "");
  if (known && await revocations.turn(actor, Number(id), to)) return jsonAnswer(200, { state: to });
  return errorAnswer(
    "not_found",
    `there is no revocation of this number that could do that: see GET ${BASE}/revocations`,
  );
}

async function list(deps: AdminDependencies, kind: Kind): Promise<Response> {
  const { resources } = await deps.store.all();
  const ofKind = resources.filter(({ resource }) => resource.kind === kind);
  return jsonAnswer(200, {
    items: await Promise.all(ofKind.map(({ resource }) => shown(deps, resource))),
  });
}

async function put(
  deps: AdminDependencies,
  kind: Kind,
  name: string,
  request: Request,
  actor: Actor,
): Promise<Response> {
  const { bytes, complete } = await readUpTo(request.body, {
    maxBytes: MAX_DOCUMENT_BYTES,
    signal: request.signal,
    rest: "leave",
  });
  if (!complete) return errorAnswer("body_too_large");
  const value = parseJson(bytes);
  if (typeof value === "string") return errorAnswer("bad_request", value);
  const parsed = parseResources([{ kind, name, ...value }], "body");
  if (!parsed.ok) return faultsAnswer(parsed.faults);
  const [resource] = parsed.resources;
  if (resource?.kind !== kind || resource.name !== nameIn(kind, name)) {
    return faultsAnswer([{ path: "name", message: "must be the kind and name of the address" }]);
  }
  const before = await find(deps, kind, resource.name);
  const expectedVersion = expected(request);
  const outcome = await changeResources(deps.store, deps.keys, {
    actor,
    puts: [resource],
    attestationDevelopment: deps.attestationDevelopment,
    ...(expectedVersion === undefined ? {} : { expectedVersion }),
  });
  if (!outcome.ok) return refusal(outcome, before);
  await deps.changed();
  return await found(deps, kind, resource.name, before === undefined ? 201 : 200);
}

async function remove(
  deps: AdminDependencies,
  kind: Kind,
  name: string,
  request: Request,
  actor: Actor,
): Promise<Response> {
  const stored = await find(deps, kind, name);
  if (stored === undefined) return noSuchResource(kind);
  const expectedVersion = expected(request);
  const outcome = await changeResources(deps.store, deps.keys, {
    actor,
    puts: [],
    removals: [{ kind, name: stored.resource.name }],
    ...(expectedVersion === undefined ? {} : { expectedVersion }),
  });
  if (!outcome.ok) return refusal(outcome, stored);
  await deps.changed();
  return new Response(null, { status: 204 });
}

async function find(
  deps: AdminDependencies,
  kind: Kind,
  name: string,
): Promise<StoredResource | undefined> {
  const { resources } = await deps.store.all();
  const wanted = nameIn(kind, name);
  return resources.find(({ resource }) => resource.kind === kind && resource.name === wanted);
}

const nameIn = (kind: Kind, name: string): string =>
  kind === "HealthAuthority" ? asHealthAuthorityId(name) : name;

async function found(
  deps: AdminDependencies,
  kind: Kind,
  name: string,
  status: number,
): Promise<Response> {
  const stored = await find(deps, kind, name);
  if (stored === undefined) return noSuchResource(kind);
  return jsonAnswer(status, await shown(deps, stored.resource), { etag: `"${stored.version}"` });
}

async function shown(deps: AdminDependencies, resource: Resource): Promise<unknown> {
  return { ...resource, ...await deps.describe(resource) };
}

/** The version that If-Match or If-None-Match asks for; one that no resource can have when it is not ours. */
function expected(request: Request): number | undefined {
  if (request.headers.get("if-none-match") === "*") return 0;
  const match = request.headers.get("if-match");
  if (match === null || match === "*") return undefined;
  return /^"\d{1,9}"$/.test(match) ? Number(match.slice(1, -1)) : -1;
}

/** `before`: the resource as it was found first. */
function refusal(
  outcome: Exclude<ChangeOutcome, { ok: true }>,
  before: StoredResource | undefined,
): Response {
  if (outcome.reason === "version") {
    return errorAnswer("version_conflict", conflictText(outcome, before));
  }
  return faultsAnswer(outcome.faults);
}

function conflictText(
  { expected: version }: Extract<ChangeOutcome, { reason: "version" }>,
  before: StoredResource | undefined,
): string | undefined {
  if (version === 0) {
    return "the resource exists already: leave out If-None-Match to replace it";
  }
  if (before !== undefined) return undefined;
  return "the resource does not exist: leave out If-Match to create it";
}

function faultsAnswer(faults: readonly { path: string; message: string }[]): Response {
  return errorAnswer("invalid_resource", ERRORS.invalid_resource.text, { faults });
}

function noSuchResource(kind: Kind): Response {
  return errorAnswer(
    "not_found",
    `there is no ${kind} of this name: see GET ${BASE}/${KINDS[kind].plural}`,
  );
}

function unknownKind(): Response {
  return errorAnswer(
    "not_found",
    `there is no such kind of resource: use one of ${
      KIND_NAMES.map((kind) => KINDS[kind].plural).join(", ")
    }`,
  );
}

/** The members of the body, or why it is refused. */
function parseJson(bytes: Uint8Array): Record<string, unknown> | string {
  const noObject = "the body must be a JSON object, in UTF-8";
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return noObject;
    const twice = repeatedMember(text);
    return twice === undefined
      ? { ...value }
      : `the body has the member ${
        JSON.stringify(twice.slice(0, 100))
      } twice: leave one of them out`;
  } catch {
    return noObject;
  }
}
