import type { Connection, Handler } from "../../../src/runtime/runtime.ts";
import { MEDIA_TYPES } from "../wire/media-type.ts";
import { auditRoute } from "./audit-route.ts";
import { callbackRoute, callbacksRoute } from "./callback-route.ts";
import { callerOf } from "./caller.ts";
import { downloadRoute } from "./download-route.ts";
import { problem } from "./problem.ts";
import type { GatewayDependencies, Route } from "./route.ts";
import { uploadRoute } from "./upload-route.ts";

type Path = { readonly pattern: RegExp; readonly methods: Readonly<Record<string, Route>> };

const PATHS: readonly Path[] = [
  { pattern: /^\/diagnosiskeys\/upload$/, methods: { POST: uploadRoute } },
  { pattern: /^\/diagnosiskeys\/download\/([^/]{1,40})$/, methods: { GET: downloadRoute } },
  {
    pattern: /^\/diagnosiskeys\/audit\/download\/([^/]{1,40})\/([^/]{1,100})$/,
    methods: { GET: auditRoute },
  },
  { pattern: /^\/diagnosiskeys\/callback$/, methods: { GET: callbacksRoute } },
  {
    pattern: /^\/diagnosiskeys\/callback\/([^/]{1,200})$/,
    methods: { PUT: callbackRoute.put, DELETE: callbackRoute.remove },
  },
];

/**
 * The gateway under `/diagnosiskeys`. Checks come in the order of the deployed one: method and media types, then the
 * certificate, then the rest. Errors are problem JSON with the reason.
 */
export function efgsGateway(deps: GatewayDependencies): Handler {
  return async (request, connection) => {
    try {
      return await answer(deps, request, connection);
    } catch (error) {
      deps.onError(error);
      return problem(request, 500, "the request failed here: send the same again later");
    }
  };
}

async function answer(
  deps: GatewayDependencies,
  request: Request,
  connection: Connection,
): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/diagnosiskeys" && request.method === "OPTIONS") return optionsAnswer();
  const path = PATHS.find(({ pattern }) => pattern.test(pathname));
  if (path === undefined) return problem(request, 404, "there is nothing at this address");
  const route = Object.hasOwn(path.methods, request.method)
    ? path.methods[request.method]
    : undefined;
  if (route === undefined) {
    const allow = Object.keys(path.methods).join(",");
    return problem(request, 405, `use ${allow}`, { headers: { allow } });
  }
  const early = route.precheck?.(request);
  if (early !== undefined) return early;
  const nowSeconds = Math.floor(deps.clockMs() / 1000);
  const registry = await deps.registry();
  const known = callerOf(request, connection, registry, deps.settings.proxies, nowSeconds);
  if (!known.ok) return problem(request, known.status, known.detail);
  const names = decodedNames(path.pattern.exec(pathname)?.slice(1) ?? []);
  if (names === undefined) return problem(request, 400, "the address is not URL-encoded");
  return await route.answer(deps, { request, caller: known.caller, registry, names, nowSeconds });
}

function decodedNames(encoded: readonly string[]): readonly string[] | undefined {
  try {
    return encoded.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function optionsAnswer(): Response {
  return new Response(null, {
    status: 200,
    headers: { allow: "POST,GET,OPTIONS", accept: `${MEDIA_TYPES.json}, ${MEDIA_TYPES.protobuf}` },
  });
}
