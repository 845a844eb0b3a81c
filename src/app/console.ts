import { X509Certificate } from "node:crypto";
import { wholeAgreement } from "../../federation/policy/selection.ts";
import type { IdentityProvider } from "../console/session/identity-provider.ts";
import { thingsToDo, type ToDo, type ToDoFacts } from "../admin/to-do.ts";
import { consoleRoutes } from "../console/console.tsx";
import { seriesOf } from "../export/series.ts";
import { dueAfterSeconds } from "../export/settings.ts";
import { newRequestId } from "../http/request-id.ts";
import type { Job, Jobs } from "../jobs.ts";
import { overview } from "../store/admin/overview.ts";
import { previewAgreement } from "../store/exposure/agreement-preview.ts";
import { exportStatuses } from "../store/export/status.ts";
import { importFiles } from "../store/upstream/import-file.ts";
import { upstreamIndexes } from "../store/upstream/index-state.ts";
import { mirrorFiles } from "../store/upstream/mirror-file.ts";
import type { AdminPart } from "./admin.ts";
import { describeResource } from "./describe-resource.ts";
import { inspectStored } from "./inspect-stored.ts";
import { type ExportPart, writeFirstIndexes } from "./export.ts";
import type { BackupPart } from "./backup.ts";
import type { FederationPart } from "./federation.ts";
import type { Foundation } from "./foundation.ts";
import { PROGRAM_VERSION } from "./program-version.ts";
import type { PublishPart } from "./publish.ts";
import { tryRegion } from "./try-region.ts";
import type { Hono } from "hono";

/** The parts that the console shows. */
export type ConsoleParts = {
  readonly administering: AdminPart;
  readonly publishing: PublishPart;
  readonly exporting: ExportPart;
  readonly federating: FederationPart;
  readonly backups: BackupPart;
  readonly jobs: Jobs;
  readonly allJobs: readonly Job[];
};

/** Things to do are looked for at most this often. */
const LOOKED_FOR_EVERY_MS = 30_000;
/** Puts the console together. */
export async function consolePart(foundation: Foundation, parts: ConsoleParts): Promise<Hono> {
  const { config, crypto, clock, log, cache, resources, keys, database } = foundation;
  const upstreams = async () => {
    const [imports, mirrors, indexes] = await Promise.all([
      importFiles(database).status(),
      mirrorFiles(database).status(),
      upstreamIndexes(database).status(),
    ]);
    return { imports, mirrors, indexes };
  };
  const glance = overview(database);
  const facts = (): Promise<ToDoFacts> => factsOf(foundation, parts, glance, upstreams);
  const provider = await providerOf(foundation);
  return consoleRoutes({
    ...parts.administering,
    url: config.console.url,
    publicUrl: config.publicUrl,
    version: PROGRAM_VERSION,
    crypto,
    clockMs: clock.now,
    monotonicMs: clock.monotonic,
    requestId: () => newRequestId(crypto),
    log,
    ...(provider === undefined ? {} : { provider }),
    attestations: foundation.metrics.attestationCounts,
    preview: (peer) => previewAgreement(database, wholeAgreement(peer)),
    resources,
    cache,
    keys,
    changed: async () => {
      await cache.fresh();
      await writeFirstIndexes(foundation);
    },
    describe: (resource) => describeResource({ ...foundation, ...parts.publishing }, resource),
    jobs: parts.allJobs,
    runJob: (name, signal) => parts.jobs.run(name, signal),
    jobRuns: foundation.jobRuns,
    overview: glance,
    exports: parts.exporting.statuses,
    files: exportStatuses(database).files,
    inspect: (bucket, name) => inspectStored(foundation, bucket, name),
    upstreams,
    ownKeys: async () => await (await parts.federating.signer.jwks()).text(),
    tryRegion: (name) => tryRegion(foundation, parts.publishing.rehearse, name),
    exportBucket: config.exportBucket,
    dueAfterSeconds: dueAfterSeconds(config.export),
    peers: parts.federating.status,
    sync: parts.federating.sync,
    draft: parts.federating.draft,
    facts,
    toDo: remembered(async () => thingsToDo(await facts()), clock.monotonic),
    settings: foundation.shown,
  });
}

/** The things to do as they were at most half a minute ago; whoever asks meanwhile shares one look. */
function remembered(
  look: () => Promise<readonly ToDo[]>,
  clockMs: () => number,
): () => Promise<readonly ToDo[]> {
  let known: { readonly found: Promise<readonly ToDo[]>; readonly at: number } | undefined;
  return async () => {
    if (known === undefined || clockMs() - known.at >= LOOKED_FOR_EVERY_MS) {
      const found = look();
      const now = { found, at: clockMs() };
      known = now;
      found.catch(() => {
        if (known === now) known = undefined;
      });
    }
    return await known.found;
  };
}

async function factsOf(
  foundation: Foundation,
  { publishing, exporting, federating, backups }: ConsoleParts,
  glance: ReturnType<typeof overview>,
  upstreams: () => Promise<{
    readonly imports: readonly { readonly import: string; readonly failed: number }[];
    readonly indexes: readonly {
      readonly reader: "import" | "mirror";
      readonly name: string;
      readonly message: string | null;
    }[];
  }>,
): Promise<ToDoFacts> {
  const { cache, clock, config, jobRuns, secrets } = foundation;
  const askedAt = clock.now() / 1000;
  const [view, figures, statuses, peers, keySets, runs, read, standing] = await Promise.all([
    cache.view(),
    glance.figures(),
    exporting.statuses(),
    federating.status(),
    publishing.issuerKeys.states(),
    jobRuns.newest(),
    upstreams(),
    backups.standing(),
  ]);
  const series = view.list("ExportConfig").flatMap(seriesOf);
  const certificateEndsAt = endOfCertificate(config.tls?.cert);
  return {
    now: Math.floor(clock.now() / 1000),
    signingKeys: view.list("SigningKey"),
    exportConfigs: view.list("ExportConfig"),
    issuers: view.list("Issuer"),
    healthAuthorities: view.list("HealthAuthority"),
    agreements: view.list("Peer"),
    peers,
    exports: statuses.map((status) => ({
      ...status,
      periodSeconds:
        series.find((one) => one.config === status.config && one.series === status.series)
          ?.periodSeconds ?? 0,
    })),
    keySets: keySets.flatMap(({ issuer, error, succeededAt }) =>
      error === undefined
        ? []
        : [{ issuer, error, ...(succeededAt === undefined ? {} : { succeededAt }) }]
    ),
    upstreams: read.indexes.map(({ reader, name, message }) => ({
      kind: reader,
      name,
      failed: reader === "import"
        ? read.imports.find((one) => one.import === name)?.failed ?? 0
        : 0,
      ...(message === null ? {} : { message }),
    })),
    failedJobs: runs.flatMap(({ name, error, finishedAt }) =>
      error === undefined ? [] : [{ name, at: finishedAt }]
    ),
    ...(certificateEndsAt === undefined ? {} : { certificateEndsAt }),
    backups: standing,
    adminTokenSet: secrets.adminToken() !== undefined,
    sameDayKeysReleased: config.publish.releaseSameDayKeys,
    clockAheadSeconds: Math.trunc(askedAt - figures.now),
    connections: { used: figures.connections, most: figures.maxConnections },
  };
}

function endOfCertificate(pem: string | undefined): number | undefined {
  if (pem === undefined) return undefined;
  const end = Date.parse(new X509Certificate(pem).validTo);
  return Number.isNaN(end) ? undefined : Math.floor(end / 1000);
}

/** The identity provider of OIDC_… settings. Its library is loaded only for those who have one. */
async function providerOf(foundation: Foundation): Promise<IdentityProvider | undefined> {
  const { oidc } = foundation.config.console;
  if (oidc === undefined) return undefined;
  const { identityProvider } = await import("./identity-provider.ts");
  return identityProvider(foundation, oidc);
}
