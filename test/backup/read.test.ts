import { Buffer } from "node:buffer";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { PART_BYTES } from "../../src/backup/format.ts";
import { checkBackup } from "../../src/backup/restore.ts";
import { opened, sealed } from "../../src/backup/seal.ts";
import { writeBackup } from "../../src/backup/write.ts";
import { writeZip } from "../../src/export-file/zip-write.ts";
import type { Snapshot } from "../../src/store/backup/snapshot.ts";
import { randomOf } from "../support/random.ts";

const LINE = new TextEncoder().encode(
  "\\\\x00112233445566778899aabbccddeeff\t2800000\t144\t{MAG}\n",
);

/** A snapshot of two tables, of `rows` rows and of none. */
function snapshotOf(rows: number): Snapshot {
  return {
    schema: 3,
    tables: [
      { name: "exposure", columns: ["key", "interval_number", "interval_count", "regions"] },
      {
        name: "resource",
        columns: ["name"],
      },
    ],
    counters: [{ table: "exposure", column: "id", last: "7" }],
    rows: async function* (table) {
      if (table.name !== "exposure") return;
      for (let row = 0; row < rows; row++) yield await Promise.resolve(LINE);
    },
  };
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return new Uint8Array(Buffer.concat(parts));
}

const written = (rows: number): Promise<Uint8Array> =>
  bytesOf(
    writeBackup(snapshotOf(rows), {
      program: "wayfarer test",
      now: 1_800_000_000,
      progress: () => {},
      done: () => {},
    }),
  );

/** The bytes in chunks of some size. */
async function* chunked(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    yield await Promise.resolve(bytes.subarray(at, at + size));
  }
}

const check = (bytes: Uint8Array, size?: number) => checkBackup(chunked(bytes, size));
const refused = { code: "malformed_file" };

describe("a backup", () => {
  it("is read whatever the chunks are that it comes in", async () => {
    const whole = await written(500);
    for (const size of [1, 7, 4096, whole.length]) {
      const { head, sums } = await check(whole, size);
      expect(head).toMatchObject({ format: 1, schema: 3, createdAt: 1_800_000_000 });
      expect(sums.rows).toEqual([{ table: "exposure", rows: 500 }, { table: "resource", rows: 0 }]);
      expect(sums.counters).toEqual([{ table: "exposure", column: "id", last: "7" }]);
    }
  });

  it("is a zip that unzip can read, in parts of whole rows", async () => {
    const rows = Math.ceil((2.5 * PART_BYTES) / LINE.length);
    const whole = await written(rows);
    const { sums } = await check(whole, 65_536);
    expect(sums.members.map(({ name }) => name)).toEqual([
      "backup.json",
      "tables/exposure/000001.copy",
      "tables/exposure/000002.copy",
      "tables/exposure/000003.copy",
    ]);
    const members = unzipSync(whole);
    const parts = Object.entries(members).filter(([name]) => name.startsWith("tables/"));
    const lengths = parts.map(([, data]) => data.length % LINE.length);
    expect(lengths).toEqual([0, 0, 0]);
    expect(parts.reduce((sum, [, data]) => sum + data.length, 0)).toBe(rows * LINE.length);
  });

  it("is refused when it is cut off, wherever that is", async () => {
    const whole = await written(50);
    for (let length = 0; length < whole.length; length++) {
      await expect(check(whole.subarray(0, length), 4096)).rejects.toMatchObject(refused);
    }
  });

  it("is refused with any bit flipped", async () => {
    const whole = await written(50);
    const random = randomOf(1);
    for (let count = 0; count < 3000; count++) {
      const at = Math.floor(random() * whole.length);
      const bit = Math.floor(random() * 8);
      const changed = whole.slice();
      changed[at] = (changed[at] ?? 0) ^ (1 << bit);
      const told = await check(changed, 4096).then(() => "accepted", ({ code }) => code);
      expect(`${told} ${at} ${bit} ${whole.length}`).toMatch(/^malformed_file/);
    }
  });

  it("is refused with something behind it", async () => {
    const whole = await written(50);
    await expect(check(Buffer.concat([whole, new Uint8Array(1)]))).rejects.toMatchObject(refused);
  });

  it("is refused with members left out, in another order, or of another kind", async () => {
    const own = Object.entries(unzipSync(await written(50)))
      .map(([name, data]) => ({ name, data }));
    const [head, rows, sums] = own;
    const strange = { name: "../evil", data: new Uint8Array(1) };
    for (
      const members of [
        [head, sums],
        [rows, head, sums],
        [head, rows, rows, sums],
        [head, rows],
        [
          head,
          strange,
          sums,
        ],
        [sums],
        [],
      ]
    ) {
      const zip = await writeZip(members.filter((member) => member !== undefined));
      await expect(check(zip)).rejects.toMatchObject(refused);
    }
  });

  it("is refused in a newer format, with words", async () => {
    const data = new TextEncoder().encode(JSON.stringify({ format: 2, anything: true }));
    await expect(check(await writeZip([{ name: "backup.json", data }]))).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining("it has format 2, and this program knows 1"),
    });
  });

  it("is refused when the sums are those of another", async () => {
    const own = unzipSync(await written(50));
    const other = unzipSync(await written(51));
    const mixed = Object.entries(own).map(([name, data]) => ({
      name,
      data: name === "sums.json" ? other[name] ?? data : data,
    }));
    await expect(check(await writeZip(mixed))).rejects.toMatchObject(refused);
  });
});

describe("an encrypted backup", () => {
  it("is refused when it was changed or cut off", async () => {
    const identity = await generateX25519Identity();
    const recipients = [await identityToRecipient(identity)];
    const open = (bytes: Uint8Array) =>
      checkBackup(opened(chunked(bytes, 5000), { identities: [identity] }));
    const whole = await bytesOf(
      sealed(chunked(await written(5000)), { kind: "recipients", recipients }),
    );
    expect((await open(whole)).sums.rows[0]).toEqual({ table: "exposure", rows: 5000 });
    // The header ends with a line of three hyphens and 43 characters; a nonce of 16 bytes follows.
    const body = Buffer.from(whole).indexOf("\n---") + 1 + 3 + 1 + 43 + 1 + 16;
    for (const length of [whole.length - 1, body]) {
      await expect(open(whole.subarray(0, length))).rejects.toMatchObject(refused);
    }
    for (let at = body; at < whole.length; at += 29) {
      const changed = whole.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(open(changed)).rejects.toMatchObject(refused);
    }
  });
});
