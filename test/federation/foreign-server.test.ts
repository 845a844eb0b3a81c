import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { clientOpener } from "../../federation/client.ts";
import { pullJob } from "../../federation/jobs.ts";
import { connectClient } from "../../federation/rpc/connect-client.ts";
import { grpcClient } from "../../federation/rpc/grpc-client.ts";
import { encodeHex } from "../../src/keys/base64.ts";
import { asRegion, asServerId } from "../../src/model/ids.ts";
import type { PageRecord, SyncStatus } from "../../src/model/peer-sync.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { AUTHORITY, SERVER } from "../runtime/certificates.ts";
import { useDatabase } from "../support/database.ts";
import { insertExposures } from "../support/exposure-rows.ts";
import {
  type ForeignAnswer,
  type ForeignScript,
  type ForeignServer,
  foreignServer,
  type JsonKey,
} from "./foreign/python.ts";
import { keyBytes, NOW, peerOf, regionNames } from "./support.ts";
import { newWorld, type Server, type World } from "./world.ts";

const US = asServerId("https://us.example");
const HOUR = 3600;
const MINUTE = 60;

const KEY: JsonKey = {
  transmissionRisk: 2,
  intervalNumber: NOW / 600 - 300,
  intervalCount: 144,
  reportType: "CONFIRMED_TEST",
  traveler: true,
  regions: ["R0"],
};
const key = (number: number, members: JsonKey = {}): JsonKey => ({
  exposureKey: Buffer.from(keyBytes(number)).toString("base64"),
  ...KEY,
  ...members,
});
const state = (timestamp: number, nextToken = "", revisedToken = "") => ({
  keyCursor: { timestamp: String(timestamp), nextToken },
  revisedKeyCursor: { timestamp: String(timestamp), nextToken: revisedToken },
});
/** The last page of a feed. */
const last = (keys: readonly JsonKey[], revisedKeys: readonly JsonKey[] = []) => ({
  page: { keys, revisedKeys, nextFetchState: state(NOW) },
});

/** gRPC's C core with Google's protobuf, by way of Python: nothing of it is ours, nor JavaScript. */
describe("a foreign server", () => {
  const database = useDatabase();
  let world: World;
  let us: Server;

  beforeEach(async () => {
    await database().clear();
    world = newWorld(NOW + MINUTE);
    us = await world.server(US, database());
  });

  type Input = Parameters<typeof peerOf>[0];
  type Pulled = {
    readonly status: SyncStatus | undefined;
    readonly pages: readonly PageRecord[];
    readonly counts: Readonly<Record<string, number>>;
  };

  /** Agrees with the server, and gives what pulls from it by the job. */
  function agree(
    { url }: Pick<ForeignServer, "url">,
    input: Input = {},
    limits: { readonly timeoutMs?: number; readonly ca?: string } = {},
  ): () => Promise<Pulled> {
    const peer: Peer = peerOf({
      name: "foreign",
      serverId: asServerId(url),
      protocol: "grpc",
      ...input,
      accept: { regions: regionNames(1), ...input?.accept },
      pull: { enabled: true, pageSize: 10, ...input?.pull },
    });
    us.agreements.push(peer);
    const { exchange } = currentRuntime();
    const openClient = clientOpener({
      connect: (baseUrl) => connectClient({ baseUrl, fetch }),
      grpc: (baseUrl) => grpcClient({ baseUrl, exchange, ...limits }),
    }, us.token);
    return async () => {
      const counts = await pullJob({ ...us, openClient }).run(new AbortController().signal);
      const { statuses } = await us.statuses();
      expect(us.thrown).toEqual([]);
      return { status: statuses[0], pages: await us.pages.last("foreign", 100), counts };
    };
  }
  const answering = (...answers: ForeignAnswer[]) => foreignServer({ answers });
  const deployed = (feed: ForeignScript["deployed"]) =>
    foreignServer(feed === undefined ? {} : { deployed: feed });
  const stored = async () =>
    await database().sql<{ key: string; regions: string[]; revised: string | null }[]>`
      select encode(key, 'hex') as key, regions, revised_report_type as revised
      from exposure order by key`;
  const storedNumbers = async () => (await stored()).map(({ key }) => Number.parseInt(key, 16));

  it("is read page by page, its state echoed as it came, in gzip, with fields nobody has heard of", async () => {
    const token = "opaque ✓ \u0007 token";
    const server = await answering(
      {
        page: {
          keys: [key(1, { reportType: "CONFIRMED_CLINICAL_DIAGNOSIS" }), key(2)],
          partialResponse: true,
          nextFetchState: state(NOW - HOUR, token),
        },
        gzip: true,
      },
      {
        page: {
          keys: [key(3)],
          revisedKeys: [key(1, { reportType: "REVOKED" })],
          partialResponse: true,
          nextFetchState: state(NOW, "", token),
        },
        unknown: true,
      },
      { ...last([key(4)]), gzip: true, unknown: true },
    );
    const { status, counts } = await agree(server, { accept: { acceptClinical: true } })();
    expect(status).toMatchObject({ state: "ok", failures: 0 });
    expect(counts).toEqual({ keys: 5, stored: 4, revised: 1 });
    expect(await storedNumbers()).toEqual([1, 2, 3, 4]);
    const calls = await server.finish();
    expect(calls.map(({ echoed }) => echoed)).toEqual([undefined, true, true]);
    expect(calls[0]?.request).toEqual({
      includeRegions: ["R0"],
      onlyTravelers: true,
      maxExposureKeys: 10,
    });
  });

  it("is told who calls: a token of ours, of its own for every call", async () => {
    const server = await answering(
      { page: { keys: [key(1)], partialResponse: true, nextFetchState: state(NOW, "x") } },
      last([]),
    );
    await agree(server)();
    const handler = world.handlers.get(US);
    const published = await handler?.(new Request(`${US}/.well-known/jwks.json`), {});
    const keys = createLocalJWKSet(await published?.json());
    const ids = new Set<unknown>();
    for (const { metadata = {} } of await server.finish()) {
      expect(metadata).toMatchObject({ "authorization": expect.stringMatching(/^Bearer \S+$/) });
      const token = metadata["authorization"]?.slice("Bearer ".length) ?? "";
      expect(decodeProtectedHeader(token)).toMatchObject({ alg: "ES256", typ: "JWT" });
      const { payload } = await jwtVerify(token, keys, {
        issuer: US,
        subject: US,
        audience: server.url,
        currentDate: new Date(world.clock.ms),
      });
      expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
      ids.add(payload.jti);
    }
    expect(ids.size).toBe(2);
  });

  it("may speak TLS, as deployed ones do, and must show a certificate that holds", async () => {
    const { port } = await foreignServer({ tls: SERVER, answers: [last([key(1)])] });
    const url = `https://localhost:${port}`;
    expect((await agree({ url }, {}, { ca: AUTHORITY })()).status).toMatchObject({ state: "ok" });
    us.agreements.length = 0;
    await world.setTime(NOW + HOUR);
    expect((await agree({ url })()).status).toMatchObject({
      state: "failing",
      error: "fetch_failed",
    });
    expect(await storedNumbers()).toEqual([1]);
  });

  it("is found to speak native gRPC when the agreement does not say what it speaks", async () => {
    const server = await answering(last([key(1)]));
    const { status } = await agree(server, { protocol: "auto" })();
    expect(status).toMatchObject({ state: "ok" });
    expect(await storedNumbers()).toEqual([1]);
  });

  it("has its bad keys counted by reason, and the rest taken", async () => {
    const server = await answering(last([
      key(1),
      key(2, { reportType: "UNKNOWN" }),
      key(3, { reportType: "RECURSIVE" }),
      key(4, { reportType: 77 }),
      key(5, { reportType: "SELF_REPORT" }),
      key(6, { reportType: "CONFIRMED_CLINICAL_DIAGNOSIS" }),
      key(7, { reportType: "REVOKED" }),
      key(8, { regions: [] }),
      key(9, { traveler: false }),
      key(10, { intervalCount: 145 }),
      key(11, { transmissionRisk: -1 }),
      key(12, { exposureKey: Buffer.alloc(15).toString("base64") }),
      key(13, { hasSymptomOnset: true, daysSinceOnsetOfSymptoms: -28 }),
      key(14),
      key(14),
    ]));
    const { status, pages } = await agree(server)();
    expect(status).toMatchObject({ state: "ok" });
    expect(pages[0]).toMatchObject({
      keys: 15,
      verdicts: {
        stored: 3,
        duplicate: 1,
        report_type: 3,
        self_report: 1,
        clinical: 1,
        revoked: 1,
        region: 1,
        not_traveler: 1,
        interval_count: 1,
        risk: 1,
        key_length: 1,
      },
    });
    expect(await storedNumbers()).toEqual([1, 13, 14]);
    const [days] = await database().sql`
      select days_since_onset from exposure where key = ${keyBytes(13)}`;
    expect(days).toEqual({ days_since_onset: null });
  });

  it("may write its regions in lower case; they get our names, and the others go", async () => {
    const server = await answering(
      last([
        key(1, { regions: [" r0 ", "r1", "r5"] }),
        key(2, { regions: ["r1"] }),
        key(3, { regions: ["r5"] }),
      ]),
    );
    const { pages } = await agree(server, {
      accept: { regions: regionNames(2), assignRegions: { R1: asRegion("MAG") } },
    })();
    expect(pages[0]?.verdicts).toEqual({ stored: 2, region: 1 });
    expect((await stored()).map(({ regions }) => regions)).toEqual([["R0", "MAG"], ["MAG"]]);
    expect((await server.finish())[0]?.request?.includeRegions).toEqual(["R0", "R1"]);
  });

  it("revises its own keys, once; what it revises of others' is refused, what is new is taken", async () => {
    const clinical = { reportType: "CONFIRMED_CLINICAL_DIAGNOSIS" };
    const server = await answering(
      last([key(1, clinical), key(2, clinical), key(6)]),
      last([], [
        key(1, { transmissionRisk: 4 }),
        key(2, { reportType: "REVOKED" }),
        key(3),
        key(4, { reportType: "REVOKED" }),
        key(5, { reportType: "REVOKED" }),
        key(6, { reportType: "REVOKED" }),
      ]),
      last([], [key(1, { reportType: "REVOKED" }), key(2, { reportType: "REVOKED" })]),
    );
    const pull = agree(server, { accept: { acceptClinical: true } });
    await pull();
    await insertExposures(database(), [
      { key: keyBytes(5), created_at: NOW - HOUR, report_type: "likely" },
    ]);
    await world.setTime(NOW + 10 * MINUTE);
    expect((await pull()).pages[0]?.verdicts).toEqual({
      revised: 2,
      stored: 1,
      revoked: 1,
      other_source: 1,
      transition: 1,
    });
    await world.setTime(NOW + 20 * MINUTE);
    expect((await pull()).pages[0]?.verdicts).toEqual({ already_revised: 1, duplicate: 1 });
    expect((await stored()).map(({ key, revised }) => [Number.parseInt(key, 16), revised]))
      .toEqual([[1, "confirmed"], [2, "negative"], [3, null], [5, null], [6, null]]);
  });

  const run = (at: number, first: number, count: number, reportType: string) => ({
    at,
    first,
    count,
    key: { ...KEY, reportType },
  });
  const fresh = (at: number, first: number, count: number) =>
    run(at, first, count, "CONFIRMED_CLINICAL_DIAGNOSIS");
  const revoked = (at: number, first: number, count: number) => run(at, first, count, "REVOKED");
  const clinical = { accept: { acceptClinical: true } };

  it("with the habits of deployed ones is read to its end, and goes on with the next window", async () => {
    const server = await deployed({
      limit: 500,
      window: NOW,
      keys: [fresh(NOW - 3 * HOUR, 0, 7), fresh(NOW - 2 * HOUR, 7, 8), fresh(NOW - HOUR, 15, 3)],
      revised: [revoked(NOW - HOUR, 0, 4)],
    });
    const pull = agree(server, clinical);
    const { status } = await pull();
    expect(status).toMatchObject({ state: "ok" });
    expect(await storedNumbers()).toEqual(Array.from({ length: 18 }, (_, number) => number));
    expect((await stored()).filter(({ revised }) => revised === "negative").length).toBe(4);
    await world.setTime(NOW + 10 * MINUTE);
    expect((await pull()).status).toMatchObject({ state: "ok" });
    const calls = await server.finish();
    expect(calls.slice(1).every(({ echoed }) => echoed === true)).toBe(true);
    expect(calls.length).toBeLessThan(10);
  });

  it("that repeats its page is asked for a larger one, and so read", async () => {
    const server = await deployed({ limit: 500, window: NOW, keys: [fresh(NOW - HOUR, 0, 35)] });
    const { status } = await agree(server, clinical)();
    expect(status).toMatchObject({ state: "ok" });
    expect((await storedNumbers()).length).toBe(35);
    expect((await server.finish()).map(({ request }) => request?.maxExposureKeys))
      .toEqual([10, 10, 40]);
  });

  it("that repeats its page of revised keys while its timestamp creeps on is read all the same", async () => {
    const revised = [revoked(NOW - HOUR, 0, 35)];
    const keys = [fresh(NOW - 2 * HOUR, 0, 35)];
    const server = await deployed({ limit: 500, window: NOW, keys, revised });
    const { status } = await agree(server, clinical)();
    expect(status).toMatchObject({ state: "ok" });
    expect((await stored()).filter(({ revised }) => revised === "negative").length).toBe(35);
    expect((await server.finish()).length).toBeLessThan(10);
  });

  it.each([["keys", 0], ["revised keys", 30]])(
    "that repeats its page of %s whatever its size is reported, and not asked for ever",
    async (what, first) => {
      const revised = what === "keys" ? [] : [revoked(NOW - HOUR, 0, 90)];
      const keys = [fresh(NOW - HOUR, 0, what === "keys" ? 90 : first)];
      const server = await deployed({ limit: 40, window: NOW, keys, revised });
      const { status } = await agree(server, clinical)();
      expect(status).toMatchObject({
        state: "failing",
        failures: 1,
        error:
          "fetch_failed: the peer repeats a page for ever: it has more keys in one window than it sends at once",
      });
      expect((await storedNumbers()).length).toBe(what === "keys" ? 40 : 30);
      expect((await server.finish()).length).toBeLessThan(12);
    },
  );

  it.each<[string, SyncStatus["state"], string]>([
    ["UNAVAILABLE", "failing", "unavailable: the peer answered unavailable: not today"],
    [
      "RESOURCE_EXHAUSTED",
      "failing",
      "resource_exhausted: the peer answered resource_exhausted: not today",
    ],
    [
      "PERMISSION_DENIED",
      "refused",
      "permission_denied: the peer answered permission_denied: not today",
    ],
    ["UNAUTHENTICATED", "refused", "unauthenticated: the peer answered unauthenticated: not today"],
    ["INTERNAL", "failing", "fetch_failed: the peer answered internal: not today"],
    ["UNKNOWN", "failing", "fetch_failed: the peer answered unknown: not today"],
    [
      "INVALID_ARGUMENT",
      "failing",
      "invalid_argument: the peer answered invalid_argument: not today",
    ],
    ["UNIMPLEMENTED", "failing", "unimplemented: the peer answered unimplemented: not today"],
  ])("that answers %s is %s, and tried again later", async (name, standing, error) => {
    const server = await answering({ status: name, text: "not today" }, last([key(1)]));
    const pull = agree(server);
    expect((await pull()).status).toMatchObject({ state: standing, failures: 1, error });
    await world.setTime(NOW + 2 * MINUTE);
    expect((await pull()).status).toMatchObject({ state: "ok", failures: 0 });
    expect(await storedNumbers()).toEqual([1]);
    expect((await server.finish()).length).toBe(2);
  });

  it("that fails between two pages is asked for the second one alone", async () => {
    const server = await answering(
      { page: { keys: [key(1)], partialResponse: true, nextFetchState: state(NOW, "1") } },
      { status: "UNAVAILABLE" },
      last([key(2)]),
    );
    const pull = agree(server);
    expect((await pull()).status).toMatchObject({ state: "failing" });
    expect(await storedNumbers()).toEqual([1]);
    await world.setTime(NOW + 2 * MINUTE);
    expect((await pull()).status).toMatchObject({ state: "ok" });
    expect(await storedNumbers()).toEqual([1, 2]);
    expect((await server.finish()).map(({ echoed }) => echoed)).toEqual([undefined, true, true]);
  });

  it("that says how long to wait is waited for", async () => {
    const server = await answering({
      status: "RESOURCE_EXHAUSTED",
      trailers: { "retry-after": "30" },
    });
    expect((await agree(server)()).status).toMatchObject({
      state: "behind",
      nextTryAt: NOW + MINUTE + 30,
    });
  });

  it("that stalls is given up at the deadline, and sees the call end", async () => {
    const server = await answering({ stall: true });
    expect((await agree(server, {}, { timeoutMs: 300 })()).status).toMatchObject({
      state: "failing",
      error: "deadline_exceeded",
    });
    expect((await server.finish()).at(-1)).toEqual({ canceled: true });
  });

  it.each<[string, ForeignAnswer, string]>([
    [
      "rubbish",
      { raw: encodeHex(new Uint8Array(64).fill(0xff)) },
      "fetch_failed: the answer is not the message that was asked for",
    ],
    [
      "a message cut short",
      { raw: "0a64" },
      "fetch_failed: the answer is not the message that was asked for",
    ],
    ["nothing", { raw: "" }, "fetch_failed: the peer sent no state to go on from"],
    [
      "5 MiB",
      { padding: 5 * 1024 * 1024 },
      "limit_exceeded: the answer is larger than 4194309 bytes",
    ],
  ])("that answers %s fails, and nothing else does", async (_, answer, error) => {
    const server = await answering(answer);
    expect((await agree(server)()).status).toMatchObject({ state: "failing", error });
    expect(await stored()).toEqual([]);
    expect((await server.finish()).length).toBe(1);
  });
});
