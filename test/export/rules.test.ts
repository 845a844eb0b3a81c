import { describe, expect, it } from "vitest";
import { useDatabase } from "../support/database.ts";
import { isWanted } from "./oracle.ts";
import { config, DAY_ONE, hexKey, HOUR, openWorld, type TestKey } from "./world.ts";

const TWENTY = Array.from({ length: 20 }, (_, index) => `R${index}`);
const KEYS: readonly (TestKey & { readonly regions: readonly string[] })[] = [
  { id: "mag", createdAt: DAY_ONE, regions: ["MAG"] },
  { id: "xyz", createdAt: DAY_ONE, regions: ["XYZ"] },
  { id: "both", createdAt: DAY_ONE, regions: ["MAG", "XYZ"] },
  { id: "r7", createdAt: DAY_ONE, regions: ["R7"] },
  { id: "all", createdAt: DAY_ONE, regions: ["MAG", "XYZ", ...TWENTY] },
  { id: "traveler", createdAt: DAY_ONE, regions: ["MAG"], traveler: true },
  { id: "stranger", createdAt: DAY_ONE, regions: ["XYZ"], traveler: true },
  { id: "peer", createdAt: DAY_ONE, regions: ["MAG"], source: "peer" },
  { id: "import", createdAt: DAY_ONE, regions: ["MAG"], source: "import" },
];

/** Input regions, excluded regions, includeTravelers, onlyNonTravelers, and the exported keys. */
const TABLE: readonly (readonly [string[], string[], boolean, boolean, string])[] = [
  [[], [], false, false, "mag both all traveler peer import"],
  [["XYZ"], [], false, false, "xyz both all stranger"],
  [["MAG", "XYZ"], [], false, false, "mag xyz both all traveler stranger peer import"],
  [TWENTY, [], false, false, "r7 all"],
  [[], ["XYZ"], false, false, "mag traveler peer import"],
  [["MAG", "XYZ"], ["R7"], false, false, "mag xyz both traveler stranger peer import"],
  [["MAG", "XYZ"], ["MAG", "XYZ"], false, false, ""],
  [[], TWENTY, false, false, "mag both traveler peer import"],
  [[], [], true, false, "mag both all traveler stranger peer import"],
  [["R7"], ["XYZ"], true, false, "r7 traveler"],
  [[], [], false, true, "mag both all peer import"],
  [["XYZ"], ["MAG"], false, true, "xyz"],
];

describe("region rules of an export", () => {
  const database = useDatabase();

  it("hold for zero, one, two and twenty input and excluded regions", async () => {
    const world = await openWorld(database());
    await world.insert(KEYS.map((key) => ({ ...key, revisedAt: key.createdAt })));
    TABLE.forEach(([inputRegions, excludeRegions, includeTravelers, onlyNonTravelers], index) =>
      world.put(config({
        name: `c${index}`,
        inputRegions,
        excludeRegions,
        includeTravelers,
        onlyNonTravelers,
      }))
    );
    await database().setClock(DAY_ONE + 6 * HOUR);
    expect((await world.run()).failed).toBe(0);
    for (const [index, [input, exclude, travelers, nobody, ids]] of TABLE.entries()) {
      const wanted = ids.split(" ").filter((id) => id !== "").map(hexKey).toSorted();
      const files = await world.download(`c${index}`);
      expect(world.primaries(files), `row ${index}`).toEqual(wanted);
      expect(files.reduce((sum, { file }) => sum + file.revisedKeyCount, 0)).toBe(wanted.length);
      // The oracle of the other tests agrees.
      const definition = config({
        name: "x",
        inputRegions: input,
        excludeRegions: exclude,
        includeTravelers: travelers,
        onlyNonTravelers: nobody,
      });
      expect(
        KEYS.filter((key) =>
          isWanted(definition, { regions: [...key.regions], traveler: key.traveler ?? false })
        ).map((key) => hexKey(key.id)).toSorted(),
      ).toEqual(wanted);
    }
  });
});
