import { beforeEach, describe, expect, it } from "vitest";
import { issuerKeyStore } from "../../../src/store/publish/issuer-key.ts";
import { useDatabase } from "../../support/database.ts";

const NOON = 1_749_988_800;

describe("issuerKeyStore()", () => {
  const database = useDatabase();

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
  });

  it("takes one of many answers that were asked for at the same moment, as a whole", async () => {
    const store = issuerKeyStore(database());
    for (let round = 0; round < 10; round++) {
      const last = await store.lastAttempt("mag");
      const answers = await Promise.all(Array.from({ length: 8 }, async (_, own) => {
        const keys = ["a", "b"].map((half) => ({
          version: `${round}-${own}-${half}`,
          publicKeyPem: "pem",
        }));
        return {
          keys,
          change: await store.replace("mag", "https://a.test/", { keys, ignored: 0 }, last),
        };
      }));
      const taken = answers.filter(({ change }) => change !== undefined);
      expect(taken).toHaveLength(1);
      expect(taken[0]?.change).toEqual({ added: 2, revoked: round === 0 ? 0 : 2 });
      const active = (await store.active()).map(({ version }) => version).sort();
      expect(active).toEqual(taken[0]?.keys.map(({ version }) => version));
    }
  });

  it("takes no answer that was asked for before a failure was noted", async () => {
    const store = issuerKeyStore(database());
    await store.replace("mag", "https://a.test/", { keys: [], ignored: 0 }, undefined);
    const last = await store.lastAttempt("mag");
    await store.fail("mag", "https://a.test/", "status 500");
    expect(await store.lastAttempt("mag")).not.toBe(last);
    expect(await store.replace("mag", "https://a.test/", { keys: [], ignored: 0 }, last))
      .toBeUndefined();
  });
});
