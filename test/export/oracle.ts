import { expect } from "vitest";
import type { ExportConfig } from "../../src/model/resource/export-config.ts";
import type { World } from "./world.ts";

type Row = {
  key: string;
  regions: string[];
  traveler: boolean;
  created_at: number;
  revised_at: number | null;
};

/** An independent implementation of the specification's rule, to check exports against. */
export function isWanted(config: ExportConfig, row: Pick<Row, "regions" | "traveler">): boolean {
  const inputs: readonly string[] = config.inputRegions.length === 0
    ? [config.outputRegion]
    : config.inputRegions;
  if (config.excludeRegions.some((region) => row.regions.includes(region))) return false;
  if (row.traveler && config.onlyNonTravelers) return false;
  if (row.traveler && config.includeTravelers) return true;
  return inputs.some((region) => row.regions.includes(region));
}

/**
 * Checks exports from outside: every key in the database that a config covers in [since, until), including generated
 * keys, is in exactly one file that its index names, and that file is of the key's window. Revisions likewise.
 */
export async function expectExactlyOnce(
  world: World,
  config: ExportConfig,
  root: string,
  since: number,
  until: number,
): Promise<void> {
  const rows = await world.database.sql<Row[]>`
    select encode(key, 'hex') as key, regions, traveler, created_at, revised_at from exposure`;
  const wanted = rows.filter((row) => isWanted(config, row));
  const inside = (second: number | null): boolean =>
    second !== null && since <= second && second < until;
  const files = await world.download(root);
  const hexOf = (key: { key: Uint8Array }): string => Buffer.from(key.key).toString("hex");
  const primaries = files.flatMap(({ file }) => [...file.keys()].map(hexOf));
  const revised = files.flatMap(({ file }) => [...file.revisedKeys()].map(hexOf));
  const published = wanted.filter((row) => inside(row.created_at)).map((row) => row.key);
  const changed = wanted.filter((row) => inside(row.revised_at)).map((row) => row.key);
  expect(difference(published, primaries), `keys of ${root}`).toEqual(NONE);
  expect(difference(changed, revised), `revised keys of ${root}`).toEqual(NONE);

  const createdAt = new Map(rows.map((row) => [row.key, row.created_at]));
  const times = new Set<string>();
  let previousEnd = 0;
  for (const { name, file } of files) {
    const [, start = "", end = ""] = /\/(\d+)-(\d+)-\d{5}\.zip$/.exec(name) ?? [];
    expect(Number(end)).toBeGreaterThanOrEqual(previousEnd);
    previousEnd = Number(end);
    const keys = [...file.keys()].map(hexOf);
    expect(keys).toEqual(keys.toSorted());
    for (const key of keys) {
      expect(createdAt.get(key)).toBeGreaterThanOrEqual(Number(start));
      expect(createdAt.get(key)).toBeLessThan(Number(end));
    }
    times.add(`${file.start}-${file.end}`);
  }
  expect(times.size, "phones drop files with the same times").toBe(files.length);
}

const NONE = { lost: [], twice: [], foreign: [] };

/** The differences between the found and the wanted keys: lost, found twice, and unexpected ones. */
function difference(wanted: readonly string[], found: readonly string[]): typeof NONE {
  const seen = new Set(found);
  const known = new Set(wanted);
  const sorted = found.toSorted();
  return {
    lost: wanted.filter((key) => !seen.has(key)),
    twice: sorted.filter((key, index) => key === sorted[index - 1]),
    foreign: found.filter((key) => !known.has(key)),
  } as typeof NONE;
}
