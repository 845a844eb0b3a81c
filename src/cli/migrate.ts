import { loadConfiguration } from "../config/load.ts";
import { AppError } from "../errors.ts";
import { checkMigrations, migrate } from "../store/migrate.ts";
import type { Command } from "./command.ts";
import { withDatabase } from "./open.ts";
import { parseOptions } from "./options.ts";

const USAGE = `wayfarer migrate [--check]

Brings the database's schema to the newest version. "serve" does it by itself unless
MIGRATE_ON_START=false.

  --check   change nothing; exit 1 when something is to be done

Example:
  wayfarer migrate --check`;

/** `wayfarer migrate`. */
export const migrateCommand: Command = {
  name: "migrate",
  summary: "brings the database's schema to the newest version",
  usage: USAGE,
  run: async (io) => {
    const options = parseOptions(io.args, { check: { type: "boolean" } });
    if (!options.ok) throw new AppError(options.code, options.message);
    const check = options.value.values.check === true;
    const names = await withDatabase(
      await loadConfiguration(io.env),
      (database) => check ? checkMigrations(database) : migrate(database, undefined, io.signal),
    );
    if (io.json) io.out(JSON.stringify({ [check ? "pending" : "applied"]: names }));
    else if (names.length === 0) io.out("the schema is the newest");
    else names.forEach((name) => io.out(`${check ? "pending" : "applied"}: ${name}`));
    return check && names.length > 0 ? 1 : 0;
  },
};
