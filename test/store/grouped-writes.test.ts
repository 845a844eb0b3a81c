import { describe, expect, it } from "vitest";
import { groupedWrites } from "../../src/store/grouped-writes.ts";

/** A writer that a test lets go on, one statement after the other. */
function heldWriter(verdict: (items: readonly string[]) => boolean = () => true) {
  const statements: { items: readonly string[]; goOn: () => void }[] = [];
  const write = (items: readonly string[]): Promise<boolean> =>
    new Promise((resolve, reject) => {
      const goOn = () => {
        try {
          resolve(verdict(items));
        } catch (error) {
          reject(error);
        }
      };
      statements.push({ items, goOn });
    });
  return { statements, write };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("groupedWrites()", () => {
  it("writes an item that comes alone at once, and joins those that come meanwhile", async () => {
    const { statements, write } = heldWriter();
    const add = groupedWrites(write, { atOnce: 1, items: 3 });
    const answers = Promise.all(["a", "b", "c", "d", "e"].map(add));
    expect(statements.map(({ items }) => items)).toEqual([["a"]]);
    for (let next = 0; next < 3; next++) {
      statements[next]?.goOn();
      await turn();
    }
    expect(statements.map(({ items }) => items)).toEqual([["a"], ["b", "c", "d"], ["e"]]);
    expect(await answers).toEqual([true, true, true, true, true]);
  });

  it("writes at most so many groups at a time", async () => {
    const { statements, write } = heldWriter();
    const add = groupedWrites(write, { atOnce: 2, items: 16 });
    const answers = Promise.all(["a", "b", "c", "d"].map(add));
    expect(statements.map(({ items }) => items)).toEqual([["a"], ["b"]]);
    statements[0]?.goOn();
    await turn();
    expect(statements[2]?.items).toEqual(["c", "d"]);
    statements.forEach(({ goOn }) => goOn());
    expect(await answers).toEqual([true, true, true, true]);
  });

  it("refuses only the item at fault when its group is refused", async () => {
    const { statements, write } = heldWriter((items) => !items.includes("bad"));
    const add = groupedWrites(write, { atOnce: 1, items: 16 });
    const answers = Promise.all(["a", "b", "bad", "c"].map(add));
    statements[0]?.goOn();
    await turn();
    statements[1]?.goOn();
    await turn();
    expect(statements.slice(2).map(({ items }) => items)).toEqual([["b"], ["bad"], ["c"]]);
    statements.slice(2).forEach(({ goOn }) => goOn());
    expect(await answers).toEqual([true, true, false, true]);
  });

  it("fails the group when writing fails, and goes on with the next", async () => {
    const { statements, write } = heldWriter((items) => {
      if (items.includes("b")) throw new Error("the database is gone");
      return true;
    });
    const add = groupedWrites(write, { atOnce: 1, items: 2 });
    const answers = Promise.allSettled(["a", "b", "c", "d"].map(add));
    for (let next = 0; next < 3; next++) {
      statements[next]?.goOn();
      await turn();
    }
    expect((await answers).map(({ status }) => status)).toEqual([
      ...["fulfilled", "rejected", "rejected", "fulfilled"],
    ]);
  });
});
