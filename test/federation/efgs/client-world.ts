import { type FederationParts, federationParts } from "../../../src/app/federation.ts";
import type { FederationRuntime } from "../../../src/app/peer-transports.ts";
import { fileKeys } from "../../../src/keys/file.ts";
import { openKeys } from "../../../src/keys/open.ts";
import { jsonLog } from "../../../src/observe/log.ts";
import { asRegion, asServerId } from "../../../src/model/ids.ts";
import { type Peer, peerSchema } from "../../../src/model/resource/peer.ts";
import { viewOf } from "../../../src/store/resource/cache.ts";
import { runPeer } from "../../../federation/schedule/peer-run.ts";
import { NATIVE } from "../../support/crypto-providers.ts";
import type { TestDatabase } from "../../support/database.ts";
import { testFoundation } from "../../support/foundation.ts";
import { insertExposures } from "../../support/exposure-rows.ts";
import { type NationalBackEnd, NOW, YESTERDAY } from "./gateway/world.ts";

/** The URL under which national back ends know the gateway in tests. */
export const GATEWAY = "https://gateway.example";

/** What the gateway answers to a request: ours in this process, or whatever a test wants. */
export type AnswerRequest = (request: Request) => Promise<Response> | Response;

/** A national back end of ours. */
export type TestClient = {
  readonly parts: FederationParts;
  readonly database: TestDatabase;
  /** Lines that it logged. */
  readonly logged: readonly string[];
  /** Replaces the agreement. */
  agree(
    changes?: Readonly<Record<string, unknown>>,
    efgs?: Readonly<Record<string, unknown>>,
  ): void;
  /** Runs one direction now; what `peer status` says afterwards. */
  sync(direction: "pull" | "push", signal?: AbortSignal): Promise<SyncSeen>;
  /** Stores a key as if a phone had published it an hour before yesterday's end. */
  publish(number: number, changes?: Readonly<Record<string, unknown>>): Promise<void>;
  setTime(seconds: number): Promise<void>;
};

/** What a run came to. */
export type SyncSeen = {
  readonly counts: Readonly<Record<string, number>>;
  readonly state: string | undefined;
  readonly error: string | undefined;
};

/** When keys were published that tests upload: noon of yesterday; they ended the day before. */
export const PUBLISHED: number = NOW - 86_400;

export async function openTestClient(
  backEnd: NationalBackEnd,
  database: TestDatabase,
  answer: AnswerRequest,
): Promise<TestClient> {
  const clock = { ms: NOW * 1000 };
  await database.setClock(NOW);
  const agreements: Peer[] = [];
  const view = () =>
    Promise.resolve(viewOf(1, agreements.map((resource) => ({ resource, version: 1 }))));
  const logged: string[] = [];
  const quiet = await testFoundation(database, {
    config: { serverId: `https://${backEnd.name.toLowerCase()}.example` },
    overrides: {
      clock: { now: () => clock.ms, monotonic: () => clock.ms },
      random: () => 0.5,
      cache: { view, fresh: view },
      outgoing: {
        fetch: async (url, init) => await answer(new Request(url, init)),
        resolve: () => Promise.resolve(["127.0.0.1"]),
        allowPrivate: true,
        timeoutMs: 20_000,
        maxBytes: 4 * 1024 * 1024,
      },
    },
  });
  const foundation = {
    ...quiet,
    keys: openKeys({ local: quiet.keys, file: fileKeys({ crypto: NATIVE }) }),
    log: jsonLog("debug", (line) => logged.push(line), Date.now),
  };
  const parts = await federationParts(foundation, NO_TLS);
  return {
    parts,
    database,
    logged,
    agree: (changes = {}, efgs = {}) => {
      agreements.splice(0, Infinity, agreementOf(backEnd, changes, efgs));
    },
    sync: async (direction, signal = new AbortController().signal) => {
      const { counts } = await runPeer(
        direction,
        "gateway",
        parts.jobs,
        "now",
        signal,
      );
      const { statuses } = await parts.jobs.statuses();
      const status = statuses.find((one) => one.direction === direction);
      return { counts, state: status?.state, error: status?.error };
    },
    publish: (number, changes = {}) => {
      const key = new Uint8Array(16);
      new DataView(key.buffer).setUint32(12, number);
      key.set(new TextEncoder().encode(backEnd.name));
      const span = { interval_number: YESTERDAY - 144, interval_count: 144 };
      return insertExposures(database, [{
        key,
        created_at: PUBLISHED,
        regions: [asRegion(backEnd.name)],
        transmission_risk: 3,
        ...span,
        ...changes,
      }]);
    },
    setTime: async (seconds) => {
      clock.ms = seconds * 1000;
      await database.setClock(seconds);
    },
  };
}

/** The agreement of a back end with the gateway: travelers' keys, all countries that tests use. */
export function agreementOf(
  { name, signing }: NationalBackEnd,
  changes: Readonly<Record<string, unknown>> = {},
  efgs: Readonly<Record<string, unknown>> = {},
): Peer {
  return peerSchema.parse({
    kind: "Peer",
    name: "gateway",
    serverId: asServerId(GATEWAY),
    protocol: "efgs",
    send: { regions: [name] },
    accept: { regions: ["DE", "FR", "IE"].filter((one) => one !== name), acceptClinical: true },
    pull: { enabled: true },
    push: { enabled: true },
    ...changes,
    efgs: {
      country: name,
      participants: ["DE", "FR", "IE"],
      countries: { DE: "DE", FR: "FR", IE: "IE" },
      signingKey: `file:${signing.keyFile}`,
      signingCertificate: signing.cert,
      verifySignatures: "off",
      ...efgs,
    },
  });
}

const NO_TLS: FederationRuntime = {
  trailers: { ok: false, reason: "not in this test" },
  exchange: () => Promise.reject(new Error("no HTTP/2 in this test")),
};
