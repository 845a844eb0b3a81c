import type { CallCredentials } from "../../federation/auth/call-credentials.ts";
import type { Transports } from "../../federation/client/peer-client.ts";
import type { FederationJobDependencies } from "../../federation/schedule/peer-run.ts";
import { cursorCodec } from "../../federation/service/cursor.ts";
import { federationServer } from "../../federation/service/server.ts";
import { federationParts } from "../../src/app/federation.ts";
import type { FederationRuntime } from "../../src/app/peer-transports.ts";
import { AppError } from "../../src/errors.ts";
import type { ServerId } from "../../src/model/ids.ts";
import type { PageRecord } from "../../src/model/peer-sync.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import type { Handler } from "../../src/runtime/runtime.ts";
import type { FederationPages } from "../../src/store/federation/page.ts";
import type { FederationPeers } from "../../src/store/federation/peer.ts";
import { viewOf } from "../../src/store/resource/cache.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import type { TestDatabase } from "../support/database.ts";
import { testFoundation } from "../support/foundation.ts";

/** Servers that reach each other in memory, on one clock. */
export type World = {
  readonly clock: { ms: number };
  /** How long calls were made to wait, in milliseconds; the clock goes on by as much. */
  readonly waits: number[];
  /** Sets the clock of all servers and their databases, in UTC seconds. */
  setTime(seconds: number): Promise<void>;
  /** Adds a server, or makes one anew on the same database as after a restart. */
  server(serverId: ServerId, database: TestDatabase): Promise<Server>;
  readonly handlers: Map<string, Handler>;
};

/** A server with real database, tokens, codecs and cores. */
export type Server = FederationJobDependencies & {
  readonly database: TestDatabase;
  readonly agreements: Peer[];
  readonly transports: Transports;
  readonly credentials: CallCredentials;
  /** Makes a token of this server for another. */
  readonly token: (audience: string) => Promise<string>;
  readonly places: FederationPeers;
  readonly pages: FederationPages;
  readonly thrown: unknown[];
  /** Pages that peers fetched, in place of the history. */
  readonly recorded: PageRecord[];
};

export const WINDOW_SECONDS: number = 3600;
export const GRACE_SECONDS: number = 60;
/** CLEANUP_TTL: 336h. */
export const KEPT_SECONDS = 1_209_600;

/** A runtime whose only way to peers is fetch. */
const WITHOUT_HTTP2: FederationRuntime = {
  exchange: () => Promise.reject(new AppError("fetch_failed", "no native gRPC here")),
  trailers: { ok: false, reason: "requests come in memory" },
};

/** `whileWaiting` is waited for by each call that waits for its turn; the time that it waited has passed after that. */
export function newWorld(
  startSeconds: number,
  whileWaiting: () => Promise<void> = () => Promise.resolve(),
): World {
  const clock = { ms: startSeconds * 1000 };
  const waits: number[] = [];
  const handlers = new Map<string, Handler>();
  const databases = new Set<TestDatabase>();

  const fetchInMemory = async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init);
    const handler = handlers.get(new URL(request.url).origin);
    if (handler === undefined) throw new AppError("fetch_failed", "nobody there");
    return await handler(request, {});
  };
  return {
    clock,
    waits,
    handlers,
    setTime: async (seconds) => {
      clock.ms = seconds * 1000;
      for (const database of databases) await database.setClock(seconds);
    },
    server: async (serverId, database) => {
      databases.add(database);
      await database.setClock(clock.ms / 1000);
      const clockMs = () => clock.ms;
      const agreements: Peer[] = [];
      const thrown: unknown[] = [];
      const recorded: PageRecord[] = [];
      const view = () =>
        Promise.resolve(viewOf(1, agreements.map((resource) => ({ resource, version: 1 }))));
      const foundation = await testFoundation(database, {
        config: {
          serverId,
          windows: { windowSeconds: WINDOW_SECONDS, graceSeconds: GRACE_SECONDS },
        },
        overrides: {
          clock: { now: clockMs, monotonic: clockMs },
          random: () => 0.5,
          cache: { view, fresh: view },
          outgoing: {
            fetch: fetchInMemory,
            resolve: () => Promise.resolve(["127.0.0.1"]),
            allowPrivate: true,
            timeoutMs: 20_000,
            maxBytes: 4 * 1024 * 1024,
          },
        },
      });
      const parts = await federationParts(foundation, WITHOUT_HTTP2);
      const { signer, transports, credentials, jobs, places, pages } = parts;
      const rpc = federationServer({
        ...parts.server,
        cursors: await cursorCodec(NATIVE, new Uint8Array(32).fill(serverId.length)),
        record: (page) => void recorded.push(page),
        requestId: () => "test",
        delay: async (ms) => {
          const until = clock.ms + ms;
          waits.push(ms);
          await whileWaiting();
          clock.ms = Math.max(clock.ms, until);
        },
        onError: (error) => void thrown.push(error),
      });
      handlers.set(serverId, (request, connection) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/.well-known/openid-configuration") return signer.discovery();
        if (pathname === "/.well-known/jwks.json") return signer.jwks();
        return rpc(request, connection);
      });
      return {
        ...jobs,
        database,
        agreements,
        transports,
        credentials,
        token: signer.token,
        thrown,
        recorded,
        places,
        pages,
        peers: () => Promise.resolve(agreements),
        onError: (_peer, _direction, error) => void thrown.push(error),
        intervalMs: 60_000,
      };
    },
  };
}
