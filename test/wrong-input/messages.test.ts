import { beforeEach, describe, expect, it } from "vitest";
import { PATHS } from "../../federation/messages.ts";
import { FederationFetchRequest, wayfarer } from "../../proto/gen/federation.js";
import { asServerId } from "../../src/model/ids.ts";
import type { Handler } from "../../src/runtime/runtime.ts";
import {
  publishAlphaRoute,
  publishRoute,
  type PublishRouteDependencies,
} from "../../src/publish/route.ts";
import { type CallEnd, callIn, type EncodingName } from "../federation/service/encodings.ts";
import { newPair } from "../federation/pair.ts";
import { NOW } from "../federation/support.ts";
import type { Server, World } from "../federation/world.ts";
import * as publishing from "../publish/world.ts";
import { useDatabase } from "../support/database.ts";
import { FOREIGN_WORDS, jsonWith, placesIn, valueAt, wrongValues } from "./wrong-values.ts";

const { DescribeRequest, PushRequest } = wayfarer.federation.v1;

describe("each member of a publish", () => {
  const database = useDatabase();
  let deps: PublishRouteDependencies;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(publishing.NOON);
    const world = await publishing.makeWorld(database());
    world.resources.push(
      publishing.resource("HealthAuthority", {
        name: "open",
        regions: ["MAG"],
        bypassVerification: true,
        bypassRevisionToken: true,
      }),
    );
    deps = world.deps;
  });

  const common = () => ({
    temporaryExposureKeys: [publishing.tek(1)],
    verificationPayload: "a.b.c",
    hmacKey: "AAAA",
    symptomOnsetInterval: publishing.TODAY - 144,
    traveler: true,
    revisionToken: "AAAA",
    padding: "AAAA",
    platform: "ios",
    deviceVerificationPayload: "x",
  });

  it.each(["v1", "alpha"] as const)(
    "is taken or refused without a fault of ours: %s",
    async (api) => {
      const routes = { v1: publishRoute(deps), alpha: publishAlphaRoute(deps) };
      const right = api === "v1"
        ? { healthAuthorityID: "open", ...common() }
        : { appPackageName: "open", regions: ["MAG"], ...common() };
      const url = `http://wayfarer.test${api === "v1" ? "/v1/publish" : "/"}`;
      const faults: string[] = [];
      for (const place of placesIn(right)) {
        for (const raw of wrongValues(valueAt(right, place))) {
          const body = jsonWith(right, place, raw);
          const { status, json } = await publishing.read(
            await routes[api](publishing.post(body, {}, url)),
          );
          const told = json.error ?? "";
          const fine = status < 500 && !FOREIGN_WORDS.test(told) && told.length < 1000 &&
            (status === 200 || told !== "");
          if (!fine) faults.push(`${place.join(".")} = ${raw.slice(0, 60)}: ${status} ${told}`);
        }
      }
      expect(faults).toEqual([]);
      const [odd] = await database().sql<{ count: number }[]>`
      select count(*)::int as count from exposure where octet_length(key) <> 16
        or interval_count not between 1 and 144 or transmission_risk not between 0 and 8
        or not regions <@ '{MAG}'`;
      expect(odd?.count).toBe(0);
    },
    120_000,
  );
});

describe("each member of a call of a peer", () => {
  const databases = [useDatabase(), useDatabase()] as const;
  const A = asServerId("https://a.example");
  let world: World;
  let a: Server;
  let b: Server;
  let handler: Handler;

  beforeEach(async () => {
    ({ world, a, b, handler } = await newPair([databases[0](), databases[1]()]));
  });

  const wish = {
    includeRegions: ["R0"],
    excludeRegions: ["R1"],
    onlyTravelers: true,
    onlyLocalProvenance: true,
  };
  const cursor = { timestamp: NOW, nextToken: "AA" };
  const key = {
    exposureKey: "AAAAAAAAAAAAAAAAAAAAAA==",
    transmissionRisk: 1,
    intervalNumber: NOW / 600 - 200,
    intervalCount: 144,
    reportType: 1,
    daysSinceOnsetOfSymptoms: 1,
    hasSymptomOnset: true,
    traveler: true,
    regions: ["R0"],
    homeServerId: "https://third.example",
    hops: 1,
  };
  const messages = {
    fetch: {
      ...wish,
      maxExposureKeys: 10,
      state: { keyCursor: cursor, revisedKeyCursor: cursor },
    },
    push: { batchId: "1", keys: [key], revisedKeys: [key] },
    describe: { ...wish, fromDay: 1, untilDay: 2 },
  } satisfies Record<keyof typeof PATHS, object>;

  const METHODS = ["fetch", "push", "describe"] as const;

  const isFine = ({ status, message }: CallEnd): boolean =>
    // OK, INVALID_ARGUMENT, RESOURCE_EXHAUSTED: never UNKNOWN, INTERNAL or UNAVAILABLE.
    [0, 3, 8].includes(status) && !FOREIGN_WORDS.test(message) && message.length < 1000 &&
    (status === 0 || message !== "");

  it.each(METHODS)("is taken or refused without a fault of ours, in JSON: %s", async (method) => {
    const faults: string[] = [];
    const right = messages[method];
    for (const place of placesIn(right)) {
      for (const raw of wrongValues(valueAt(right, place))) {
        world.clock.ms += 5;
        const end = await callIn(handler, {
          encoding: "json",
          path: PATHS[method],
          message: new TextEncoder().encode(jsonWith(right, place, raw)),
          token: await b.token(A),
        });
        if (!isFine(end)) {
          faults.push(`${place.join(".")} = ${raw.slice(0, 60)}: ${end.status} ${end.message}`);
        }
      }
    }
    expect(faults).toEqual([]);
    expect(a.thrown).toEqual([]);
  }, 120_000);

  const ENCODERS = {
    fetch: (message: object) => FederationFetchRequest.encode(message).finish(),
    push: (message: object) => PushRequest.encode(message).finish(),
    describe: (message: object) => DescribeRequest.encode(message).finish(),
  };

  it.each(METHODS)("is taken or refused without a fault of ours, in bytes: %s", async (method) => {
    const faults: string[] = [];
    const right = messages[method];
    for (const place of placesIn(right)) {
      const value = valueAt(right, place);
      for (const raw of wrongValues(value)) {
        const message = encoded(ENCODERS[method], jsonWith(right, place, raw), value, raw);
        for (const encoding of message === undefined ? [] : BINARY) {
          world.clock.ms += 5;
          const end = await callIn(handler, {
            encoding,
            path: PATHS[method],
            message: new Uint8Array(message ?? []),
            token: await b.token(A),
          });
          if (!isFine(end)) {
            faults.push(
              `${encoding} ${place.join(".")} = ${raw.slice(0, 60)}: ${end.status} ${end.message}`,
            );
          }
        }
      }
    }
    expect(faults).toEqual([]);
    expect(a.thrown).toEqual([]);
  }, 120_000);
});

const BINARY: readonly EncodingName[] = ["grpc", "grpc-web", "connect"];

/** A message in bytes; undefined when its value has no form there, being of another type. */
function encoded(
  encode: (message: object) => Uint8Array,
  json: string,
  right: unknown,
  raw: string,
): Uint8Array | undefined {
  try {
    const sent: unknown = JSON.parse(raw);
    const [mine, theirs] = [sent, right].map((value) =>
      Array.isArray(value) ? "list" : typeof value
    );
    return mine === theirs && sent !== null ? encode(JSON.parse(json)) : undefined;
  } catch {
    return undefined;
  }
}
