import {
  type ClientUnaryCall,
  credentials,
  makeGenericClientConstructor,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { peerClient } from "../../federation/client/peer-client.ts";
import { pullFrom } from "../../federation/client/pull.ts";
import { connectClient } from "../../federation/rpc/connect-client.ts";
import { grpcClient } from "../../federation/rpc/grpc-client.ts";
import { FederationFetchRequest, FederationFetchResponse } from "../../proto/gen/federation.js";
import { encodeHex } from "../../src/bytes/base64.ts";
import { asServerId } from "../../src/model/ids.ts";
import { peerSchema } from "../../src/model/resource/peer.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Listening } from "../../src/runtime/runtime.ts";
import { useDatabase } from "../support/database.ts";
import { insertExposures } from "../support/exposure-rows.ts";
import { keyBytes, NOW, peerOf, regionNames, showing } from "./support.ts";
import { newWorld, type Server } from "./world.ts";

const HOME = asServerId("https://home.example");
const runtime = currentRuntime();

type Fetch = (
  request: FederationFetchRequest.$Properties,
  metadata: Metadata,
  answer: (error: ServiceError | null, value?: FederationFetchResponse) => void,
) => ClientUnaryCall;

/** What a deployed peer is made of: native gRPC, the path without a package, fields below 100. */
const DeployedClient = makeGenericClientConstructor({
  Fetch: {
    path: "/Federation/Fetch",
    requestStream: false,
    responseStream: false,
    requestSerialize: (value: FederationFetchRequest.$Properties) =>
      Buffer.from(FederationFetchRequest.encode(value).finish()),
    requestDeserialize: (bytes: Buffer) => FederationFetchRequest.decode(bytes),
    responseSerialize: (value: FederationFetchResponse) =>
      Buffer.from(FederationFetchResponse.encode(value).finish()),
    responseDeserialize: (bytes: Buffer) => FederationFetchResponse.decode(bytes),
  },
}, "Federation");

describe.runIf(runtime.trailers.ok)("a server on a port", () => {
  const databases = [useDatabase(), useDatabase()] as const;
  let listening: Listening;
  let home: Server;
  let away: Server;
  let token: string;
  const url = () => `http://127.0.0.1:${listening.port}`;

  beforeAll(async () => {
    const pair = await generateKeyPair("RS256", { extractable: true });
    token = await new SignJWT({})
      .setProtectedHeader({ alg: "RS256", kid: "1" })
      .setIssuer("https://accounts.example").setSubject("robot").setAudience("keys")
      .setIssuedAt(NOW).setExpirationTime(NOW + 3600)
      .sign(pair.privateKey);
    const world = newWorld(NOW + 60);
    home = await world.server(HOME, databases[0]());
    home.agreements.push(peerSchema.parse({
      kind: "Peer",
      name: "deployed",
      serverId: "https://deployed.example",
      auth: {
        issuer: "https://accounts.example",
        subject: "robot",
        audience: "keys",
        jwks: { keys: [{ ...await exportJWK(pair.publicKey), kid: "1" }] },
      },
      send: { regions: ["R0"] },
    }));
    away = await world.server(asServerId("https://away.example"), databases[1]());
    const handler = world.handlers.get(HOME);
    if (handler === undefined) throw new Error("no handler");
    listening = await runtime.listen(handler, { host: "127.0.0.1", port: 0 });
  });
  afterAll(() => listening.close(1000));

  beforeEach(async () => {
    await Promise.all(
      databases.map((database) => database().bulk`truncate exposure, peer_cursor, peer_digest`),
    );
    await insertExposures(
      home.database,
      Array.from({ length: 25 }, (_, index) => ({
        key: keyBytes(index),
        created_at: NOW - 3600 * (1 + index % 3),
        report_type: "likely",
        ...(index % 5 === 0 ? { revised_at: NOW - 3600, revised_report_type: "confirmed" } : {}),
      })),
    );
  });

  it("serves a deployed peer page by page", async () => {
    const client = new DeployedClient(url().replace("http://", ""), credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${token}`);
    const call = (request: FederationFetchRequest.$Properties) =>
      new Promise<FederationFetchResponse>((resolve, reject) => {
        const fetch = client["Fetch"] as unknown as Fetch;
        fetch.call(
          client,
          request,
          metadata,
          (error, value) => value === undefined ? reject(error) : resolve(value),
        );
      });
    const keys: string[] = [];
    const revised: string[] = [];
    const zero = { timestamp: -62_135_596_800, nextToken: "" };
    let state: FederationFetchRequest.$Properties["state"] = {
      keyCursor: zero,
      revisedKeyCursor: zero,
    };
    for (let partial = true; partial;) {
      const page: FederationFetchResponse = await call({
        includeRegions: ["r0"],
        onlyTravelers: true,
        maxExposureKeys: 4,
        state,
      });
      const hexes = (list: typeof page.keys) =>
        list.map(({ exposureKey }) => encodeHex(exposureKey ?? new Uint8Array()));
      keys.push(...hexes(page.keys));
      revised.push(...hexes(page.revisedKeys));
      partial = page.partialResponse;
      state = page.nextFetchState ?? {};
    }
    expect([keys.length, new Set(keys).size, revised.length]).toEqual([25, 25, 5]);
    await expect(call({ includeRegions: ["R0"], excludeRegions: ["R0"] })).rejects.toMatchObject({
      code: 3,
      details: "includeRegions and excludeRegions overlap",
    });
    metadata.set("authorization", "Bearer nonsense");
    await expect(call({})).rejects.toMatchObject({
      code: 16,
      details: expect.stringMatching(/^the token is not accepted/),
    });
    client.close();
  });

  it.each(["grpc", "connect"] as const)("is pulled from over %s", async (protocol) => {
    const rpc = protocol === "grpc"
      ? grpcClient({ baseUrl: url(), exchange: runtime.exchange })
      : connectClient({ baseUrl: url(), fetch });
    const peer = peerOf({
      name: "home",
      serverId: HOME,
      accept: { regions: regionNames(1), acceptClinical: true },
      pull: { pageSize: 7 },
    });
    const result = await pullFrom(
      peer,
      peerClient(rpc, showing(() => Promise.resolve(token))),
      away,
      new AbortController().signal,
    );
    expect(result).toMatchObject({ caughtUp: true, counts: { stored: 25, revised: 5 } });
  });

  it("answers JSON to people", async () => {
    const answer = await fetch(`${url()}/Federation/Fetch`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({ includeRegions: ["R0"], maxExposureKeys: 1 }),
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      keys: [{
        exposureKey: Buffer.from(keyBytes(2)).toString("base64"),
        reportType: "CONFIRMED_CLINICAL_DIAGNOSIS",
        traveler: true,
        regions: ["R0"],
      }],
      partialResponse: true,
      nextFetchState: { keyCursor: { timestamp: String(NOW - 3 * 3600) } },
    });
    const stranger = await fetch(`${url()}/wayfarer.federation.v1.Federation/Describe`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    expect(await stranger.json()).toMatchObject({ serverId: HOME, days: [] });
  });
});
