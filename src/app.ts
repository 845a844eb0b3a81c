import { Hono } from "hono";
import { adminApi } from "./admin/rest.ts";
import { type AdminPart, adminPart } from "./app/admin.ts";
import { bearerCheck } from "./admin/token.ts";
import { answerTally } from "./app/answer-tally.ts";
import { consolePart } from "./app/console.ts";
import type { Foundation } from "./app/foundation.ts";
import { type ExportPart, exportPart, writeFirstIndexes } from "./app/export.ts";
import { type BackupPart, backupPart } from "./app/backup.ts";
import type { EfgsGatewayPart } from "./app/efgs-gateway.ts";
import { type UpstreamPart, upstreamPart } from "./app/upstream.ts";
import { isRpcCall } from "../federation/rpc/encodings.ts";
import { type FederationPart, federationPart } from "./app/federation.ts";
import type { FederationRuntime } from "./app/peer-transports.ts";
import { type PublishPart, publishPart } from "./app/publish.ts";
import { publicKeysAnswer, publicKeysPemAnswer } from "./app/public-keys.ts";
import { readinessChecks } from "./app/readiness.ts";
import { describeResource } from "./app/describe-resource.ts";
import { serveBlobs } from "./blob/serve.ts";
import { ICON_PATH, iconAnswer, SCRIPT, SCRIPT_PATH, STYLE, STYLE_PATH } from "./console/assets.ts";
import { publicPage } from "./console/public.tsx";
import { allowedMethods, methodNotAllowed } from "./http/allowed-methods.ts";
import { errorAnswer, failureAnswer, jsonAnswer, NOTHING_HERE } from "./http/answer.ts";
import { health } from "./http/health.ts";
import { newRequestId } from "./http/request-id.ts";
import { parseRevocation, revokeKeys } from "./incidents/revoke.ts";
import { type Jobs, scheduleJobs } from "./jobs.ts";
import { errorFields } from "./observe/log.ts";
import { openApiAnswers } from "./openapi/answers.ts";
import type { Connection, Handler } from "./runtime/runtime.ts";
import { storeFailure } from "./store/failure.ts";

/** The program, put together. */
export type App = {
  readonly handler: Handler;
  /** The console alone, for a listener of its own. */
  readonly consoleHandler: Handler;
  readonly jobs: Jobs;
  readonly federation: FederationPart;
  /** Starts the background jobs. */
  start(): void;
  /** From now on `/readyz` says that no new requests should come. */
  drain(): void;
  /** Ends the background jobs; those that run get `timeoutMs`. */
  stop(timeoutMs: number): Promise<void>;
};

/** The features, each put together. */
type Parts = {
  readonly publishing: PublishPart;
  readonly exporting: ExportPart;
  readonly upstream: UpstreamPart;
  readonly federating: FederationPart;
  readonly administering: AdminPart;
  readonly backups: BackupPart;
  /** With the role `efgs`. */
  readonly gateway: EfgsGatewayPart | undefined;
};

/** What Hono hands on to a route beside the request. */
type Bindings = { Bindings: { connection: Connection } };

/** THE composition root: the foundation, the features on it, and the addresses under which they answer. */
export async function openApp(
  foundation: Foundation,
  runtime: FederationRuntime,
): Promise<App> {
  const { config, log, crypto } = foundation;
  const administering = adminPart(foundation);
  const tally = answerTally(administering.answers, foundation.clock.now, log);
  const parts: Parts = {
    publishing: await publishPart(foundation, tally.add),
    exporting: exportPart(foundation),
    upstream: upstreamPart(foundation),
    federating: await federationPart(foundation, runtime),
    administering,
    backups: await backupPart(foundation),
    gateway: await gatewayPart(foundation),
  };
  const { publishing, federating, gateway } = parts;
  const allJobs = Object.values(parts).flatMap((part) => part?.jobs ?? []);
  const jobs = scheduleJobs(allJobs, {
    runs: foundation.jobRuns,
    log,
    clockMs: foundation.clock.now,
    ended: foundation.metrics.jobEnded,
  });
  const state = health(
    readinessChecks(foundation, {
      publishes: publishing.health,
      exports: parts.exporting.statuses,
    }),
    foundation.clock.monotonic,
  );
  const app = new Hono<Bindings>();
  app.get("/healthz", () => state.live());
  app.get("/readyz", () => state.ready());
  const mayScrape = scrapers(foundation);
  app.get("/metrics", async (c) => {
    if (await mayScrape(c.req.raw)) return await metricsAnswer(foundation, parts);
    return errorAnswer(
      "unauthorized",
      "send Authorization: Bearer with METRICS_TOKEN or ADMIN_TOKEN; without either setting this is closed",
    );
  });
  app.get("/", (c) => welcome(foundation, c.req.raw));
  const openApi = openApiAnswers({
    publicUrl: config.publicUrl,
    consoleUrl: consoleUrlOf(config),
    publishes: config.roles.includes("publish"),
    withAlpha: publishing.alpha !== undefined,
    maxKeys: config.publish.maxKeys,
  });
  app.get("/openapi.json", () => openApi.document());
  app.get("/docs", () => openApi.page());
  if (config.roles.includes("publish")) {
    app.post("/v1/publish", (c) => publishing.publish(c.req.raw));
    app.post("/v1/stats", (c) => publishing.stats(c.req.raw));
    app.post("/v1/attest/challenge", (c) => publishing.attestChallenge(c.req.raw));
    app.post("/v1/attest/key", (c) => publishing.attestKey(c.req.raw));
    const { alpha } = publishing;
    if (alpha !== undefined) app.post("/", (c) => alpha(c.req.raw));
  }
  if (config.roles.includes("federation")) {
    for (const path of ["/Federation/*", "/wayfarer.federation.v1.Federation/*"]) {
      app.all(path, (c) => federating.rpc(c.req.raw, c.env.connection));
    }
    app.get("/efgs/callback/*", (c) => federating.callback(c.req.raw, c.env.connection));
    app.get("/.well-known/openid-configuration", () => federating.signer.discovery());
    app.get("/.well-known/jwks.json", () => federating.signer.jwks());
  }
  if (gateway !== undefined) {
    for (const path of ["/diagnosiskeys", "/diagnosiskeys/*"]) {
      app.all(path, (c) => gateway.handler(c.req.raw, c.env.connection));
    }
  }
  app.get("/.well-known/exposure-keys.json", () => publicKeysAnswer(foundation));
  app.get("/.well-known/exposure-keys.pem", () => publicKeysPemAnswer(foundation));
  if (config.roles.includes("export")) {
    const files = serveBlobs({ store: foundation.blobs, bucket: config.exportBucket });
    app.all(
      "/exports/*",
      (c) => files(c.req.raw, new URL(c.req.url).pathname.slice("/exports/".length)),
    );
  }
  app.route("/admin/api/v1", admin(foundation, jobs, parts));
  const consoleApp = consoleWithAssets(
    await consolePart(foundation, { ...parts, jobs, allJobs }),
  );
  app.get(STYLE_PATH, () => STYLE.answer());
  app.get(ICON_PATH, () => iconAnswer());
  if (config.roles.includes("console") && config.console.listener === undefined) {
    app.route("/", consoleApp);
  }
  app.notFound((c) => {
    if (config.roles.includes("federation") && isRpcCall(c.req.raw)) {
      return federating.rpc(c.req.raw, c.env.connection);
    }
    const publishes = config.roles.includes("publish") && c.req.path === "/v1/publish";
    // Chaff is chaff by whatever method it comes. (A second route of that path would cost every publish its dispatch.)
    if (publishes && c.req.raw.headers.has("x-chaff")) return publishing.publish(c.req.raw);
    const allowed = allowedMethods(app.routes, c.req.path);
    return allowed.length === 0 || allowed.includes(c.req.method)
      ? errorAnswer("not_found", NOTHING_HERE)
      : methodNotAllowed(allowed);
  });
  app.onError((thrown) => {
    const error = storeFailure(thrown);
    const requestId = newRequestId(crypto);
    log.error("request-failed", { requestId, ...errorFields(error) });
    return failureAnswer(error, requestId);
  });
  return {
    handler: (request, connection) => app.fetch(request, { connection }),
    consoleHandler: (request) => consoleApp.fetch(request),
    jobs,
    federation: federating,
    start: () => {
      const { clocks, database } = foundation;
      foundation.metrics.watchProcess({
        connections: database.connections,
        publishes: publishing.load,
        clockOffsetSeconds: () => clocks.newest()?.offsetSeconds,
        clocksApart: () => clocks.newest()?.fault !== undefined,
      });
      if (config.roles.includes("jobs")) jobs.start();
    },
    drain: () => state.drain(),
    stop: async (timeoutMs) => {
      await jobs.stop(timeoutMs);
      await tally.flush();
    },
  };
}

/** The gateway is loaded only by those who are one. */
async function gatewayPart(foundation: Foundation): Promise<EfgsGatewayPart | undefined> {
  if (!foundation.config.roles.includes("efgs")) return undefined;
  const { efgsGatewayPart } = await import("./app/efgs-gateway.ts");
  return efgsGatewayPart(foundation);
}

/** The console, with what its pages refer to. */
function consoleWithAssets(routes: Hono): Hono {
  const app = new Hono();
  app.get(STYLE_PATH, () => STYLE.answer());
  app.get(SCRIPT_PATH, () => SCRIPT.answer());
  app.get(ICON_PATH, () => iconAnswer());
  app.route("/console", routes);
  return app;
}

function admin(
  foundation: Foundation,
  jobs: Jobs,
  { publishing, exporting, upstream, federating, administering, backups }: Parts,
): Hono {
  const { authenticate, audit, where, revocations } = administering;
  return adminApi({
    store: foundation.resources,
    keys: foundation.keys,
    attestationDevelopment: foundation.config.attestationDevelopment,
    authenticate,
    requestId: () => newRequestId(foundation.crypto),
    audit,
    where,
    revocations,
    revoke: async (actor, value) => {
      const request = parseRevocation(value);
      return request.ok ? await revokeKeys(administering, actor, request.value) : request;
    },
    changed: async () => {
      await foundation.cache.fresh();
      await writeFirstIndexes(foundation);
    },
    describe: (resource) => describeResource({ ...foundation, ...publishing }, resource),
    status: async () => ({
      jobs: await foundation.jobRuns.newest(),
      exports: await exporting.statuses(),
      ...await upstream.status(),
      peers: await federating.status(),
      backups: await backups.standing(),
      attestation: foundation.metrics.attestationCounts(),
    }),
    runJob: (name, signal) => jobs.run(name, signal),
  });
}

/** Whether a request may see the figures: polled around a publish, they tell a real one from chaff. */
function scrapers({ secrets, crypto }: Foundation): (request: Request) => Promise<boolean> {
  const checks = [secrets.metricsToken, secrets.adminToken].map((secret) =>
    bearerCheck(secret, crypto)
  );
  return async (request) =>
    (await Promise.all(checks.map((check) => check(request)))).includes(true);
}

/** Figures of this process, with exports and peers as they are now; without those while the database cannot tell. */
async function metricsAnswer(
  { metrics, log }: Foundation,
  { exporting, federating, backups }: Parts,
): Promise<Response> {
  try {
    const [statuses, peers, { newestAt }] = await Promise.all([
      exporting.statuses(),
      federating.figures(),
      backups.standing(),
    ]);
    const exports = statuses.map(({ config, series, lagSeconds }) =>
      [`${config} ${series}`, lagSeconds] as const
    );
    metrics.setFound({
      exports,
      peers,
      ...(newestAt === undefined ? {} : { newestBackupAt: newestAt }),
    });
  } catch (error) {
    metrics.setFound();
    log.warn("lags-unknown", errorFields(error));
  }
  return new Response(await metrics.text(), { headers: { "content-type": metrics.contentType } });
}

/** The first page; to whoever wants JSON, the exports that are served here. */
async function welcome({ cache, config }: Foundation, request: Request): Promise<Response> {
  const view = await cache.fresh();
  const exports = view.list("ExportConfig").filter((one) => one.bucket === config.exportBucket);
  if (request.headers.get("accept") === "application/json") {
    return jsonAnswer(200, {
      exports: exports.map(({ name, filenameRoot }) => ({
        name,
        filenameRoot,
        index: `/exports/${filenameRoot}/index.txt`,
      })),
    });
  }
  return await publicPage({
    publicUrl: config.publicUrl,
    serverId: config.serverId,
    consoleUrl: consoleUrlOf(config),
    exports,
    signingKeys: view.list("SigningKey"),
  });
}

/** Where the console is; not told when it is off the public listener. */
function consoleUrlOf({ roles, console: { listener, url } }: Foundation["config"]) {
  return roles.includes("console") && listener === undefined ? url : undefined;
}
