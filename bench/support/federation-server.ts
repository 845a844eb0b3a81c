import { authenticator } from "../../federation/auth/caller.ts";
import { issuerKeys } from "../../federation/auth/issuer-keys.ts";
import { type OwnSigner, ownSigner } from "../../federation/auth/signer.ts";
import { clientOpener, type OpenClient } from "../../federation/client/peer-client.ts";
import { cursorCodec } from "../../federation/service/cursor.ts";
import { recentFloor } from "../../federation/outbound.ts";
import { rateLimit } from "../../federation/rate.ts";
import { connectClient } from "../../federation/rpc/connect-client.ts";
import { sentDigests } from "../../federation/service/sent-digests.ts";
import { federationServer, MAX_BODY_BYTES } from "../../federation/service/server.ts";
import type { SyncDependencies } from "../../federation/schedule/sync.ts";
import { accept } from "../../src/errors.ts";
import { type LocalKeyRow, localKeys } from "../../src/keys/local.ts";
import type { ServerId } from "../../src/model/ids.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Database } from "../../src/store/database.ts";
import { federationBacklog } from "../../src/store/federation/backlog.ts";
import { federationDigests } from "../../src/store/federation/digest.ts";
import { federationFeed } from "../../src/store/federation/feed.ts";
import { federationInbound } from "../../src/store/federation/inbound.ts";
import { federationKeys } from "../../src/store/federation/own-key.ts";
import { federationPeers } from "../../src/store/federation/peer.ts";
import { seenTokens } from "../../src/store/federation/seen-token.ts";
import { windowFloor, type WindowSettings } from "../../src/store/exposure/window-floor.ts";

/** A server without sockets: it answers requests, and calls its one peer. */
export type BenchServer = {
  readonly call: (request: Request) => Promise<Response>;
  readonly signer: OwnSigner;
  /** What pulling from and pushing to the peer needs. */
  readonly deps: SyncDependencies;
  readonly openClient: OpenClient;
};

/** What a server is made from. */
export type BenchServerOptions = {
  readonly database: Database;
  readonly serverId: ServerId;
  /** Its agreement with the other. */
  readonly peer: Peer;
  /** The other one. */
  readonly other: () => Pick<BenchServer, "call" | "signer">;
  readonly windows: WindowSettings;
};

export const MAX_AGE_SECONDS = 1_296_000;
const MAX_KEYS_PER_SECOND = 10_000_000;
/** Outlives a server that is put together anew on the same database. */
const KEY_ROWS = new Map<ServerId, LocalKeyRow[]>();
const { crypto } = currentRuntime();

/** Puts a server together from the parts that the real one has, sockets left out. */
export async function benchServer(options: BenchServerOptions): Promise<BenchServer> {
  const { database, serverId, peer, other, windows } = options;
  const clockMs = Date.now;
  const rows = KEY_ROWS.get(serverId) ?? [];
  KEY_ROWS.set(serverId, rows);
  const keys = localKeys({
    rows: {
      list: (name) => Promise.resolve(rows.filter((row) => row.name === name)),
      insert: (row) => Promise.resolve(rows.push(row) > 0),
      delete: () => Promise.resolve(false),
    },
    masterKey: new Uint8Array(32),
    crypto,
    now: clockMs,
  });
  const signer = ownSigner({ store: federationKeys(database), keys, crypto, clockMs, serverId });
  const { closedThrough } = windowFloor(database, windows);
  const digests = federationDigests(database);
  const shared = {
    feed: federationFeed(database),
    inbound: federationInbound(database, {
      windowSeconds: windows.windowSeconds,
      writeTimeoutMs: 10_000,
    }),
    serverId,
    clockMs,
    maxAgeSeconds: MAX_AGE_SECONDS,
  };
  const handler = federationServer({
    ...shared,
    closedThrough: recentFloor(closedThrough, clockMs),
    authenticate: authenticator({
      peers: () => Promise.resolve([peer]),
      serverId,
      issuerKeys: issuerKeys({
        readDocument: async (url) => {
          const answer = url.endsWith("jwks.json")
            ? await other().signer.jwks()
            : other().signer.discovery();
          return accept(new Uint8Array(await answer.arrayBuffer()));
        },
        crypto,
        clockMs,
      }),
      seenTokens: seenTokens(database),
      crypto,
      clockMs,
    }),
    cursors: await cursorCodec(crypto, new Uint8Array(32)),
    rate: rateLimit(clockMs),
    record: () => {},
    maxPushKeysPerSecond: MAX_KEYS_PER_SECOND,
    sent: sentDigests(digests),
    publicKeys: () => Promise.resolve("{}"),
    protocols: ["connect"],
    maxBodyBytes: MAX_BODY_BYTES,
    keptSeconds: MAX_AGE_SECONDS,
    requestId: () => "bench",
    onError: (error) => {
      throw error;
    },
  });
  const transports = {
    connect: (baseUrl: string) =>
      connectClient({ baseUrl, fetch: (input, init) => other().call(new Request(input, init)) }),
    grpc: () => () => Promise.reject(new Error("is not called")),
  };
  const openClient = clientOpener(transports, signer.token);
  const places = federationPeers(database);
  return {
    signer,
    openClient,
    call: async (request) => await handler(request, {}),
    deps: {
      ...shared,
      closedThrough,
      openClient,
      notes: places,
      places,
      pulledDigests: digests.pulled,
      keysToPush: federationBacklog(database),
      pace: rateLimit(clockMs),
      crypto,
      random: Math.random,
    },
  };
}
