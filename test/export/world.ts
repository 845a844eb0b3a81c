import { createHash } from "node:crypto";
import { exportDependencies } from "../../src/app/export.ts";
import type { BlobStore } from "../../src/blob/blob.ts";
import type { ExportEvent } from "../../src/export/events.ts";
import { type ExportFile, readExportFile } from "../../src/export-file/read.ts";
import { type ExportDependencies, type ExportSummary, runExport } from "../../src/export/run.ts";
import type { ExportSettings } from "../../src/export/settings.ts";
import type { KeyManager } from "../../src/keys/key-manager.ts";
import type { ExportConfig } from "../../src/model/resource/export-config.ts";
import type { Kind, Resource, ResourceByKind } from "../../src/model/resource/kinds.ts";
import { exportConfigSchema } from "../../src/model/resource/export-config.ts";
import type { SigningKey } from "../../src/model/resource/signing-key.ts";
import type { ResourceCache, ResourceView } from "../../src/store/resource/cache.ts";
import type { TestDatabase } from "../support/database.ts";
import { testFoundation } from "../support/foundation.ts";

export const HOUR = 3600;
export const DAY = 86_400;
/** A midnight. */
export const DAY_ONE: number = 1_700_006_400 - (1_700_006_400 % DAY);

/** A key to insert. It needs regions such as MAG; the rest has defaults. */
export type TestKey = {
  readonly id: string;
  readonly createdAt: number;
  readonly regions?: readonly string[];
  readonly traveler?: boolean;
  readonly revisedAt?: number;
  readonly source?: string;
};

/** 16 bytes that stand for a name. */
export function keyBytes(id: string): Uint8Array {
  return Uint8Array.from(createHash("sha256").update(id).digest().subarray(0, 16));
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** The downloaded files, by name. */
export type Download = {
  readonly name: string;
  readonly zip: Uint8Array;
  readonly file: ExportFile;
};

/** A small server that only exports: real database, blobs and keys in memory. */
export type World = {
  readonly database: TestDatabase;
  readonly blob: BlobStore;
  readonly keys: KeyManager;
  readonly events: ExportEvent[];
  readonly settings: ExportSettings;
  readonly resources: Map<string, Resource>;
  dependencies(overrides?: Partial<ExportDependencies>): ExportDependencies;
  put(...resources: readonly Resource[]): void;
  insert(keys: readonly TestKey[]): Promise<void>;
  run(overrides?: Partial<ExportDependencies>): Promise<ExportSummary>;
  /** The lines of an index; undefined when it does not exist. */
  index(root: string): Promise<readonly string[] | undefined>;
  /** All files that an index names, in its order. Throws when one is missing or invalid. */
  download(root: string): Promise<readonly Download[]>;
  /** Hex of the real keys in these files, in order, and of the generated ones. */
  primaries(files: readonly Download[]): readonly string[];
};

export const SETTINGS: ExportSettings = {
  maxRecords: 500_000,
  minRecords: 0,
  paddingRange: 0,
  minWindowAgeSeconds: 2 * HOUR,
  windowGraceSeconds: 60,
  workerTimeoutSeconds: 300,
  cleanupTtlSeconds: 14 * DAY,
};

/** Hex of a key by its name. */
export function hexKey(id: string): string {
  return hexOf(keyBytes(id));
}

/** A valid config; regions as plain text. */
export function config(
  members: { readonly name: string } & { readonly [K in keyof ExportConfig]?: unknown },
): ExportConfig {
  return exportConfigSchema.parse({
    kind: "ExportConfig",
    bucket: "exports",
    filenameRoot: members.name,
    period: "4h",
    outputRegion: "MAG",
    signingKeys: ["signer"],
    ...members,
  });
}

export function signingKey(name: string, members: Partial<SigningKey> = {}): SigningKey {
  return {
    kind: "SigningKey",
    name,
    key: `local:${name}`,
    keyId: "310",
    version: "v1",
    ...members,
  };
}

export async function openWorld(
  database: TestDatabase,
  overrides: Partial<ExportSettings> = {},
): Promise<World> {
  await database.clear();
  const settings = { ...SETTINGS, ...overrides };
  const resources = new Map<string, Resource>();
  const foundation = await testFoundation(database, {
    config: {
      windows: { windowSeconds: HOUR, graceSeconds: settings.windowGraceSeconds },
      export: settings,
    },
    overrides: { cache: cacheOf(resources) },
  });
  const { blobs: blob, keys } = foundation;
  await keys.create("local:signer", "sign");
  const seededBytes = seeded();
  let processes = 0;
  const events: ExportEvent[] = [];
  const put = (...all: readonly Resource[]): void => {
    for (const one of all) resources.set(`${one.kind}/${one.name}`, one);
  };
  put(signingKey("signer"));
  const world: World = {
    database,
    blob,
    keys,
    events,
    settings,
    resources,
    put,
    dependencies: (changes) => ({
      ...exportDependencies(foundation),
      report: (event) => events.push(event),
      stopwatch: () => 0,
      randomBytes: seededBytes,
      ages: new Map(),
      holder: `process ${processes += 1}`,
      ticker: () => () => {},
      ...changes,
    }),
    insert: async (rows) => {
      for (const row of rows) {
        const revised = row.revisedAt ?? null;
        await database.sql`
          insert into exposure (key, interval_number, interval_count, transmission_risk, report_type,
            days_since_onset, regions, traveler, created_at, source, revised_at, revised_report_type,
            revised_transmission_risk, revised_days_since_onset)
          values (${keyBytes(row.id)}, 2832000, 144, 4, 'likely', 3, ${[
          ...(row.regions ?? ["MAG"]),
        ]},
            ${row.traveler ?? false}, ${row.createdAt}, ${row.source ?? "local"}, ${revised},
            ${revised === null ? null : "confirmed"}, ${revised === null ? null : 2},
            ${revised === null ? null : -1})`;
      }
    },
    run: (changes) => runExport(world.dependencies(changes), new AbortController().signal),
    index: async (root) => {
      const found = await bytesOf(blob, `${root}/index.txt`);
      return found && new TextDecoder().decode(found).split("\n").filter((line) => line !== "");
    },
    download: async (root) => {
      const files: Download[] = [];
      for (const name of await world.index(root) ?? []) {
        const zip = await bytesOf(blob, name);
        if (zip === undefined) throw new Error(`the index names ${name}, which is not there`);
        const file = await readExportFile(zip);
        if (!file.ok) throw new Error(`${name}: ${file.message}`);
        files.push({ name, zip, file: file.value });
      }
      return files;
    },
    primaries: (files) =>
      files.flatMap(({ file }) => [...file.keys()].map((key) => hexOf(key.key))),
  };
  return world;
}

/** The bytes of a stored file; undefined when it does not exist. */
export async function bytesOf(
  blob: BlobStore,
  name: string,
  bucket: string = "exports",
): Promise<Uint8Array | undefined> {
  const found = await blob.get(bucket, name);
  return found &&
    new Uint8Array(
      await new Response(found.body as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer(),
    );
}

function cacheOf(resources: ReadonlyMap<string, Resource>): ResourceCache {
  const view: ResourceView = {
    revision: 1,
    get: <K extends Kind>(kind: K, name: string) =>
      resources.get(`${kind}/${name}`) as ResourceByKind[K] | undefined,
    list: <K extends Kind>(kind: K) =>
      [...resources.values()].filter((one): one is ResourceByKind[K] => one.kind === kind),
  };
  return { view: () => Promise.resolve(view), fresh: () => Promise.resolve(view) };
}

/** Bytes that look random and are the same in every run. */
function seeded(): (length: number) => Uint8Array {
  let calls = 0;
  return (length) => {
    const bytes = new Uint8Array(length);
    calls += 1;
    for (let at = 0; at < length; at += 32) {
      const block = createHash("sha256").update(`random ${calls} ${at}`).digest();
      bytes.set(block.subarray(0, Math.min(32, length - at)), at);
    }
    return bytes;
  };
}
