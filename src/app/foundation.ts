import { hostname } from "node:os";
import type { BlobStore } from "../blob/blob.ts";
import { openBlobStore } from "../blob/open.ts";
import type { Config, Secrets } from "../config/config.ts";
import type { SettingShown } from "../config/environment.ts";
import { AppError } from "../errors.ts";
import { type FetchPolicy, systemResolve } from "../http/guarded-fetch.ts";
import type { KeyManager } from "../keys/key-manager.ts";
import type { Clock } from "../model/clock.ts";
import { type Log } from "../observe/log.ts";
import { sparingLog } from "../observe/sparing-log.ts";
import { pinnedFetch } from "../runtime/pinned-fetch.ts";
import {
  checkDatabase,
  type Database,
  type DatabaseAddress,
  openDatabase,
} from "../store/database.ts";
import { type Clocks, compareClocks } from "../store/clocks.ts";
import { openEmbedded } from "../store/embedded/open.ts";
import { type JobRuns, jobRuns } from "../store/job-run.ts";
import { checkMigrations, migrate } from "../store/migrate.ts";
import { type ResourceCache, resourceCache } from "../store/resource/cache.ts";
import { type ResourceStore, resourceStore } from "../store/resource/resources.ts";
import {
  type ClosedWindowWatermark,
  closedWindowWatermark,
} from "../store/exposure/closed-window-watermark.ts";
import { explainFullDisk, tellFullDisk } from "./full-disk.ts";
import { openKeyManagers } from "./key-managers.ts";
import { type Metrics, openMetrics } from "./metrics.ts";

/** What every part of the program stands on. */
export type Foundation = {
  readonly config: Config;
  readonly secrets: Secrets;
  /** Every setting in force, secrets masked. */
  readonly shown: readonly SettingShown[];
  readonly log: Log;
  readonly crypto: Crypto;
  readonly clock: Clock;
  /** That clock against the database's. */
  readonly clocks: Clocks;
  /** False while both differ by more than CERTIFICATE_CLOCK_SKEW: then certificates cannot be judged. */
  readonly clocksAgree: () => boolean;
  /** Names this process, from its start to its end. */
  readonly processName: string;
  /** How addresses are fetched that operators and peers give us. */
  readonly outgoing: FetchPolicy;
  readonly metrics: Metrics;
  /** Uniform in [0, 1); not for secrets. */
  readonly random: () => number;
  readonly database: Database;
  readonly keys: KeyManager;
  readonly blobs: BlobStore;
  readonly resources: ResourceStore;
  readonly cache: ResourceCache;
  readonly windows: ClosedWindowWatermark;
  readonly jobRuns: JobRuns;
  /** Resolves when the embedded database ends without being asked to. */
  readonly databaseDied: Promise<string>;
  /** A failure as people who run commands should read it; as it is when there is nothing to add. */
  readonly explain: (error: unknown) => Promise<unknown>;
  close(): Promise<void>;
};

/** What a foundation is made from. */
export type FoundationInput = {
  readonly config: Config;
  readonly secrets: Secrets;
  /** For people: every setting in force, secrets masked. */
  readonly shown?: readonly SettingShown[];
  readonly log: Log;
  readonly crypto: Crypto;
  /** A server owns an embedded database alone; a command shares it. */
  readonly owner: "server" | "command";
  /** Where files of an embedded database go that cannot be used where they are. */
  readonly commonFolder?: string;
  /** Ends the wait for another process that changes the schema. */
  readonly signal?: AbortSignal;
  /** In place of what the configuration says. */
  readonly database?: DatabaseAddress;
  readonly overrides?: FoundationOverrides;
};

/** Parts that take the place of those that the configuration asks for, in tests and benches. */
export type FoundationOverrides = Partial<
  Pick<Foundation, "clock" | "clocks" | "random" | "outgoing" | "keys" | "blobs" | "cache">
>;

const SYSTEM_CLOCK: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** How often the log says that the clocks are apart. */
const CLOCKS_APART_LOG_MS = 60_000;
/** Clocks on two machines are never equal, whatever CERTIFICATE_CLOCK_SKEW says. */
const LEAST_SKEW_SECONDS = 5;

const OUTGOING_TIMEOUT_MS = 20_000;
const OUTGOING_MAX_BYTES = 4 * 1024 * 1024;

/** Opens database, keys and storage, checked and with the newest schema. Throws with the setting to mend. */
export async function openFoundation(input: FoundationInput): Promise<Foundation> {
  const { config } = input;
  const given: DatabaseAddress | undefined = input.database ??
    databaseAddress(config);
  const opened = given ?? await openEmbedded({
    dataDirectory: config.dataDirectory,
    owner: input.owner,
    log: input.log,
    ...(input.commonFolder === undefined ? {} : { commonFolder: input.commonFolder }),
  });
  const embedded = "stop" in opened ? opened : undefined;
  const address = "stop" in opened ? opened.address : opened;
  const database = openDatabase({
    address,
    statementTimeoutMs: config.statementTimeoutMs,
    pool: config.databaseReach.pool,
  });
  const explain = (error: unknown) => explainFullDisk(error, address, config);
  try {
    await checkDatabase(database);
    await bringSchema(input, database);
    const log = tellFullDisk(input.log, address, config);
    const foundation = await foundationOn(database, { ...input, log });
    return {
      ...foundation,
      explain,
      ...(embedded === undefined ? {} : { databaseDied: embedded.died }),
      close: async () => {
        await foundation.close();
        await embedded?.stop();
      },
    };
  } catch (error) {
    await database.close(1);
    await embedded?.stop();
    throw await explain(error);
  }
}

/** A foundation on a database that is open and has the newest schema. Closing the foundation closes it. */
export async function foundationOn(
  database: Database,
  input: Omit<FoundationInput, "owner" | "commonFolder" | "database" | "signal">,
): Promise<Foundation> {
  const { config, secrets, log, crypto, overrides = {} } = input;
  const { clock = SYSTEM_CLOCK } = overrides;
  const clocks = overrides.clocks ?? compareClocks(clock);
  const apart = sparingLog(log, "error", "clocks-apart", CLOCKS_APART_LOG_MS);
  const skew = Math.max(config.publish.certificateSkewSeconds, LEAST_SKEW_SECONDS);
  const clocksAgree = (): boolean => Math.abs(clocks.newest()?.offsetSeconds ?? 0) <= skew;
  const resources = resourceStore(database, () => {
    const judge = clocks.compare();
    return (now) => {
      const fault = judge(now);
      if (fault !== undefined || !clocksAgree()) {
        apart({ aheadSeconds: fault?.seconds ?? clocks.newest()?.offsetSeconds });
      }
    };
  });
  return {
    config,
    secrets,
    shown: input.shown ?? [],
    log,
    crypto,
    clock,
    clocks,
    clocksAgree,
    processName: `${hostname()}/${crypto.randomUUID()}`,
    random: Math.random,
    outgoing: {
      fetch: pinnedFetch(),
      resolve: systemResolve,
      allowPrivate: config.peerAllowPrivate,
      timeoutMs: OUTGOING_TIMEOUT_MS,
      maxBytes: OUTGOING_MAX_BYTES,
    },
    metrics: openMetrics(),
    database,
    keys: overrides.keys ??
      (await openKeyManagers(database, { ...input, now: clock.now })).keys,
    blobs: overrides.blobs ?? openBlobStore(config.blobs),
    resources,
    cache: resourceCache(resources, clock.monotonic),
    windows: closedWindowWatermark(database, config.windows, clocks),
    jobRuns: jobRuns(database),
    databaseDied: new Promise(() => {}),
    explain: (error) => Promise.resolve(error),
    close: () => database.close(),
    ...overrides,
  };
}

/** The database of the settings; undefined: the embedded one. */
export function databaseAddress(
  { databaseUrl: url, databasePassword: password, databaseReach: { tls } }: Config,
): DatabaseAddress | undefined {
  if (url === undefined) return undefined;
  return {
    kind: "url",
    url,
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
  };
}

async function bringSchema(
  { config, log, signal }: FoundationInput,
  database: Database,
): Promise<void> {
  if (config.migrateOnStart) {
    const applied = await migrate(database, undefined, signal);
    if (applied.length > 0) log.info("schema-migrated", { migrations: applied.join(" ") });
    return;
  }
  const pending = await checkMigrations(database);
  if (pending.length === 0) return;
  throw new AppError(
    "database_unavailable",
    `the database's schema lacks ${
      pending.join(", ")
    }: run "wayfarer migrate", or set MIGRATE_ON_START=true`,
  );
}
