import type { OwnSigner } from "../../federation/auth/signer.ts";
import type { OpenClient } from "../../federation/client/peer-client.ts";
import type { SyncDependencies } from "../../federation/schedule/sync.ts";
import { federationServer } from "../../federation/service/server.ts";
import { federationParts } from "../../src/app/federation.ts";
import type { ServerId } from "../../src/model/ids.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Database } from "../../src/store/database.ts";
import type { WindowSettings } from "../../src/store/exposure/closed-window-watermark.ts";
import { benchFoundation, fixedResources } from "./foundation.ts";

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

const MAX_KEYS_PER_SECOND = 10_000_000;

/** The real server, sockets left out. */
export async function benchServer(options: BenchServerOptions): Promise<BenchServer> {
  const { database, serverId, peer, other, windows } = options;
  const foundation = await benchFoundation(
    database,
    { serverId, windows, peerMaxKeysPerSecond: MAX_KEYS_PER_SECOND },
    {
      cache: fixedResources([peer]),
      outgoing: {
        fetch: (url, init) => other().call(new Request(url, init)),
        resolve: () => Promise.resolve(["127.0.0.1"]),
        allowPrivate: true,
        timeoutMs: 20_000,
        maxBytes: 4 * 1024 * 1024,
      },
    },
  );
  const { signer, server, jobs } = await federationParts(foundation, currentRuntime());
  const handler = federationServer({
    ...server,
    record: () => {},
    onError: (error) => {
      throw error;
    },
  });
  return {
    signer,
    openClient: jobs.openClient,
    call: async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/.well-known/openid-configuration") return signer.discovery();
      if (pathname === "/.well-known/jwks.json") return await signer.jwks();
      return await handler(request, {});
    },
    deps: jobs,
  };
}
