import { expect, test } from "vitest";
import { readCopyRows } from "../../../src/store/exposure/copy-rows.ts";
import { useDatabase } from "../../support/database.ts";

const database = useDatabase();

/** fields(2), length(4), bigint(8). */
const ROW_BYTES = 14;

/** So many numbers by COPY, then one more statement on the same connection. */
async function readNumbers(count: number): Promise<{ numbers: bigint[]; after: number }> {
  const numbers: bigint[] = [];
  const after = await database().bulk.begin(async (transaction) => {
    const query = `select n from generate_series(1::bigint, ${count}) n`;
    await readCopyRows(transaction, query, ROW_BYTES, (row, at) => {
      numbers.push(new DataView(row.buffer, row.byteOffset + at).getBigInt64(6));
    });
    const [answer] = await transaction.unsafe<{ one: number }[]>("select 1 as one");
    return answer?.one ?? 0;
  });
  return { numbers, after };
}

// The driver's buffers hold 16 and 64 KiB: sizes on both sides of their limits.
test.each([0, 1, 800, 1000, 2000, 3000, 4200, 5000, 10_000])(
  "readCopyRows() gives %i rows in order and leaves the connection usable",
  async (count) => {
    const { numbers, after } = await readNumbers(count);
    expect(after).toBe(1);
    expect(numbers).toEqual(Array.from({ length: count }, (_, index) => BigInt(index + 1)));
  },
);

test("readCopyRows() throws what its taker throws, and leaves the connection usable", async () => {
  const failing = database().bulk.begin((transaction) =>
    readCopyRows(transaction, "select n from generate_series(1, 5000) n", 10, () => {
      throw new Error("enough");
    })
  );
  await expect(failing).rejects.toThrow("enough");
  expect((await readNumbers(1)).numbers).toEqual([1n]);
});

test("readCopyRows() refuses rows of another length", async () => {
  const odd = database().bulk.begin((transaction) =>
    readCopyRows(transaction, "select n from generate_series(1, 5) n", 9, () => {})
  );
  await expect(odd).rejects.toMatchObject({
    code: "internal",
    message: "the rows of a COPY are not of the length that was asked for",
  });
});
