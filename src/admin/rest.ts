import { Hono } from "hono";
import { ERRORS } from "../errors.ts";
import { errorAnswer, jsonAnswer } from "../http/answer.ts";
import { readUpTo } from "../bounds/read.ts";
import type { KeyManager } from "../keys/key-manager.ts";
import { asHealthAuthorityId } from "../model/ids.ts";
import { type Kind, kindOfPlural, type Resource } from "../model/resource/kinds.ts";
import type { ResourceStore, StoredResource } from "../store/resource/resources.ts";
import { type ChangeOutcome, changeResources } from "./change.ts";
import { MAX_DOCUMENT_BYTES, parseResources } from "./documents.ts";

/** What the admin API needs. */
export type AdminDependencies = {
  readonly store: ResourceStore;
  readonly keys: KeyManager;
  /** ATTESTATION_DEVELOPMENT. */
  readonly attestationDevelopment: boolean;
  /** Whether a request may use the API. */
  readonly authorize: (request: Request) => Promise<boolean>;
  /** Called after every change, so that caches see it at once. */
  readonly changed: () => Promise<void>;
  /** More to tell of a resource, read only. */
  readonly describe: (resource: Resource) => Promise<Readonly<Record<string, unknown>>>;
  readonly status: () => Promise<unknown>;
  /** Runs a background job now; undefined when there is none of that name. */
  readonly runJob: (name: string, signal: AbortSignal) => Promise<unknown> | undefined;
};

/** `/admin/api/v1`: resources, status and jobs, for programs that show ADMIN_TOKEN. */
export function adminApi(deps: AdminDependencies): Hono {
  const api = new Hono();
  api.use(async (c, next) => {
    if (await deps.authorize(c.req.raw)) return await next();
    return errorAnswer(
      "unauthorized",
      "send Authorization: Bearer with ADMIN_TOKEN; without that setting this API is closed",
    );
  });
  api.get("/status", async () => jsonAnswer(200, await deps.status()));
  api.post("/jobs/:name", async (c) => {
    const run = deps.runJob(c.req.param("name"), c.req.raw.signal);
    if (run === undefined) return errorAnswer("not_found", "there is no job of this name");
    return jsonAnswer(200, await run);
  });
  api.get("/:plural", async (c) => {
    const kind = kindOfPlural(c.req.param("plural"));
    if (kind === undefined) return unknownKind();
    const { resources } = await deps.store.all();
    const ofKind = resources.filter(({ resource }) => resource.kind === kind);
    return jsonAnswer(200, {
      items: await Promise.all(ofKind.map(({ resource }) => shown(deps, resource))),
    });
  });
  api.get("/:plural/:name", async (c) => {
    const kind = kindOfPlural(c.req.param("plural"));
    if (kind === undefined) return unknownKind();
    return await found(deps, kind, c.req.param("name"), 200);
  });
  api.put("/:plural/:name", async (c) => {
    const kind = kindOfPlural(c.req.param("plural"));
    if (kind === undefined) return unknownKind();
    return await put(deps, kind, c.req.param("name"), c.req.raw);
  });
  api.delete("/:plural/:name", async (c) => {
    const kind = kindOfPlural(c.req.param("plural"));
    if (kind === undefined) return unknownKind();
    return await remove(deps, kind, c.req.param("name"), c.req.raw);
  });
  return api;
}

const ACTOR = "admin API";

async function put(
  deps: AdminDependencies,
  kind: Kind,
  name: string,
  request: Request,
): Promise<Response> {
  const { bytes, complete } = await readUpTo(request.body, {
    maxBytes: MAX_DOCUMENT_BYTES,
    signal: request.signal,
    rest: "leave",
  });
  if (!complete) return errorAnswer("body_too_large");
  const value = parseJson(bytes);
  if (value === undefined) return errorAnswer("bad_request", "the body must be a JSON object");
  const parsed = parseResources([{ kind, name, ...value }], "body");
  if (!parsed.ok) return faultsAnswer(parsed.faults);
  const [resource] = parsed.resources;
  if (resource?.kind !== kind || resource.name !== nameIn(kind, name)) {
    return faultsAnswer([{ path: "name", message: "must be the kind and name of the address" }]);
  }
  const before = await find(deps, kind, resource.name);
  const expectedVersion = expected(request);
  const outcome = await changeResources(deps.store, deps.keys, {
    actor: ACTOR,
    puts: [resource],
    attestationDevelopment: deps.attestationDevelopment,
    ...(expectedVersion === undefined ? {} : { expectedVersion }),
  });
  if (!outcome.ok) return refusal(outcome);
  await deps.changed();
  return await found(deps, kind, resource.name, before === undefined ? 201 : 200);
}

async function remove(
  deps: AdminDependencies,
  kind: Kind,
  name: string,
  request: Request,
): Promise<Response> {
  const stored = await find(deps, kind, name);
  if (stored === undefined) return errorAnswer("not_found");
  const expectedVersion = expected(request);
  const outcome = await changeResources(deps.store, deps.keys, {
    actor: ACTOR,
    puts: [],
    removals: [{ kind, name: stored.resource.name }],
    ...(expectedVersion === undefined ? {} : { expectedVersion }),
  });
  if (!outcome.ok) return refusal(outcome);
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
  if (stored === undefined) return errorAnswer("not_found");
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

function refusal(outcome: Exclude<ChangeOutcome, { ok: true }>): Response {
  if (outcome.reason === "version") return errorAnswer("version_conflict");
  return faultsAnswer(outcome.faults);
}

function faultsAnswer(faults: readonly { path: string; message: string }[]): Response {
  return errorAnswer("invalid_resource", ERRORS.invalid_resource.text, { faults });
}

function unknownKind(): Response {
  return errorAnswer("not_found", "there is no such kind of resource");
}

function parseJson(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? { ...value }
      : undefined;
  } catch {
    return undefined;
  }
}
