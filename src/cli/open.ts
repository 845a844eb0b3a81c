import type { App } from "../app.ts";
import { databaseAddress, type Foundation, openFoundation } from "../app/foundation.ts";
import type { Configuration } from "../config/config.ts";
import { loadConfiguration } from "../config/load.ts";
import { jsonLog } from "../observe/log.ts";
import { checkDatabase, type Database, openDatabase } from "../store/database.ts";
import { openEmbedded } from "../store/embedded/open.ts";
import type { CommandIo } from "./command.ts";

/** Opens what a command stands on, does the work, and closes it again however that ends. */
export async function withFoundation<const T>(
  io: CommandIo,
  work: (foundation: Foundation) => Promise<T>,
): Promise<T> {
  const { config, secrets, warnings } = await loadConfiguration(io.env);
  if (warnings.length > 0) io.err(`settings without effect: ${warnings.join("; ")}`);
  const foundation = await openFoundation({
    config,
    secrets,
    log: jsonLog(config.logLevel === "info" ? "warn" : config.logLevel, io.err, Date.now),
    crypto: io.runtime.crypto,
    owner: "command",
    signal: io.signal,
  });
  try {
    return await work(foundation);
  } catch (error) {
    throw await foundation.explain(error);
  } finally {
    await foundation.close();
  }
}

/** The whole program on a foundation. It is loaded only now: commands that do without it start in half the time. */
export async function openWhole(
  foundation: Foundation,
  runtime: CommandIo["runtime"],
): Promise<App> {
  const { openApp } = await import("../app.ts");
  return await openApp(foundation, runtime);
}

/** Opens the database of the settings alone, whatever schema it has, does the work, and closes it again. */
export async function withDatabase<const T>(
  { config }: Pick<Configuration, "config">,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const opened = databaseAddress(config) ??
    await openEmbedded({ dataDirectory: config.dataDirectory, owner: "command" });
  const embedded = "stop" in opened ? opened : undefined;
  const database = openDatabase({
    address: "stop" in opened ? opened.address : opened,
    statementTimeoutMs: config.statementTimeoutMs,
    pool: config.databaseReach.pool,
  });
  try {
    await checkDatabase(database);
    return await work(database);
  } finally {
    await database.close();
    await embedded?.stop();
  }
}
