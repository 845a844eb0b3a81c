import { describe, expect, it } from "vitest";
import { groupedWrites, type Written } from "../../../src/store/publish/grouped-writes.ts";

/** A writer that a test lets go on, one statement after the other. */
function heldWriter(
  verdict: (items: readonly string[]) => Written<string> = () => ({ written: true }),
) {
  const statements: { items: readonly string[]; goOn: () => void }[] = [];
  const write = (items: readonly string[]): Promise<Written<string>> =>
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
    const add = groupedWrites(write, { atOnce: 1, items: 3, boundMs: 60_000 });
    const answers = Promise.all(["a", "b", "c", "d", "e"].map(add));
    expect(statements.map(({ items }) => items)).toEqual([["a"]]);
    for (let next = 0; next < 3; next++) {
      statements[next]?.goOn();
      await turn();
    }
    expect(statements.map(({ items }) => items)).toEqual([["a"], ["b", "c", "d"], ["e"]]);
    expect(await answers).toEqual([true, true, true, true, true]);
  });

  it("gives up a group, and what waits for its turn, after the bound, and goes on", async () => {
    const { statements, write } = heldWriter();
    const add = groupedWrites(write, { atOnce: 1, items: 1, boundMs: 20 });
    const late = { name: "TimeoutError" };
    await Promise.all(
      ["a", "b", "c", "d"].map((item) => expect(add(item)).rejects.toMatchObject(late)),
    );
    const after = add("e");
    statements.at(-1)?.goOn();
    expect(await after).toBe(true);
    expect(statements.map(({ items }) => items).flat()).not.toContain("d");
  });

  it("writes at most so many groups at a time", async () => {
    const { statements, write } = heldWriter();
    const add = groupedWrites(write, { atOnce: 2, items: 16, boundMs: 60_000 });
    const answers = Promise.all(["a", "b", "c", "d"].map(add));
    expect(statements.map(({ items }) => items)).toEqual([["a"], ["b"]]);
    statements[0]?.goOn();
    await turn();
    expect(statements[2]?.items).toEqual(["c", "d"]);
    statements.forEach(({ goOn }) => goOn());
    expect(await answers).toEqual([true, true, true, true]);
  });

  /** Lets each statement go on as it comes. */
  const goOn = async (statements: readonly { readonly goOn: () => void }[]) => {
    for (let next = 0; next < statements.length; next++) {
      statements[next]?.goOn();
      await turn();
    }
  };

  it("writes a refused group again without the items at fault, which hear it last", async () => {
    const { statements, write } = heldWriter((items) => {
      const atFault = items.filter((item) => item.startsWith("bad"));
      return atFault.length === 0 ? { written: true } : { written: false, atFault };
    });
    const add = groupedWrites(write, { atOnce: 1, items: 16, boundMs: 60_000 });
    const told: string[] = [];
    const answers = ["a", "b", "bad 1", "c", "bad 2"].map(async (item) => {
      const written = await add(item);
      told.push(item);
      return written;
    });
    await goOn(statements);
    expect(statements.map(({ items }) => items)).toEqual([
      ["a"],
      ["b", "bad 1", "c", "bad 2"],
      ["b", "c"],
    ]);
    expect(await Promise.all(answers)).toEqual([true, true, false, true, false]);
    expect(told).toEqual(["a", "b", "c", "bad 1", "bad 2"]);
  });

  it("writes each item of a refused group by itself when nobody knows which is at fault", async () => {
    const { statements, write } = heldWriter((items) =>
      items.includes("bad") ? { written: false, atFault: [] } : { written: true }
    );
    const add = groupedWrites(write, { atOnce: 1, items: 16, boundMs: 60_000 });
    const answers = Promise.all(["a", "b", "bad", "c"].map(add));
    await goOn(statements);
    expect(statements.slice(2).map(({ items }) => items)).toEqual([["b"], ["bad"], ["c"]]);
    expect(await answers).toEqual([true, true, false, true]);
  });

  it("is done when all of a group are at fault", async () => {
    const { statements, write } = heldWriter((items) => ({ written: false, atFault: items }));
    const add = groupedWrites(write, { atOnce: 1, items: 16, boundMs: 60_000 });
    const answers = Promise.all(["a", "b", "c"].map(add));
    await goOn(statements);
    expect(statements.map(({ items }) => items)).toEqual([["a"], ["b", "c"]]);
    expect(await answers).toEqual([false, false, false]);
  });

  it("fails the group when writing fails, and goes on with the next", async () => {
    const { statements, write } = heldWriter((items) => {
      if (items.includes("b")) throw new Error("the database is gone");
      return { written: true };
    });
    const add = groupedWrites(write, { atOnce: 1, items: 2, boundMs: 60_000 });
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
