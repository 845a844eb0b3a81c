import { Buffer } from "node:buffer";
import { beforeEach, describe, expect, it } from "vitest";
import { accept, type Outcome, refuse } from "../../src/errors.ts";
import { makeJwks } from "../../src/keys/jwks.ts";
import { asSeconds } from "../../src/model/ids.ts";
import { REFRESH_SECONDS, refreshIssuerKeys } from "../../src/publish/refresh-issuer-keys.ts";
import { publishRoute } from "../../src/publish/route.ts";
import { issuerKeyStore } from "../../src/store/issuer-key.ts";
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
  let second: TestSigner;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeWorld(database());
    second = await newSigner();
    answers = new Map();
    asked = [];
    world.resources[0] = withUri("https://a.test/jwks");
  });

  const withUri = (jwksUri: string | undefined) =>
    resource("Issuer", { name: "mag-verification", issuer: ISSUER, audience: AUDIENCE, jwksUri });
  const document = (keys: readonly [kid: string, signer: TestSigner][], bare = false) => {
    const set = makeJwks(keys.map(([kid, { publicKeyPem }]) => ({ kid, publicKeyPem })));
    return accept({ bytes: new Uint8Array(Buffer.from(JSON.stringify(bare ? set.keys : set))) });
  };
  const refresh = (everySeconds = 0) =>
    refreshIssuerKeys({
      crypto: NATIVE,
      resources: world.cache,
      store: issuerKeyStore(database()),
      fetchKeySet: (uri) => {
        asked.push(uri);
        return Promise.resolve(answers.get(uri) ?? refuse("fetch_failed", "nobody answers"));
      },
      everySeconds,
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
      await at(5);
      expect(await publishWith(world.signer, "v1")).toBe(200);
    },
  );

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
    answers.set("https://a.test/jwks", document([]));
    expect(await refresh()).toMatchObject({ added: 0, revoked: 1 });
    answers.set("https://a.test/jwks", document([["v1", second]]));
    expect(await refresh()).toMatchObject({ added: 1, revoked: 0 });
    await at(5);
    expect(await publishWith(second, "v1")).toBe(200);
    expect(await publishWith(world.signer, "v1")).toBe(401);
  });

  it("revokes nothing when the URL fails, and tells why", async () => {
    answers.set("https://a.test/jwks", document([["v1", world.signer]]));
    await refresh();
    for (
      const [answer, error] of [
        [refuse("fetch_failed", "status 500"), "status 500"],
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
      }]);
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
