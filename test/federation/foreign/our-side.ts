import { beforeEach, expect } from "vitest";
import { clientOpener } from "../../../federation/client/peer-client.ts";
import { pullJob } from "../../../federation/schedule/jobs.ts";
import { connectClient } from "../../../federation/rpc/connect-client.ts";
import { grpcClient } from "../../../federation/rpc/grpc-client.ts";
import { asServerId } from "../../../src/model/ids.ts";
import type { PageRecord, SyncStatus } from "../../../src/model/peer-sync.ts";
import { currentRuntime } from "../../../src/runtime/current.ts";
import { type TestDatabase, useDatabase } from "../../support/database.ts";
import { keyBytes, NOW, peerOf, regionNames } from "../support.ts";
import { newWorld, type Server, type World } from "../world.ts";
import {
  type ForeignAnswer,
  type ForeignScript,
  type ForeignServer,
  foreignServer,
  type JsonKey,
} from "./python.ts";

/** A key that every agreement here takes, but for its number. */
export const KEY: JsonKey = {
  transmissionRisk: 2,
  intervalNumber: NOW / 600 - 300,
  intervalCount: 144,
  reportType: "CONFIRMED_TEST",
  traveler: true,
  regions: ["R0"],
};

/** The key of a number. */
export const key = (number: number, members: JsonKey = {}): JsonKey => ({
  exposureKey: Buffer.from(keyBytes(number)).toString("base64"),
  ...KEY,
  ...members,
});

/** The state of a feed. */
export const state = (timestamp: number, nextToken = "", revisedToken = ""): object => ({
  keyCursor: { timestamp: String(timestamp), nextToken },
  revisedKeyCursor: { timestamp: String(timestamp), nextToken: revisedToken },
});

/** The last page of a feed. */
export const last = (
  keys: readonly JsonKey[],
  revisedKeys: readonly JsonKey[] = [],
): ForeignAnswer => ({ page: { keys, revisedKeys, nextFetchState: state(NOW) } });

/** A server that gives these answers. */
export const answering = (...answers: ForeignAnswer[]): Promise<ForeignServer> =>
  foreignServer({ answers });

/** A server with the habits of deployed ones. */
export const deployed = (
  feed: NonNullable<ForeignScript["deployed"]>,
): Promise<ForeignServer> => foreignServer({ deployed: feed });

/** How a pull came out. */
export type Pulled = {
  readonly status: SyncStatus | undefined;
  /** Newest first. */
  readonly pages: readonly PageRecord[];
  readonly counts: Readonly<Record<string, number>>;
};

/** What is stored of a key. */
export type StoredKey = {
  readonly number: number;
  readonly regions: readonly string[];
  readonly risk: number;
  readonly revised: string | null;
};

/** Our side of an agreement with a foreign server, on a real database; anew for each test. */
export type OurSide = {
  readonly world: () => World;
  readonly us: () => Server;
  readonly database: () => TestDatabase;
  /** Agrees with the server, and gives what runs the job that pulls from it. */
  agree(
    server: Pick<ForeignServer, "url">,
    input?: Parameters<typeof peerOf>[0],
    limits?: { readonly timeoutMs?: number; readonly ca?: string },
  ): (signal?: AbortSignal) => Promise<Pulled>;
  /** In the order of their numbers. */
  stored(): Promise<readonly StoredKey[]>;
  storedNumbers(): Promise<readonly number[]>;
};

/** For the test file that calls this where it describes. */
export function ourSide(): OurSide {
  const database = useDatabase();
  let world: World;
  let us: Server;

  beforeEach(async () => {
    await database().clear();
    world = newWorld(NOW + 60);
    us = await world.server(asServerId("https://us.example"), database());
  });

  const stored = async (): Promise<readonly StoredKey[]> => {
    const rows = await database().sql<(Omit<StoredKey, "number"> & { readonly hex: string })[]>`
      select encode(key, 'hex') as hex, regions, revised_report_type as revised,
        coalesce(revised_transmission_risk, transmission_risk) as risk
      from exposure order by key`;
    return rows.map(({ hex, ...row }) => ({ number: Number.parseInt(hex, 16), ...row }));
  };
  return {
    world: () => world,
    us: () => us,
    database,
    agree: ({ url }, input = {}, limits = {}) => {
      us.agreements.push(peerOf({
        name: "foreign",
        serverId: asServerId(url),
        protocol: "grpc",
        ...input,
        accept: { regions: regionNames(1), ...input.accept },
        pull: { enabled: true, pageSize: 10, ...input.pull },
      }));
      const { exchange } = currentRuntime();
      const openClient = clientOpener({
        connect: (baseUrl) => connectClient({ baseUrl, fetch }),
        grpc: (baseUrl) => grpcClient({ baseUrl, exchange, ...limits }),
      }, us.credentials);
      return async (signal = new AbortController().signal) => {
        const counts = await pullJob({ ...us, openClient }).run(signal);
        const { statuses } = await us.statuses();
        expect(us.thrown).toEqual([]);
        return { status: statuses[0], pages: await us.pages.last("foreign", 100), counts };
      };
    },
    stored,
    storedNumbers: async () => (await stored()).map(({ number }) => number),
  };
}
