import { beforeEach, describe, expect, it } from "vitest";
import { revisionKeyStore } from "../../../src/store/publish/revision-key.ts";
import { useDatabase } from "../../support/database.ts";

const DAY = 86_400;
const NOON = 1_749_988_800;

describe("revisionKeyStore()", () => {
  const database = useDatabase();

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
  });
  const add = (id: string) =>
    revisionKeyStore(database()).addUnlessYounger({ id, wrapped: new Uint8Array([1, 2]) }, DAY);

  it("lets one of many add a key, round after round", async () => {
    for (let round = 0; round < 10; round++) {
      await database().setClock(NOON + round * DAY);
      const added = await Promise.all(
        Array.from({ length: 16 }, (_, own) => add(`${round}-${own}`)),
      );
      expect(added.filter(Boolean)).toHaveLength(1);
    }
    expect(await revisionKeyStore(database()).list()).toHaveLength(10);
  });

  it("lists keys newest first", async () => {
    await add("old");
    await database().setClock(NOON + DAY);
    await add("new");
    const keys = await revisionKeyStore(database()).list();
    expect(keys.map(({ id, createdAt }) => [id, createdAt])).toEqual([
      ["new", NOON + DAY],
      ["old", NOON],
    ]);
    expect([...keys[0]?.wrapped ?? []]).toEqual([1, 2]);
  });

  it("deletes only what has a successor that is old enough", async () => {
    const store = revisionKeyStore(database());
    await add("a");
    await database().setClock(NOON + DAY);
    await add("b");
    await database().setClock(NOON + 3 * DAY - 1);
    expect(await store.deleteSucceeded(2 * DAY)).toBe(0);
    await database().setClock(NOON + 3 * DAY);
    expect(await store.deleteSucceeded(2 * DAY)).toBe(1);
    expect((await store.list()).map((key) => key.id)).toEqual(["b"]);
  });
});
