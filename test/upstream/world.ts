import { importDependencies } from "../../src/app/upstream.ts";
import { TEKSignatureList, TemporaryExposureKeyExport } from "../../proto/gen/export.js";
import { buildExportFile, type ExportSigner } from "../../src/export-file/build.ts";
import { encodeDer } from "../../src/bytes/ecdsa-der.ts";
import type { ExportKey } from "../../src/model/exposure.ts";
import type { FetchPolicy } from "../../src/http/guarded-fetch.ts";
import { pinnedFetch } from "../../src/runtime/pinned-fetch.ts";
import type { UpstreamEvent } from "../../src/upstream/events.ts";
import {
  type ImportDependencies,
  importExports,
  type ImportSummary,
} from "../../src/upstream/import/run.ts";
import type { ImportSettings } from "../../src/upstream/settings.ts";
import { type ExportImport, exportImportSchema } from "../../src/model/resource/export-import.ts";
import type { Resource } from "../../src/model/resource/kinds.ts";
import { importFiles, type ImportStatus } from "../../src/store/upstream/import-file.ts";
import { type ResourceCache, viewOf } from "../../src/store/resource/cache.ts";
import type { TestDatabase } from "../support/database.ts";
import { testFoundation } from "../support/foundation.ts";
import { batches, binOf, zipOf } from "../export-file/sample.ts";
import type { UpstreamServer } from "./upstream-server.ts";

export const HOUR = 3600;
export const DAY = 86_400;
/** 2023-11-15T12:00:00Z. */
export const NOON = 1_700_049_600;

export const SETTINGS: ImportSettings = {
  indexTimeoutMs: 10_000,
  fileTimeoutMs: 10_000,
  workerTimeoutSeconds: 300,
  maxRuntimeMs: 60_000,
  maxKeyAgeSeconds: 15 * DAY,
  backfillDaysSinceOnset: 10,
  cleanupTtlSeconds: 14 * DAY,
};

/** Fetches only from loopback addresses, without name lookup. */
export const TO_ADDRESSES: FetchPolicy = {
  fetch: pinnedFetch(),
  resolve: () => Promise.reject(new Error("tests use addresses")),
  allowPrivate: true,
  timeoutMs: 10_000,
  maxBytes: 4 * 1024 * 1024,
};

/** A key that expired yesterday; its first byte is the number. */
export function pastKey(number: number, members: Partial<ExportKey> = {}): ExportKey {
  const key = new Uint8Array(16).fill(7);
  new DataView(key.buffer).setUint32(0, number);
  return {
    key,
    transmissionRisk: 3,
    intervalNumber: (NOON - 2 * DAY - NOON % DAY) / 600,
    intervalCount: 144,
    reportType: 1,
    daysSinceOnset: 2,
    ...members,
  };
}

/** A signed file; the keys are sorted. */
export async function fileOf(
  signers: readonly ExportSigner[],
  keys: readonly ExportKey[],
  revisedKeys: readonly ExportKey[] = [],
): Promise<Uint8Array> {
  const sorted = (list: readonly ExportKey[]): ExportKey[] =>
    [...list].sort((a, b) => Buffer.compare(a.key, b.key));
  const built = await buildExportFile({
    header: { start: NOON - 4 * HOUR, end: NOON, region: "FOR" },
    signers,
    keys: batches(sorted(keys)),
    revisedKeys: batches(sorted(revisedKeys)),
  });
  return built.zip;
}

/** A signed file by another implementation, with the keys unchanged: unsorted, repeated or invalid. */
export async function rawFileOf(
  { info, sign }: ExportSigner,
  keys: readonly ExportKey[],
  revisedKeys: readonly ExportKey[] = [],
): Promise<Uint8Array> {
  const messages = (list: readonly ExportKey[]) =>
    list.map((key) => ({
      keyData: key.key,
      transmissionRiskLevel: key.transmissionRisk,
      rollingStartIntervalNumber: key.intervalNumber,
      rollingPeriod: key.intervalCount,
      reportType: key.reportType,
      ...(key.daysSinceOnset === undefined ? {} : { daysSinceOnsetOfSymptoms: key.daysSinceOnset }),
    }));
  const signatureInfo = { verificationKeyId: info.keyId, verificationKeyVersion: info.keyVersion };
  const bin = binOf(
    TemporaryExposureKeyExport.encode({
      signatureInfos: [signatureInfo],
      keys: messages(keys),
      revisedKeys: messages(revisedKeys),
    }).finish(),
  );
  const signature = encodeDer(await sign(bin));
  return zipOf(
    bin,
    TEKSignatureList.encode({ signatures: [{ signatureInfo, signature }] }).finish(),
  );
}

/** A stored key, for assertions. */
export type StoredRow = {
  readonly number: number;
  readonly reportType: string;
  readonly risk: number;
  readonly onset: number | null;
  readonly createdAt: number;
  readonly revisedType: string | null;
  readonly revisedAt: number | null;
};

/** A server that only imports: real database, real HTTP. */
export type World = {
  readonly events: UpstreamEvent[];
  readonly resources: Resource[];
  dependencies(overrides?: Partial<ImportDependencies>): ImportDependencies;
  run(overrides?: Partial<ImportDependencies>): Promise<ImportSummary>;
  rows(): Promise<readonly StoredRow[]>;
  status(): Promise<ImportStatus | undefined>;
};

/** An import config for a server. */
export function importOf(
  server: Pick<UpstreamServer, "url">,
  pem: string,
  members: Partial<ExportImport> = {},
): ExportImport {
  return exportImportSchema.parse({
    kind: "ExportImport",
    name: "foreign",
    indexUrl: `${server.url}/index.txt`,
    exportRoot: `${server.url}/files`,
    region: "MAG",
    publicKeys: [{ keyId: "310", version: "v1", publicKeyPem: pem }],
    ...members,
  });
}

export async function openWorld(
  database: TestDatabase,
  ...resources: readonly Resource[]
): Promise<World> {
  await database.clear();
  await database.setClock(NOON);
  const events: UpstreamEvent[] = [];
  const configured = [...resources];
  const view = () =>
    Promise.resolve(viewOf(1, configured.map((resource) => ({ resource, version: 1 }))));
  const cache: ResourceCache = { view, fresh: view };
  const foundation = await testFoundation(database, {
    config: { import: SETTINGS },
    overrides: {
      cache,
      outgoing: TO_ADDRESSES,
    },
  });
  const world: World = {
    events,
    resources: configured,
    dependencies: (overrides) => ({
      ...importDependencies(foundation),
      ticker: () => () => {},
      report: (event) => events.push(event),
      ...overrides,
    }),
    run: (overrides) => importExports(world.dependencies(overrides), new AbortController().signal),
    rows: async () =>
      await database.sql<StoredRow[]>`
        select ('x' || encode(substring(key for 4), 'hex'))::bit(32)::int as number,
               report_type as "reportType", transmission_risk as risk, days_since_onset as onset,
               created_at as "createdAt", revised_report_type as "revisedType", revised_at as "revisedAt"
        from exposure order by key`,
    status: async () => (await importFiles(database).status())[0],
  };
  return world;
}
