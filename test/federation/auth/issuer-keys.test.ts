import { exportJWK, generateKeyPair } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { type IssuerKeys, issuerKeys } from "../../../federation/auth/issuer-keys.ts";
import { accept, refuse } from "../../../src/errors.ts";
import { NATIVE } from "../../support/crypto-providers.ts";
import { NOW } from "../support.ts";

const ISSUER = "https://issuer.example";

describe("issuerKeys() with an issuer that hangs", () => {
  let jwks: Record<string, unknown>[];
  beforeAll(async () => {
    jwks = await Promise.all(["old", "new"].map(async (kid) => {
      const { publicKey } = await generateKeyPair("ES256");
      return { ...await exportJWK(publicKey), kid };
    }));
  });

  /** `mood` tells whether it answers, and with how many keys. */
  function setUp() {
    const mood = { hangs: false, keys: 1, reads: 0 };
    const clock = { ms: NOW * 1000 };
    const keys = issuerKeys({
      readDocument: (url) => {
        mood.reads += 1;
        if (mood.hangs) return new Promise(() => {});
        const document = url.endsWith("/jwks")
          ? { keys: jwks.slice(0, mood.keys) }
          : { issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` };
        return Promise.resolve(accept(new TextEncoder().encode(JSON.stringify(document))));
      },
      crypto: NATIVE,
      clockMs: () => clock.ms,
      readLimitMs: 20,
      patienceMs: 5,
    });
    const kidsOf = async (found: ReturnType<IssuerKeys["find"]>) => {
      const outcome = await found;
      return outcome.ok ? outcome.value.map(({ kid }) => kid) : outcome;
    };
    return { mood, clock, find: (kid: string) => kidsOf(keys.find(ISSUER, kid)) };
  }

  it("lets in whose key is known, and asks no more than one call for patience", async () => {
    const { mood, clock, find } = setUp();
    expect(await find("old")).toEqual(["old"]);
    mood.hangs = true;
    clock.ms += 300_001;
    const first = find("old");
    // While the first one waits, nobody else does: this resolves without a timer.
    expect(await Promise.race([find("old"), new Promise((tell) => setImmediate(tell, "waits"))]))
      .toEqual(["old"]);
    expect(await first).toEqual(["old"]);
    expect(mood.reads).toBe(3);
    clock.ms += 86_400_000 - 300_001;
    expect(await find("old")).toEqual(["old"]);
  });

  it("refuses in time whose key is not known, and what is older than a day", async () => {
    const { mood, clock, find } = setUp();
    mood.hangs = true;
    const away = refuse("unavailable", "the issuer's keys cannot be read: no answer within 20 ms");
    expect(await find("old")).toEqual(away);
    mood.hangs = false;
    clock.ms += 10_000;
    expect(await find("old")).toEqual(["old"]);
    mood.hangs = true;
    clock.ms += 10_000;
    expect(await find("new")).toEqual(
      refuse("unauthenticated", "the token is signed by a key that its issuer does not have"),
    );
    clock.ms += 86_400_000;
    expect(await find("old")).toEqual(away);
  });

  it("takes the issuer's new key once it answers again, and drops the one that is taken back", async () => {
    const { mood, clock, find } = setUp();
    expect(await find("old")).toEqual(["old"]);
    mood.hangs = true;
    clock.ms += 300_001;
    expect(await find("old")).toEqual(["old"]);
    expect(await find("new")).toMatchObject({ code: "unauthenticated" });
    Object.assign(mood, { hangs: false, keys: 2 });
    clock.ms += 10_000;
    expect(await find("new")).toEqual(["new"]);
    mood.keys = 0;
    clock.ms += 300_001;
    expect(await find("old")).toMatchObject({ code: "unauthenticated" });
  });
});
