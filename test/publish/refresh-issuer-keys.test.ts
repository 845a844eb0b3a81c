import { Buffer } from "node:buffer";
import { beforeEach, describe, expect, it } from "vitest";
import { accept, type Outcome, refuse } from "../../src/errors.ts";
import { makeJwks } from "../../src/keys/jwks.ts";
import { asSeconds } from "../../src/model/ids.ts";
import {
  REFRESH_SECONDS,
  type RefreshDependencies,
  refreshIssuer,
  refreshIssuerKeys,
} from "../../src/publish/refresh-issuer-keys.ts";
import { rereadIssuerKeys } from "../../src/publish/reread-issuer-keys.ts";
import { publishRoute } from "../../src/publish/route.ts";
import { type IssuerKeyStore, issuerKeyStore } from "../../src/store/publish/issuer-key.ts";
import { useDatabase } from "../support/database.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import {
  AUDIENCE,
  ISSUER,
  makeWorld,
  newSigner,
  NOON,
  post,
  resource,
  tek,
  type TestSigner,
  type World,
} from "./world.ts";

const DAY = 86_400;

describe("refreshIssuerKeys()", () => {
  const database = useDatabase();
  let world: World;
  let answers: Map<string, Outcome<{ bytes: Uint8Array }>>;
  let asked: string[];
  let warned: string[];
  let second: TestSigner;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeWorld(database());
    second = await newSigner();
    answers = new Map();
    asked = [];
    warned = [];
    world.resources[0] = withUri("https://a.test/jwks");
  });

  const withUri = (jwksUri: string | undefined) =>
    resource("Issuer", { name: "mag-verification", issuer: ISSUER, audience: AUDIENCE, jwksUri });
  const document = (keys: readonly [kid: string, signer: TestSigner][], bare = false) => {
    const set = makeJwks(keys.map(([kid, { publicKeyPem }]) => ({ kid, publicKeyPem })));
    return accept({ bytes: new Uint8Array(Buffer.from(JSON.stringify(bare ? set.keys : set))) });
  };
  const refresh = (
    everySeconds = 0,
    fetchKeySet?: RefreshDependencies["fetchKeySet"],
    store = issuerKeyStore(database()),
  ) => refreshIssuerKeys(refreshDeps(everySeconds, fetchKeySet, store));
  const refreshDeps = (
    everySeconds: number,
    fetchKeySet?: RefreshDependencies["fetchKeySet"],
    store = issuerKeyStore(database()),
  ): RefreshDependencies => ({
    crypto: NATIVE,
    resources: world.cache,
    store,
    fetchKeySet: fetchKeySet ?? ((uri) => {
      asked.push(uri);
      return Promise.resolve(answers.get(uri) ?? refuse("fetch_failed", "nobody answers"));
    }),
    everySeconds,
    failed: (issuer, error) => warned.push(`${issuer}: ${error}`),
  });
  const at = async (seconds: number) => {
    world.clock.now = asSeconds(NOON + seconds);
    await database().setClock(NOON + seconds);
  };
  const publishWith = async (signer: TestSigner, kid: string) => {
    const body = await world.body([tek(2)], {}, { signer, header: { kid } });
    return (await publishRoute(world.deps)(post(body))).status;
  };

  it.each([["an object", false], ["a bare array", true]])(
    "makes the keys of %s count",
    async (_, bare) => {
      expect(await publishWith(world.signer, "v1")).toBe(401);
      answers.set("https://a.test/jwks", document([["v1", world.signer]], bare));
      expect(await refresh()).toEqual({ fetched: 1, failed: 0, added: 1, revoked: 0, purged: 0 });
      await at(1);
      expect(await publishWith(world.signer, "v1")).toBe(200);
    },
  );

  it("makes a key count at once under a version that had another", async () => {
    answers.set("https://a.test/jwks", document([["v1", world.signer]]));
    await refresh();
    expect(await publishWith(world.signer, "v1")).toBe(200);
    answers.set("https://a.test/jwks", document([["v1", second]]));
    await refresh();
    await at(1);
    expect(await publishWith(second, "v1")).toBe(200);
  });

  it("asks again, rather than store an answer over one that may be newer", async () => {
    const [older, newer] = [
      document([["v1", world.signer]]),
      document([["v1", world.signer], ["v2", second]]),
    ];
    answers.set("https://a.test/jwks", newer);
    let [begin, goOn] = [() => {}, () => {}];
    const began = new Promise<void>((resolve) => begin = resolve);
    const held = new Promise<void>((resolve) => goOn = resolve);
    let asks = 0;
    const late = refresh(0, async () => {
      asks++;
      if (asks > 1) return newer;
      begin();
      await held;
      return older;
    });
    await began;
    expect(await refresh()).toMatchObject({ added: 2, revoked: 0 });
    goOn();
    expect(await late).toEqual({ fetched: 1, failed: 0, added: 0, revoked: 0, purged: 0 });
    expect(asks).toBe(2);
    expect(await publishWith(second, "v2")).toBe(200);
  });

  it("goes on with other issuers when one cannot be stored, and tells why", async () => {
    answers.set("https://a.test/jwks", document([["a\u0000b", second]]));
    answers.set("https://b.test/jwks", document([["v1", world.signer]]));
    answers.set("https://c.test/jwks", document([["v1", world.signer]]));
    const issuer = (name: string) =>
      resource("Issuer", {
        name,
        issuer: name,
        audience: "x",
        jwksUri: `https://${name}.test/jwks`,
      });
    world.resources.push(issuer("b"), issuer("c"));
    const store = issuerKeyStore(database());
    const broken: IssuerKeyStore = {
      ...store,
      replace: (name, ...given) =>
        name === "c"
          ? Promise.reject(new Error("what a driver says"))
          : store.replace(name, ...given),
    };
    await database().sql`
      insert into issuer_key (issuer, version, public_key_pem, added_at, revoked_at)
      values ('old', 'v1', '', 0, 0)`;
    expect(await refresh(0, undefined, broken))
      .toEqual({ fetched: 1, failed: 2, added: 1, revoked: 0, purged: 1 });
    expect((await store.states()).map(({ issuer, error }) => [issuer, error])).toEqual([
      ["b", undefined],
      ["c", "internal: internal error"],
      ["mag-verification", expect.stringContaining("has no EC key on P-256 with a kid")],
    ]);
  });

  it("follows a rotation: the new key counts at once, the one that vanished no more, and is purged after 30 days", async () => {
    answers.set("https://a.test/jwks", document([["v1", world.signer]]));
    await refresh();
    answers.set("https://a.test/jwks", document([["v2", second]]));
    await at(REFRESH_SECONDS);
    expect(await refresh()).toMatchObject({ added: 1, revoked: 1 });
    expect(await publishWith(second, "v2")).toBe(200);
    expect(await publishWith(world.signer, "v1")).toBe(401);
    await at(REFRESH_SECONDS + 30 * DAY - 1);
    expect(await refresh()).toMatchObject({ purged: 0 });
    await at(REFRESH_SECONDS + 30 * DAY);
    expect(await refresh()).toMatchObject({ purged: 1 });
    expect(await database().sql`select version from issuer_key`).toMatchObject([{ version: "v2" }]);
  });

  it("refuses nobody whose key counts before and after a rotation that runs beside their publish", async () => {
    const set = (...kids: readonly [string, TestSigner][]) =>
      answers.set("https://a.test/jwks", document(kids));
    const beside = (signer: TestSigner, kid: string) =>
      Promise.all([
        ...Array.from({ length: 16 }, () => publishWith(signer, kid)),
        refresh().then(() => 200),
        ...Array.from({ length: 8 }, () => publishWith(signer, kid)),
      ]);
    set(["v1", world.signer]);
    await refresh();
    set(["v1", world.signer], ["v2", second]);
    expect(new Set(await beside(world.signer, "v1"))).toEqual(new Set([200]));
    await at(1);
    set(["v2", second]);
    expect(new Set(await beside(second, "v2"))).toEqual(new Set([200]));
    await at(6);
    expect(await publishWith(world.signer, "v1")).toBe(401);
  });

  it("leaves a key that stays as it is", async () => {
    answers.set("https://a.test/jwks", document([["v1", world.signer]]));
    await refresh();
    answers.set("https://a.test/jwks", document([["v1", world.signer], ["v2", second]]));
    await at(REFRESH_SECONDS);
    expect(await refresh()).toMatchObject({ added: 1, revoked: 0 });
    expect(await publishWith(world.signer, "v1")).toBe(200);
    expect(await publishWith(second, "v2")).toBe(200);
  });

  it("takes back a key that vanished, and one that changed under its version", async () => {
    answers.set("https://a.test/jwks", document([["v1", world.signer]]));
    await refresh();
    answers.set("https://a.test/jwks", document([["v2", second]]));
    expect(await refresh()).toMatchObject({ added: 1, revoked: 1 });
    answers.set("https://a.test/jwks", document([["v1", second]]));
    expect(await refresh()).toMatchObject({ added: 1, revoked: 1 });
    await at(5);
    expect(await publishWith(second, "v1")).toBe(200);
    expect(await publishWith(world.signer, "v1")).toBe(401);
  });

  it("revokes nothing when the URL fails, and tells why", async () => {
    answers.set("https://a.test/jwks", document([["v1", world.signer]]));
    await refresh();
    let failures = 0;
    for (
      const [answer, error] of [
        [refuse("fetch_failed", "status 500"), "status 500"],
        [
          document([]),
          "the key set at jwksUri has no EC key on P-256 with a kid, so the keys known before stay: " +
          "publish one there, or remove jwksUri from the issuer to revoke them all",
        ],
        [
          accept({ bytes: new Uint8Array(Buffer.from("<html>")) }),
          'the key set must be {"keys": […]} or an array of keys (RFC 7517)',
        ],
      ] as const
    ) {
      answers.set("https://a.test/jwks", answer);
      await at(600);
      expect(await refresh()).toMatchObject({ failed: 1, revoked: 0 });
      expect(await issuerKeyStore(database()).states()).toEqual([{
        issuer: "mag-verification",
        uri: "https://a.test/jwks",
        attemptedAt: NOON + 600,
        ageSeconds: 0,
        succeededAt: NOON,
        error,
        failures: ++failures,
        ignored: 0,
      }]);
      expect(warned.at(-1)).toBe(`mag-verification: ${error}`);
    }
    expect(await publishWith(world.signer, "v1")).toBe(200);
  });

  it("asks again only when it is time, or the URL changed", async () => {
    answers.set("https://a.test/jwks", document([["v1", world.signer]]));
    await refresh(REFRESH_SECONDS);
    await at(REFRESH_SECONDS - 1);
    await refresh(REFRESH_SECONDS);
    expect(asked).toHaveLength(1);
    await at(REFRESH_SECONDS);
    await refresh(REFRESH_SECONDS);
    expect(asked).toHaveLength(2);
    world.resources[0] = withUri("https://b.test/jwks");
    await refresh(REFRESH_SECONDS);
    expect(asked[2]).toBe("https://b.test/jwks");
  });

  it("asks again 10 s after a failure, and each time twice as long after, up to the usual time", async () => {
    const askedAt: number[] = [];
    for (let second = 0; second <= 1500; second += 5) {
      await at(second);
      const before = asked.length;
      await refresh(REFRESH_SECONDS);
      if (asked.length > before) askedAt.push(second);
    }
    expect(askedAt).toEqual([0, 10, 30, 70, 150, 310, 610, 910, 1210]);
    answers.set("https://a.test/jwks", document([["v1", world.signer]]));
    await at(1510);
    expect(await refresh(REFRESH_SECONDS)).toMatchObject({ fetched: 1 });
    answers.delete("https://a.test/jwks");
    await at(1810);
    expect(await refresh(REFRESH_SECONDS)).toMatchObject({ failed: 1 });
    await at(1820);
    expect(await refresh(REFRESH_SECONDS)).toMatchObject({ failed: 1 });
  });

  it("shows the keys, the newest first, and counts members that are not understood", async () => {
    const set = makeJwks([{ kid: "v1", publicKeyPem: world.signer.publicKeyPem }]);
    const bytes = Buffer.from(
      JSON.stringify([...set.keys, { kty: "EC", kid: "bad", crv: "P-256" }]),
    );
    answers.set("https://a.test/jwks", accept({ bytes: new Uint8Array(bytes) }));
    await refresh();
    const store = issuerKeyStore(database());
    expect(await store.states()).toMatchObject([{ ignored: 1, error: undefined, failures: 0 }]);
    answers.set("https://a.test/jwks", document([["v2", second]]));
    await at(60);
    await refresh();
    expect(await store.standings("mag-verification")).toEqual([
      { version: "v2", since: NOON + 60, revoked: undefined },
      { version: "v1", since: NOON, revoked: NOON + 60 },
    ]);
  });

  it("lets the first publish of a new key through: its set is read again at once", async () => {
    answers.set("https://a.test/jwks", document([["v1", world.signer]]));
    await refresh();
    answers.set("https://a.test/jwks", document([["v2", second]]));
    const reread = rereadIssuerKeys({
      refresh: (name) => refreshIssuer(refreshDeps(0), name),
      nowMs: () => 0,
      maxWaiting: 8,
      patienceMs: 60_000,
    });
    const publish = async (signer: TestSigner, kid: string) => {
      const body = await world.body([tek(2)], {}, { signer, header: { kid } });
      return (await publishRoute({ ...world.deps, rereadIssuerKeys: reread })(post(body))).status;
    };
    expect(await Promise.all([publish(second, "v2"), publish(second, "v2")])).toEqual([200, 200]);
    expect(await publish(second, "unknown")).toBe(401);
    expect(asked).toHaveLength(2);
  });

  it("revokes the keys of an issuer that no longer has a URL", async () => {
    answers.set("https://a.test/jwks", document([["v1", world.signer]]));
    await refresh();
    world.resources[0] = withUri(undefined);
    expect(await refresh()).toMatchObject({ fetched: 0, revoked: 1 });
    expect(await issuerKeyStore(database()).states()).toEqual([]);
    await at(5);
    expect(await publishWith(world.signer, "v1")).toBe(401);
  });

  it("lets the configuration's key win over a fetched one of the same version", async () => {
    answers.set("https://a.test/jwks", document([["v1", second]]));
    await refresh();
    world.resources[0] = resource("Issuer", {
      name: "mag-verification",
      issuer: ISSUER,
      audience: AUDIENCE,
      jwksUri: "https://a.test/jwks",
      keys: [{ version: "v1", publicKeyPem: world.signer.publicKeyPem }],
    });
    expect(await publishWith(world.signer, "v1")).toBe(200);
    expect(await publishWith(second, "v1")).toBe(401);
  });
});
