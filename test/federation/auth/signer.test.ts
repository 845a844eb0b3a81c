import { decodeJwt } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { authenticator } from "../../../federation/auth/caller.ts";
import { issuerKeys } from "../../../federation/auth/issuer-keys.ts";
import { rotateOwnKeys } from "../../../federation/auth/own-keys.ts";
import { ownSigner } from "../../../federation/auth/signer.ts";
import { accept, refuse } from "../../../src/errors.ts";
import { localKeys } from "../../../src/keys/local.ts";
import { federationKeys } from "../../../src/store/federation/own-key.ts";
import { seenTokens } from "../../../src/store/federation/seen-token.ts";
import { NATIVE } from "../../support/crypto-providers.ts";
import { useDatabase } from "../../support/database.ts";
import { memoryKeyRows, oneMasterKey } from "../../support/local-key-rows.ts";
import { HOME, NOW, peerOf } from "../support.ts";

const DAY_MS = 86_400_000;

describe("ownSigner()", () => {
  const database = useDatabase();

  beforeEach(() => database().clear());

  function setUp() {
    const clock = { ms: NOW * 1000 };
    const clockMs = () => clock.ms;
    const keys = localKeys({
      rows: memoryKeyRows(),
      masters: oneMasterKey(NATIVE, new Uint8Array(32).fill(1)),
      crypto: NATIVE,
      now: clockMs,
    });
    const options = {
      store: federationKeys(database()),
      keys,
      crypto: NATIVE,
      clockMs,
      serverId: HOME,
    };
    const signer = ownSigner(options);
    const peer = peerOf({ serverId: HOME });
    const theirs = peerOf().serverId;
    const authenticate = authenticator({
      peers: () => Promise.resolve([peer]),
      serverId: theirs,
      issuerKeys: issuerKeys({
        readDocument: async (url) => {
          const paths: Record<string, () => Response | Promise<Response>> = {
            [`${HOME}/.well-known/openid-configuration`]: () => signer.discovery(),
            [`${HOME}/.well-known/jwks.json`]: () => signer.jwks(),
          };
          const answer = await paths[url]?.();
          if (answer === undefined) return refuse("fetch_failed");
          return accept(new Uint8Array(await answer.arrayBuffer()));
        },
        crypto: NATIVE,
        clockMs,
      }),
      seenTokens: seenTokens(database()),
      crypto: NATIVE,
      clockMs,
    });
    const call = async (token: string) =>
      await authenticate({ authorization: `Bearer ${token}`, onlyOnce: true });
    return { clock, options, signer, call, peer, theirs };
  }

  it("makes one first key, however many calls and processes need it at once", async () => {
    const { options, signer, call, theirs } = setUp();
    const another = ownSigner(options);
    const tokens = await Promise.all(
      Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? signer : another).token(theirs)),
    );
    const kept = await options.store.list();
    expect(kept).toHaveLength(1);
    for (const token of tokens) expect(await call(token)).toMatchObject({ ok: true });
  });

  it("signs tokens that the other server takes, each once", async () => {
    const { signer, call, peer, theirs } = setUp();
    const token = await signer.token(theirs);
    expect(decodeJwt(token)).toMatchObject({
      iss: HOME,
      sub: HOME,
      aud: theirs,
      iat: NOW,
      exp: NOW + 300,
    });
    expect(await call(token)).toEqual(accept(peer));
    expect(await call(token)).toEqual(refuse("unauthenticated", "the token was used before"));
    expect(await call(await signer.token(theirs))).toEqual(accept(peer));
  });

  it("rotates for four months without one refused call", async () => {
    const { clock, options, signer, call, peer, theirs } = setUp();
    const kids = new Set<string>();
    let destroyed = 0;
    for (let hour = 0; hour < 24 * 120; hour += 3) {
      clock.ms = NOW * 1000 + hour * 3_600_000;
      destroyed += (await rotateOwnKeys(options)).destroyed;
      const token = await signer.token(theirs);
      kids.add(token.split(".")[0] ?? "");
      // The other server's cache is as old as it may be: it only reads when it must.
      expect(await call(token)).toEqual(accept(peer));
    }
    expect(kids.size).toBe(4);
    expect(destroyed).toBe(3);
    expect(await options.store.list()).toHaveLength(1);
  }, 120_000);

  it("publishes a key for a day before it signs, and for a day after", async () => {
    const { clock, options, signer } = setUp();
    const published = async (): Promise<string[]> => {
      const { keys }: { keys: { kid: string }[] } = await (await signer.jwks()).json();
      return keys.map(({ kid }) => kid);
    };
    const signing = async () =>
      JSON.parse(Buffer.from((await signer.token("x")).split(".")[0] ?? "", "base64url").toString())
        .kid;
    const first = await signing();
    clock.ms += 30 * DAY_MS;
    await rotateOwnKeys(options);
    const [, second] = await published();
    expect(await signing()).toBe(first);
    clock.ms += DAY_MS - 1000;
    expect(await signing()).toBe(first);
    clock.ms += 1000;
    expect(await signing()).toBe(second);
    await rotateOwnKeys(options);
    expect(await published()).toEqual([first, second]);
    clock.ms += DAY_MS;
    await rotateOwnKeys(options);
    expect(await published()).toEqual([second]);
  });

  it("destroys what it no longer publishes", async () => {
    const { clock, options, signer } = setUp();
    await signer.token("x");
    const [old] = await options.store.list();
    clock.ms += 30 * DAY_MS;
    await rotateOwnKeys(options);
    clock.ms += 2 * DAY_MS;
    expect(await rotateOwnKeys(options)).toEqual({ made: 0, destroyed: 1 });
    expect(await options.keys.exists(old?.reference ?? "")).toBe(false);
  });

  it("forgets used tokens when they have expired", async () => {
    const tokens = seenTokens(database());
    await tokens.firstUse("a", "1", NOW);
    await tokens.firstUse("a", "2", NOW + 1);
    expect(await tokens.firstUse("b", "1", NOW)).toBe(true);
    expect(await tokens.forget(NOW + 1)).toBe(2);
    expect(await tokens.firstUse("a", "2", NOW)).toBe(false);
  });
});
