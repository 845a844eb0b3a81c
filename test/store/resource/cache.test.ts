import { beforeEach, describe, expect, it } from "vitest";
import { signingKeySchema } from "../../../src/model/resource/signing-key.ts";
import { resourceCache } from "../../../src/store/resource/cache.ts";
import { resourceStore } from "../../../src/store/resource/resources.ts";
import { useDatabase } from "../../support/database.ts";

const ACTOR = { subject: "cli:test", name: "test", via: "cli" } as const;
const key = (name: string) =>
  signingKeySchema.parse({
    kind: "SigningKey",
    name,
    key: `local:${name}`,
    keyId: "1",
    version: "v1",
  });

describe("resourceCache()", () => {
  const database = useDatabase();
  beforeEach(() => database().clear());

  it("sees another process's change after a second, or as soon as somebody wants to know better", async () => {
    const clock = { ms: 0 };
    const store = resourceStore(database());
    const cache = resourceCache(store, () => clock.ms);
    expect((await cache.view()).list("SigningKey")).toEqual([]);
    await store.change(ACTOR, (change) => change.put([key("one")]));
    clock.ms = 999;
    expect((await cache.view()).list("SigningKey")).toEqual([]);
    expect((await cache.view(999)).get("SigningKey", "one")).toEqual(key("one"));
    await store.change(ACTOR, (change) => change.remove([key("one")]));
    expect((await cache.view()).list("SigningKey").length).toBe(1);
    expect((await cache.fresh()).list("SigningKey")).toEqual([]);
    clock.ms = 1999;
    await store.change(ACTOR, (change) => change.put([key("two")]));
    expect((await cache.view()).list("SigningKey").map(({ name }) => name)).toEqual(["two"]);
  });

  it("keeps one view as long as nothing changes, and asks once for many", async () => {
    const store = resourceStore(database());
    await store.change(ACTOR, (change) => change.put([key("one")]));
    let asked = 0;
    const counting = {
      all: store.all,
      revision: () => {
        asked += 1;
        return store.revision();
      },
    };
    const cache = resourceCache(counting, () => 0);
    const views = await Promise.all([cache.view(), cache.view(), cache.view()]);
    expect(new Set(views).size).toBe(1);
    expect(asked).toBe(1);
    expect(await cache.fresh()).toBe(views[0]);
  });
});
