import { beforeEach, describe, expect, it } from "vitest";
import { dueAfterSeconds } from "../../src/export/settings.ts";
import { seriesOf } from "../../src/export/series.ts";
import type { ExportConfig } from "../../src/model/resource/export-config.ts";
import { type ExportStatus, exportStatuses } from "../../src/store/export/status.ts";
import { useDatabase } from "../support/database.ts";
import { config, DAY_ONE, HOUR, openWorld, type World } from "./world.ts";

describe("the status of exports", () => {
  const database = useDatabase();
  let world: World;
  const mag = config({ name: "mag", period: "4h" });

  beforeEach(async () => {
    world = await openWorld(database());
    world.put(mag);
    await database().setClock(DAY_ONE + 6 * HOUR);
    await world.run();
  });

  const statuses = (...configs: ExportConfig[]): Promise<readonly ExportStatus[]> =>
    exportStatuses(database()).all(configs.flatMap(seriesOf), dueAfterSeconds(world.settings));
  const lagAt = async (hours: number, changes: Partial<ExportConfig> = {}) => {
    await database().setClock(DAY_ONE + hours * HOUR);
    return (await statuses({ ...mag, ...changes })).map(({ lagSeconds }) => lagSeconds);
  };

  it("is behind from the moment a window is due, even if it has no batch", async () => {
    expect(await lagAt(6)).toEqual([0]);
    expect(await lagAt(10)).toEqual([0]);
    expect(await lagAt(11)).toEqual([HOUR]);
    expect(await lagAt(6 + 72)).toEqual([68 * HOUR]);
  });

  it("is not behind for windows after the end of its config", async () => {
    const thru = (hours: number) => ({
      thru: new Date((DAY_ONE + hours * HOUR) * 1000).toISOString(),
    });
    expect(await lagAt(78, thru(4))).toEqual([0]);
    expect(await lagAt(78, thru(5))).toEqual([68 * HOUR]);
  });

  it("leaves out deleted configs and series that were never scheduled", async () => {
    expect(await statuses()).toEqual([]);
    expect(await statuses(config({ name: "new" }))).toEqual([]);
  });
});
