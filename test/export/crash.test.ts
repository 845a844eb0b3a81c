import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import type { BlobStore } from "../../src/blob/blob.ts";
import { readExportFile } from "../../src/export-file/read.ts";
import { runExport } from "../../src/export/run.ts";
import { useDatabase } from "../support/database.ts";
import { Killed, mortal } from "./mortal.ts";
import { expectExactlyOnce } from "./oracle.ts";
import { config, DAY, DAY_ONE, HOUR, openWorld, type World } from "./world.ts";

/** A store that fails the test when a file is stored again with other contents. */
function unchanging(blob: BlobStore): BlobStore & { readonly rewritten: () => number } {
  const seen = new Map<string, string>();
  let rewritten = 0;
  return {
    ...blob,
    rewritten: () => rewritten,
    put: async (bucket, name, body, headers) => {
      if (name.endsWith(".zip")) {
        const file = await readExportFile(body);
        if (!file.ok) throw new Error(file.message);
        const hash = createHash("sha256").update(file.value.bin).digest("hex");
        if (seen.has(name)) {
          rewritten += 1;
          expect(hash, `${name} was stored twice`).toBe(seen.get(name));
        }
        seen.set(name, hash);
      }
      await blob.put(bucket, name, body, headers);
    },
  };
}

describe("a worker that dies", () => {
  const database = useDatabase();
  let world: World;
  const definition = config({ name: "mag", period: "12h", rollup: "24h" });

  beforeEach(async () => {
    world = await openWorld(database(), {
      minRecords: 3,
      paddingRange: 2,
      maxRecords: 2,
      cleanupTtlSeconds: 1000 * DAY,
    });
    world.put(definition);
  });

  it("at any point lets the next worker finish without losing or repeating a key", {
    timeout: 240_000,
  }, async () => {
    const blob = unchanging(world.blob);
    const signal = new AbortController().signal;
    const endOf = (day: number): number => DAY_ONE + (day + 1) * DAY;
    await database().setClock(endOf(-1) + 2 * HOUR);
    await world.run({ blob });

    let day = 0;
    let deaths = 0;
    for (let dieAt = 1; deaths === dieAt - 1; dieAt++, day++) {
      await world.insert([
        { id: `${day} morning`, createdAt: endOf(day) - DAY },
        { id: `${day} evening`, createdAt: endOf(day) - HOUR, revisedAt: endOf(day) - HOUR },
        { id: `${day} night`, createdAt: endOf(day) - 2 * HOUR },
        { id: `${day} elsewhere`, createdAt: endOf(day) - HOUR, regions: ["XYZ"] },
      ]);
      await database().setClock(endOf(day) + 2 * HOUR);
      const life = mortal(world.dependencies({ blob }), dieAt);
      await runExport(life.dependencies, signal).then(
        () => undefined,
        (error: unknown) => {
          if (!(error instanceof Killed)) throw error;
          deaths += 1;
        },
      );
      for (const root of ["mag", "mag-daily"]) {
        for (const name of (await world.index(root) ?? []).slice(-12)) {
          expect(await world.blob.head("exports", name), `${name} is in the index`).toBeDefined();
        }
      }
      await database().setClock(endOf(day) + 2 * HOUR + world.settings.workerTimeoutSeconds);
      expect((await world.run({ blob })).failed).toBe(0);
      for (const root of ["mag", "mag-daily"]) {
        const files = await database().sql<{ name: string }[]>`
          select name from export_file where root = ${root} order by ends_at, number`;
        expect(await world.index(root), `death at step ${dieAt}`)
          .toEqual(files.map((file) => file.name));
      }
    }
    expect(deaths).toBeGreaterThan(60);
    expect(blob.rewritten()).toBeGreaterThan(10);
    await expectExactlyOnce(world, definition, "mag", DAY_ONE, endOf(day));
    await expectExactlyOnce(world, definition, "mag-daily", DAY_ONE, endOf(day));
  });
});
