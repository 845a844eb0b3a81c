import { authenticator } from "../../federation/auth/caller.ts";
import { issuerKeys } from "../../federation/auth/issuer-keys.ts";
import { ownSigner } from "../../federation/auth/signer.ts";
import {
  clientOpener,
  type OpenClient,
  type Transports,
} from "../../federation/client/peer-client.ts";
import { cursorCodec } from "../../federation/service/cursor.ts";
import type { FederationJobDependencies } from "../../federation/schedule/peer-run.ts";
import { recentFloor } from "../../federation/outbound.ts";
import { rateLimit } from "../../federation/rate.ts";
import { connectClient } from "../../federation/rpc/connect-client.ts";
import { sentDigests } from "../../federation/service/sent-digests.ts";
import { federationServer, MAX_BODY_BYTES } from "../../federation/service/server.ts";
import { accept, AppError, refuse } from "../../src/errors.ts";
import { localKeys } from "../../src/keys/local.ts";
import type { ServerId } from "../../src/model/ids.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import type { Handler } from "../../src/runtime/runtime.ts";
import { federationBacklog } from "../../src/store/federation/backlog.ts";
import { federationDigests } from "../../src/store/federation/digest.ts";
import { federationFeed } from "../../src/store/federation/feed.ts";
import { federationInbound } from "../../src/store/federation/inbound.ts";
import { federationKeys } from "../../src/store/federation/own-key.ts";
import { federationPages } from "../../src/store/federation/page.ts";
import { type FederationPeers, federationPeers } from "../../src/store/federation/peer.ts";
import { leases } from "../../src/store/lease.ts";
import { holdLease } from "../../src/store/lease-hold.ts";
import { seenTokens } from "../../src/store/federation/seen-token.ts";
import { windowFloor } from "../../src/store/exposure/window-floor.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import type { TestDatabase } from "../support/database.ts";
import { memoryKeyRows } from "../support/local-key-rows.ts";
import { MAX_AGE_SECONDS } from "./support.ts";

/** Servers that reach each other in memory, on one clock. */
export type World = {
  readonly clock: { ms: number };
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
  /** Makes a token of this server for another. */
  readonly token: (audience: string) => Promise<string>;
  readonly places: FederationPeers;
  readonly pages: ReturnType<typeof federationPages>;
  readonly thrown: unknown[];
  /** Pages that peers fetched; written without being waited for. */
  readonly recorded: unknown[];
};

export const WINDOW_SECONDS: number = 3600;
export const GRACE_SECONDS: number = 60;
/** CLEANUP_TTL: 336h. */
export const KEPT_SECONDS = 1_209_600;

export function newWorld(startSeconds: number): World {
  const clock = { ms: startSeconds * 1000 };
  const handlers = new Map<string, Handler>();
  const databases = new Set<TestDatabase>();

  const fetchInMemory = async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init);
    const handler = handlers.get(new URL(request.url).origin);
    if (handler === undefined) throw new AppError("fetch_failed", "nobody there");
    return await handler(request, {});
  };
  const readDocument = async (url: string) => {
    try {
      const response = await fetchInMemory(url);
      if (response.status !== 200) return refuse("fetch_failed", `HTTP ${response.status}`);
      return accept(new Uint8Array(await response.arrayBuffer()));
    } catch {
      return refuse("fetch_failed");
    }
  };

  return {
    clock,
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
      const recorded: unknown[] = [];
      const peers = () => Promise.resolve(agreements);
      const keys = localKeys({
        rows: memoryKeyRows(),
        masterKey: new Uint8Array(32).fill(9),
        crypto: NATIVE,
        now: clockMs,
      });
      const signer = ownSigner({
        store: federationKeys(database),
        keys,
        crypto: NATIVE,
        clockMs,
        serverId,
      });
      const authenticate = authenticator({
        peers,
        serverId,
        issuerKeys: issuerKeys({ readDocument, crypto: NATIVE, clockMs }),
        seenTokens: seenTokens(database),
        crypto: NATIVE,
        clockMs,
      });
      const floor = windowFloor(database, {
        windowSeconds: WINDOW_SECONDS,
        graceSeconds: GRACE_SECONDS,
      });
      const shared = {
        feed: federationFeed(database),
        inbound: federationInbound(database, {
          windowSeconds: WINDOW_SECONDS,
          writeTimeoutMs: 10_000,
        }),
        closedThrough: recentFloor(floor.closedThrough, clockMs),
        serverId,
        clockMs,
        maxAgeSeconds: MAX_AGE_SECONDS,
      };
      const digests = federationDigests(database);
      const rpc = federationServer({
        ...shared,
        authenticate,
        cursors: await cursorCodec(NATIVE, new Uint8Array(32).fill(serverId.length)),
        rate: rateLimit(clockMs),
        record: (page) => void recorded.push(page),
        maxPushKeysPerSecond: 100_000,
        sent: sentDigests(digests),
        publicKeys: async () => await (await signer.jwks()).text(),
        protocols: ["connect"],
        maxBodyBytes: MAX_BODY_BYTES,
        keptSeconds: KEPT_SECONDS,
        requestId: () => "test",
        onError: (error) => void thrown.push(error),
      });
      handlers.set(serverId, (request, connection) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/.well-known/openid-configuration") return signer.discovery();
        if (pathname === "/.well-known/jwks.json") return signer.jwks();
        return rpc(request, connection);
      });
      const transports: Transports = {
        connect: (baseUrl) => connectClient({ baseUrl, fetch: fetchInMemory }),
        grpc: () => () => Promise.resolve(refuse("fetch_failed", "no native gRPC here")),
      };
      const openClient: OpenClient = clientOpener(transports, signer.token);
      const places = federationPeers(database);
      return {
        ...shared,
        closedThrough: floor.closedThrough,
        database,
        agreements,
        transports,
        token: signer.token,
        thrown,
        recorded,
        openClient,
        places,
        notes: places,
        statuses: places.statuses,
        pulledDigests: digests.pulled,
        keysToPush: federationBacklog(database),
        pace: rateLimit(clockMs),
        pages: federationPages(database),
        crypto: NATIVE,
        random: () => 0.5,
        peers,
        hold: (name) => holdLease(leases(database), name, crypto.randomUUID(), 60),
        onError: (_peer, _direction, error) => void thrown.push(error),
        intervalMs: 60_000,
      };
    },
  };
}
