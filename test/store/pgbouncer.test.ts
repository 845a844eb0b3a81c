import { describe, expect, it, onTestFinished } from "vitest";
import { checkDatabase, type Database, openDatabase } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrate.ts";
import { publishStore } from "../../src/store/publish/publish.ts";
import { config, DAY_ONE, hexKey, HOUR, keyBytes, openWorld } from "../export/world.ts";
import { useDatabase } from "../support/database.ts";
import { HAS_PGBOUNCER, startPgBouncer } from "../support/pgbouncer.ts";
import { TRUSTED_CLOCKS } from "../support/trusted-clocks.ts";

const NOON = DAY_ONE + 12 * HOUR;
const DROPPED = "statement_timeout, idle_in_transaction_session_timeout, lock_timeout, " +
  "default_transaction_isolation";

describe.runIf(HAS_PGBOUNCER)("PgBouncer in transaction mode", () => {
  const database = useDatabase();

  const open = (url: string): Database => {
    const opened = openDatabase({ address: { kind: "url", url }, statementTimeoutMs: 5000 });
    onTestFinished(() => opened.close(0));
    return opened;
  };
  const refused = {
    code: "database_unavailable",
    message: expect.stringMatching(/DATABASE_POOLER=transaction/),
  };

  it("is refused at start with the setting to change, whether it refuses our settings or drops them", async () => {
    const strict = await startPgBouncer(database().address);
    await expect(checkDatabase(open(strict))).rejects.toMatchObject(refused);
    const lax = await startPgBouncer(database().address, [
      `ignore_startup_parameters = ${DROPPED}`,
    ]);
    await expect(checkDatabase(open(lax))).rejects.toMatchObject(refused);
  });

  it("loses no published key on its way to a file", async () => {
    const behind = open(`${await startPgBouncer(database().address)}?prepare=false`);
    await checkDatabase(behind);
    expect(await Promise.all([migrate(behind), migrate(behind), migrate(behind)])).toEqual([
      [],
      [],
      [],
    ]);
    const world = await openWorld({ ...database(), ...behind });
    world.put(config({ name: "mag" }));
    await database().setClock(NOON - HOUR);
    const store = publishStore(
      behind,
      { windowSeconds: HOUR, releaseSameDayKeys: false },
      TRUSTED_CLOCKS.processSeconds,
    );
    const ids = Array.from({ length: 60 }, (_, index) => `key ${index}`);
    const stored = await Promise.all(ids.map((id) =>
      store.insertAll({
        keys: [{
          key: keyBytes(id),
          hex: hexKey(id),
          intervalNumber: NOON / 600 - 300,
          intervalCount: 144,
          transmissionRisk: 2,
          daysSinceOnset: 0,
        }],
        reportType: "confirmed",
        regions: ["MAG"],
        traveler: false,
        healthAuthority: "mag",
        issuer: undefined,
      }, undefined)
    ));
    expect(stored).toEqual(ids.map(() => true));
    await database().setClock(NOON + 2 * HOUR);
    expect(await world.run()).toMatchObject({ keys: ids.length, failed: 0 });
    expect(new Set(world.primaries(await world.download("mag")))).toEqual(new Set(ids.map(hexKey)));
  });

  it("gives each transaction the session settings", async () => {
    const behind = open(`${await startPgBouncer(database().address)}?prepare=false`);
    const timeout = await behind.sql.begin((sql) => sql`show statement_timeout`);
    expect(timeout).toEqual([{ statement_timeout: "5s" }]);
  });
});
