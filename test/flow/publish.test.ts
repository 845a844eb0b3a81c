import { Buffer } from "node:buffer";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { makeTeks } from "../../src/device/tek.ts";
import { makeUpload, type PublishBody } from "../../src/device/upload.ts";
import { makeJwks } from "../../src/keys/jwks.ts";
import { asSeconds } from "../../src/model/ids.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { admin, openTestApp, type TestApp } from "../support/app.ts";
import { useDatabase } from "../support/database.ts";
import { newSigner, type Signer } from "../support/verification-server.ts";

const { crypto } = currentRuntime();
const random = (count: number) => crypto.getRandomValues(new Uint8Array(count));
/** Noon, well inside a window. */
const NOON = Date.UTC(2025, 5, 13, 12) / 1000;

function upload(signer: Signer, keyVersion = "v1", now = NOON): Promise<PublishBody> {
  return makeUpload(makeTeks({ now: asSeconds(now), days: 3, today: false }, random), {
    healthAuthorityId: "mag",
    reportType: "confirmed",
    certificate: { issuer: "org.example.mag", audience: "keys", keyVersion },
    transmissionRisk: 0,
    traveler: false,
  }, { crypto, issuer: signer, random, now: asSeconds(now) });
}

/** How long a publish takes that chaff is compared with. */
const SLOW_MS = 300;

/** A clock that a test moves. */
type TestClock = {
  seconds: number;
  aheadMs: number;
  readonly now: () => number;
  readonly monotonic: () => number;
};

describe("publishing through the whole program", () => {
  const database = useDatabase();
  let clock: TestClock;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    // Durations are real: a publish takes its time.
    clock = {
      seconds: NOON,
      now: () => clock.seconds * 1000,
      aheadMs: 0,
      monotonic: () => performance.now() + clock.aheadMs + (clock.seconds - NOON) * 1000,
    };
  });

  const open = async (settings: Readonly<Record<string, string>> = {}): Promise<TestApp> => {
    const app = await openTestApp(database(), settings, clock);
    onTestFinished(() => app.close());
    return app;
  };
  const region = async (app: TestApp, issuer: Readonly<Record<string, unknown>>) => {
    const made = await admin(app, "PUT", "/issuers/mag", {
      issuer: "org.example.mag",
      audience: "keys",
      ...issuer,
    });
    expect(made.status).toBe(201);
    const authority = { regions: ["MAG"], acceptIssuers: ["mag"] };
    expect((await admin(app, "PUT", "/healthAuthorities/mag", authority)).status).toBe(201);
  };
  const keysOf = (signer: Signer) => ({
    keys: [{ version: "v1", publicKeyPem: signer.publicKeyPem }],
  });
  const post = (app: TestApp, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    app.fetch("/v1/publish", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  const at = async (seconds: number) => {
    clock.seconds = seconds;
    await database().setClock(seconds);
  };
  const stored = async (): Promise<number> => {
    const [row] = await database().sql<{ count: number }[]>`
      select count(*)::int as count from exposure`;
    return row?.count ?? -1;
  };

  it("answers chaff like the publishes before it, in size and time, and stores nothing of it", async () => {
    const app = await open({ RESPONSE_PADDING_RANGE: "0" });
    const signer = await newSigner();
    await region(app, keysOf(signer));
    const timed = async (body: string, headers: Readonly<Record<string, string>> = {}) => {
      const started = performance.now();
      const answer = await app.fetch("/v1/publish", {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body,
      });
      const bytes = (await answer.arrayBuffer()).byteLength;
      expect(answer.status).toBe(200);
      return { bytes, ms: performance.now() - started };
    };
    const sizes = new Set<number>();
    for (let count = 0; count < 3; count++) {
      const text = JSON.stringify(await upload(signer));
      const { publishing } = await database().bulk.begin(async (locker) => {
        await locker`lock table exposure in share mode`;
        const publishing = timed(text);
        await expect.poll(() =>
          database().sql`
            select from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'`, { timeout: 10_000 })
          .not.toHaveLength(0);
        // By the server's clock its database takes that long, though nobody waits.
        clock.aheadMs += SLOW_MS;
        return { publishing };
      });
      sizes.add((await publishing).bytes);
    }
    expect(await stored()).toBe(3 * 3);
    for (let count = 0; count < 3; count++) {
      const chaff = await timed(JSON.stringify(await upload(signer)), { "x-chaff": "1" });
      expect(sizes).toContain(chaff.bytes);
      expect(chaff.ms).toBeGreaterThan(SLOW_MS);
    }
    expect(await stored()).toBe(3 * 3);
  });

  it("answers 429 with Retry-After while it is down for maintenance, chaff too", async () => {
    const signer = await newSigner();
    const app = await open({ MAINTENANCE_MODE: "true", MAINTENANCE_RETRY_AFTER: "90s" });
    await region(app, keysOf(signer));
    for (const headers of [{}, { "x-chaff": "1" }]) {
      const answer = await post(app, await upload(signer), headers);
      expect(answer.status).toBe(429);
      expect(answer.headers.get("retry-after")).toBe("90");
      expect(await answer.json()).toMatchObject({
        code: "maintenance",
        error: "down for maintenance, try again later",
      });
    }
    expect(await stored()).toBe(0);
    expect((await app.fetch("/readyz")).status).toBe(200);
  });

  it("refuses with 503 and Retry-After what is more than PUBLISH_MAX_IN_FLIGHT, and then goes on", async () => {
    const app = await open({ PUBLISH_MAX_IN_FLIGHT: "1" });
    const signer = await newSigner();
    await region(app, keysOf(signer));
    const bodies = await Promise.all(Array.from({ length: 6 }, () => upload(signer)));
    const answers = await Promise.all(bodies.map((body) => post(app, body)));
    const accepted = answers.filter((one) => one.status === 200);
    const refused = answers.filter((one) => one.status === 503);
    expect(accepted.length + refused.length).toBe(6);
    expect(accepted.length).toBeGreaterThan(0);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) {
      expect(answer.headers.get("retry-after")).toBe("5");
      expect(await answer.json()).toMatchObject({
        code: "overloaded",
        error: "too many requests in flight, try again",
      });
    }
    expect(await stored()).toBe(accepted.length * 3);
    expect((await post(app, await upload(signer))).status).toBe(200);
  });

  it("fetches an issuer's bare array of keys, tells how that went, and rotates without a failed publish", async () => {
    const old = await newSigner();
    const next = await newSigner();
    let published: readonly [kid: string, signer: Signer][] = [["v1", old]];
    let up = true;
    const server = createServer((_, response) => {
      const keys = published.map(([kid, { publicKeyPem }]) => ({ kid, publicKeyPem }));
      response.writeHead(up ? 200 : 500, { "content-type": "application/json" });
      response.end(up ? JSON.stringify(makeJwks(keys).keys) : "");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const app = await open({ PEER_ALLOW_PRIVATE: "true" });
    await region(app, { jwksUri: `http://127.0.0.1:${port}/jwks.json` });
    const shown = async () => {
      const issuer: { status: unknown } = await (await admin(app, "GET", "/issuers/mag")).json();
      return issuer.status;
    };
    const refresh = async () => {
      const answer = await admin(app, "POST", "/jobs/refresh-jwks");
      expect(answer.status).toBe(200);
      return await answer.json();
    };
    const publish = async (signer: Signer, kid: string) => {
      const answer = await post(app, await upload(signer, kid, clock.seconds));
      return [answer.status, (await answer.json() as { error?: string }).error];
    };
    const time = (seconds: number) => new Date(seconds * 1000).toISOString();

    expect(await shown()).toEqual({
      lastAttempt: null,
      lastFetch: null,
      lastError: null,
      ignored: 0,
      keys: [],
    });
    expect(await refresh()).toMatchObject({ ok: true, detail: { fetched: 1, added: 1 } });
    expect(await shown()).toEqual({
      lastAttempt: time(NOON),
      lastFetch: time(NOON),
      lastError: null,
      ignored: 0,
      keys: [{ kid: "v1", since: time(NOON), revoked: null }],
    });
    expect(await publish(old, "v1")).toEqual([200, undefined]);

    // The new key is published beside the old one, then signs, then stands alone.
    published = [["v1", old], ["v2", next]];
    await at(NOON + 60);
    expect(await refresh()).toMatchObject({ detail: { added: 1, revoked: 0 } });
    expect(await publish(old, "v1")).toEqual([200, undefined]);
    expect(await publish(next, "v2")).toEqual([200, undefined]);
    published = [["v2", next]];
    await at(NOON + 120);
    expect(await refresh()).toMatchObject({ detail: { added: 0, revoked: 1 } });
    await at(NOON + 180);
    expect(await publish(next, "v2")).toEqual([200, undefined]);
    expect(await publish(old, "v1")).toEqual([
      401,
      expect.stringContaining("no active key of the issuer has the version in kid"),
    ]);

    // An address that fails takes nothing back, and says so.
    up = false;
    await at(NOON + 240);
    expect(await refresh()).toMatchObject({ detail: { failed: 1, revoked: 0 } });
    expect(await shown()).toEqual({
      lastAttempt: time(NOON + 240),
      // The publish under v1, which the set does not have, made it be read again.
      lastFetch: time(NOON + 180),
      lastError: expect.stringContaining("500"),
      ignored: 0,
      keys: [
        { kid: "v2", since: time(NOON + 60), revoked: null },
        { kid: "v1", since: time(NOON), revoked: time(NOON + 120) },
      ],
    });
    expect(await publish(next, "v2")).toEqual([200, undefined]);
    const secrets = Buffer.from(app.logged.join("\n"));
    expect(secrets.includes("BEGIN PUBLIC KEY")).toBe(false);
  });
});
