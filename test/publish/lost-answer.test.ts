import { Buffer } from "node:buffer";
import { beforeEach, describe, expect, it } from "vitest";
import { AppError } from "../../src/errors.ts";
import { revisionKeys } from "../../src/publish/revision-keys.ts";
import { revisionTokens } from "../../src/publish/revision-token.ts";
import { publishRoute, type PublishRouteDependencies } from "../../src/publish/route.ts";
import { openDatabase } from "../../src/store/database.ts";
import { publishStore } from "../../src/store/publish/publish.ts";
import { revisionKeyStore } from "../../src/store/publish/revision-key.ts";
import { useDatabase } from "../support/database.ts";
import { makeWorld, NOON, post, read, type SentTek, tek, type World } from "./world.ts";

const hex = (key: SentTek) => Buffer.from(key.key, "base64").toString("hex");

describe("a publish, when the database or the key manager goes away", () => {
  const database = useDatabase();
  let world: World;
  let keysFail: boolean;
  let deps: PublishRouteDependencies;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeWorld(database());
    keysFail = false;
    const failing =
      <A extends readonly unknown[], R>(work: (...given: A) => Promise<R>) =>
      (...given: A): Promise<R> =>
        keysFail ? Promise.reject(new AppError("key_unavailable")) : work(...given);
    const { keyDeps } = world;
    const keys = revisionKeys({
      ...keyDeps,
      store: { ...keyDeps.store, list: failing(keyDeps.store.list) },
      settings: { ...keyDeps.settings, cacheMs: 0 },
    }, () => world.clock.now * 1000);
    const additionalData = Buffer.from("test additional data");
    deps = {
      ...world.deps,
      tokens: revisionTokens({ crypto: keyDeps.crypto, keys, additionalData, minEntries: 28 }),
    };
  });

  const send = async (
    keys: readonly SentTek[],
    reportType: string,
    revisionToken?: string,
    by: PublishRouteDependencies = deps,
  ) => {
    const response = await publishRoute(by)(
      post(await world.body(keys, { revisionToken }, { reportType })),
    );
    return { ...await read(response), retryAfter: response.headers.get("retry-after") };
  };
  /** The store, with something that happens right after it committed. */
  const afterCommit = (happens: () => void): PublishRouteDependencies => ({
    ...deps,
    store: {
      ...deps.store,
      insertAll: async (...given) => {
        const stored = await deps.store.insertAll(...given);
        if (stored) happens();
        return stored;
      },
      revise: async (...given) => {
        const written = await deps.store.revise(...given);
        happens();
        return written;
      },
    },
  });
  const loseAnswer = () => {
    throw new AppError("database_unavailable");
  };
  const stored = async () => (await database().sql`select from exposure`).length;
  const counted = async () => (await database().sql`select from publish_stat_entry`).length;

  it("answers 200, with a token for all, once it is committed", async () => {
    const [old, fresh, first] = [tek(2), tek(1), tek(3)];
    const { json } = await send([old], "likely");
    const failsThen = afterCommit(() => keysFail = true);
    const both = await send([old, fresh], "confirmed", json.revisionToken, failsThen);
    expect([both.status, both.json.insertedExposures]).toEqual([200, 1]);
    keysFail = false;
    const alone = await send([first], "likely", undefined, failsThen);
    expect([alone.status, alone.json.insertedExposures]).toEqual([200, 1]);
    keysFail = false;
    const held = await deps.tokens.read(both.json.revisionToken ?? "");
    expect(new Set(held?.keys())).toEqual(new Set([hex(old), hex(fresh)]));
  });

  it("is answered 503 key_unavailable with Retry-After, and stores nothing, when no data key can be had", async () => {
    keysFail = true;
    const { status, json, retryAfter } = await send([tek(1)], "likely");
    expect([status, json.code, retryAfter]).toEqual([503, "key_unavailable", "5"]);
    expect([await stored(), await counted()]).toEqual([0, 0]);
  });

  it("is answered 503 database_unavailable with Retry-After when nobody listens", async () => {
    const address = { kind: "url", url: "postgres://127.0.0.1:1/nothing" } as const;
    const gone = openDatabase({ address, statementTimeoutMs: 1000 });
    const down = { ...deps, store: publishStore(gone, world.settings, () => world.clock.now) };
    const { status, json, retryAfter } = await send([tek(1)], "likely", undefined, down);
    expect([status, json.code, retryAfter]).toEqual([503, "database_unavailable", "5"]);
    const { keyDeps } = world;
    const keys = revisionKeys({ ...keyDeps, store: revisionKeyStore(gone) }, () => 0);
    const additionalData = Buffer.from("test additional data");
    const tokens = revisionTokens({ crypto: keyDeps.crypto, keys, additionalData, minEntries: 28 });
    const keyless = await send([tek(1)], "likely", undefined, { ...deps, tokens });
    expect([keyless.status, keyless.json.code, keyless.retryAfter])
      .toEqual([503, "database_unavailable", "5"]);
    await gone.close(0);
  });

  describe("after its commit, so that its answer is lost", () => {
    it("and it is a revision: sent again with the same token it is answered as if it were the first time", async () => {
      const key = tek(2);
      const { json } = await send([key], "likely");
      const token = json.revisionToken;
      const lost = await send([key], "confirmed", token, afterCommit(loseAnswer));
      expect([lost.status, lost.json.code]).toEqual([503, "database_unavailable"]);
      for (let time = 0; time < 2; time++) {
        const again = await send([key], "confirmed", token);
        expect([again.status, again.json.error]).toEqual([200, undefined]);
        const held = await deps.tokens.read(again.json.revisionToken ?? "");
        expect([...held?.keys() ?? []]).toEqual([hex(key)]);
      }
      expect([await stored(), await counted()]).toEqual([1, 2]);
    });

    it("and it is the first: sent again the code says that it is stored", async () => {
      const key = tek(2);
      const lost = await send([key], "likely", undefined, afterCommit(loseAnswer));
      expect(lost.status).toBe(503);
      const again = await send([key], "likely");
      expect([again.status, again.json.code, again.json.revisionToken])
        .toEqual([400, "missing_revision_token", undefined]);
      expect([await stored(), await counted()]).toEqual([1, 1]);
    });

    it("and it brought new keys beside a token: sent again the code says so, and the old token goes on for its keys", async () => {
      const [old, fresh] = [tek(2), tek(1)];
      const { json } = await send([old], "likely");
      const token = json.revisionToken;
      await send([old, fresh], "likely", token, afterCommit(loseAnswer));
      const again = await send([old, fresh], "likely", token);
      expect([again.status, again.json.code, again.json.error])
        .toEqual([400, "invalid_revision_token", "key 1 is not in the revision token"]);
      expect((await send([old], "confirmed", token)).status).toBe(200);
      expect([await stored(), await counted()]).toEqual([2, 3]);
    });
  });
});
