import { Buffer } from "node:buffer";
import { beforeEach, describe, expect, it } from "vitest";
import { RevisionToken, RevisionTokenData } from "../../proto/gen/revision.js";
import { unseal } from "../../src/keys/crypto.ts";
import { revisionKeys, rotateRevisionKeys } from "../../src/publish/revision-keys.ts";
import { type RevisableKey, revisionTokens } from "../../src/publish/revision-token.ts";
import { useDatabase } from "../support/database.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { makeWorld, NOON, type World } from "./world.ts";

const HOUR = 3600;
const AAD = Buffer.from("additional");
const keys = (count: number): RevisableKey[] =>
  Array.from({ length: count }, (_, index) => ({
    hex: index.toString(16).padStart(32, "0"),
    intervalNumber: 2_900_000 + index,
    intervalCount: 1 + (index % 144),
  }));

describe("revision tokens", () => {
  const database = useDatabase();
  let world: World;
  const clock = { ms: 0 };

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeWorld(database());
    clock.ms = 0;
  });
  const dataKeys = () => revisionKeys(world.keyDeps, () => clock.ms);
  const tokens = (additionalData = AAD, minEntries = 28) =>
    revisionTokens({ crypto: NATIVE, keys: dataKeys(), additionalData, minEntries });
  const ids = async () =>
    (await database().sql<{ id: string }[]>`select id from revision_key order by created_at, id`)
      .map((row) => row.id);

  it("give back what they hold", async () => {
    const held = await tokens().read(await (await tokens().maker())(keys(5)));
    expect([...(held ?? [])]).toEqual(keys(5).map((key) => [key.hex, key]));
  });

  it("have the same size whatever they hold, up to the least number of entries", async () => {
    const sizes = new Set<number>();
    for (const count of [0, 1, 14, 28]) {
      sizes.add((await (await tokens().maker())(keys(count))).length);
    }
    expect(sizes.size).toBe(1);
    expect((await (await tokens().maker())(keys(29))).length).toBe(
      (await (await tokens().maker())(keys(56))).length,
    );
  });

  it("are protobuf that any reader takes, filled up with all-zero keys", async () => {
    const token = RevisionToken.decode(
      Buffer.from(await (await tokens().maker())(keys(2)), "base64"),
    );
    const key = await dataKeys().find(token.kid);
    const data = await unseal(NATIVE, key?.key as CryptoKey, token.data, AAD);
    const { revisableKeys } = RevisionTokenData.decode(data ?? new Uint8Array());
    expect(revisableKeys).toHaveLength(28);
    expect(revisableKeys[1]).toMatchObject({ intervalNumber: 2_900_001, intervalCount: 2 });
    const last = revisableKeys[27];
    expect([last?.intervalNumber, last?.intervalCount]).toEqual([0, 0]);
    expect([...(last?.temporaryExposureKey ?? [])]).toEqual(Array(16).fill(0));
  });

  it("count only with their own additional data", async () => {
    const token = await (await tokens().maker())(keys(1));
    expect(await tokens(Buffer.from("other")).read(token)).toBeUndefined();
  });

  it.each([
    ["empty", ""],
    ["not base64", "*"],
    ["not protobuf", "AAAA"],
    ["without data", Buffer.from(RevisionToken.encode({ kid: "x" }).finish()).toString("base64")],
    ["enormous", Buffer.alloc(40_000, 0x0a).toString("base64")],
  ])("are not read when %s", async (_, token) => {
    expect(await tokens().read(token)).toBeUndefined();
  });

  it("do not make us ask the database for every id that does not exist", async () => {
    let asked = 0;
    const store = world.keyDeps.store;
    const counting = {
      ...world.keyDeps,
      store: {
        ...store,
        list: () => {
          asked++;
          return store.list();
        },
      },
    };
    const found = revisionKeys(counting, () => clock.ms);
    await found.current();
    asked = 0;
    for (let attempt = 0; attempt < 100; attempt++) {
      expect(await found.find(`${attempt}`)).toBeUndefined();
    }
    expect(asked).toBe(0);
    clock.ms += 1_000;
    for (let attempt = 0; attempt < 100; attempt++) {
      expect(await found.find(`${attempt}`)).toBeUndefined();
    }
    expect(asked).toBe(1);
  });

  it("of another process are read at once, made with a key of which we have not heard yet", async () => {
    const here = tokens();
    await (await here.maker())(keys(1));
    await database().setClock(NOON + 168 * HOUR);
    expect(await rotateRevisionKeys(world.keyDeps)).toEqual({ created: 1, destroyed: 0 });
    const token = await (await tokens().maker())(keys(3));
    clock.ms += 1_000;
    expect((await here.read(token))?.size).toBe(3);
  });

  describe("rotation", () => {
    it("makes the first key once, whoever comes first", async () => {
      const made = await Promise.all(
        Array.from({ length: 8 }, () => rotateRevisionKeys(world.keyDeps)),
      );
      expect(made.reduce((sum, one) => sum + one.created, 0)).toBe(1);
      expect(await ids()).toHaveLength(1);
    });

    it("renews after NEW_KEY_PERIOD and destroys when the successor is DELETE_OLD_KEY_PERIOD old", async () => {
      const at = async (hours: number) => {
        await database().setClock(NOON + hours * HOUR);
        return await rotateRevisionKeys(world.keyDeps);
      };
      expect(await at(0)).toEqual({ created: 1, destroyed: 0 });
      const [first] = await ids();
      const token = await (await tokens().maker())(keys(1));
      expect(await at(167.9)).toEqual({ created: 0, destroyed: 0 });
      expect(await at(168)).toEqual({ created: 1, destroyed: 0 });
      expect(await tokens().read(token)).toBeDefined();
      expect(await at(168 + 359.9)).toEqual({ created: 1, destroyed: 0 });
      expect(await tokens().read(token)).toBeDefined();
      expect(await at(168 + 360)).toEqual({ created: 0, destroyed: 1 });
      expect(await ids()).not.toContain(first);
      expect(await tokens().read(token)).toBeUndefined();
    });

    it("never destroys the newest key, however old", async () => {
      await rotateRevisionKeys(world.keyDeps);
      await database().setClock(NOON + 10_000 * HOUR);
      const idle = {
        ...world.keyDeps,
        settings: { ...world.keyDeps.settings, newKeySeconds: 1e9 },
      };
      expect(await rotateRevisionKeys(idle)).toEqual({ created: 0, destroyed: 0 });
    });

    it("keeps keys wrapped, bound to their id", async () => {
      await rotateRevisionKeys(world.keyDeps);
      const [one] = await world.keyDeps.store.list();
      expect(one?.wrapped.length).toBeGreaterThan(32);
      await database().sql`update revision_key set id = 'other'`;
      await expect(dataKeys().current()).rejects.toMatchObject({ code: "key_unavailable" });
    });

    it("is heard of within the cache's duration", async () => {
      const here = dataKeys();
      const { id: before } = await here.current();
      await database().setClock(NOON + 168 * HOUR);
      await rotateRevisionKeys(world.keyDeps);
      clock.ms += 59_999;
      expect((await here.current()).id).toBe(before);
      clock.ms += 1;
      expect((await here.current()).id).not.toBe(before);
    });
  });
});
