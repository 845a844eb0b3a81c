import { makeSignInLink, signInAddress } from "../admin/sign-in.ts";
import type { App } from "../app.ts";
import { adminPart } from "../app/admin.ts";
import { keepLooking, tlsRenewal } from "../app/tls-renewal.ts";
import { type Foundation, openFoundation } from "../app/foundation.ts";
import type { Config } from "../config/config.ts";
import { loadConfiguration } from "../config/load.ts";
import { AppError } from "../errors.ts";
import { errorFields, jsonLog } from "../observe/log.ts";
import type { Listening } from "../runtime/runtime.ts";
import { commandActor } from "./actor.ts";
import type { Command, CommandIo } from "./command.ts";
import { openWhole } from "./open.ts";
import { parseOptions } from "./options.ts";

const USAGE = `wayfarer serve [--roles publish,export,federation,jobs,console,efgs]

Serves everything, and runs the background jobs, until SIGTERM or Ctrl-C.

  --roles   limits this process to some of its work (default: ROLES, else all but efgs)

Example:
  PORT=8080 DATA_DIR=./data wayfarer serve`;

/** After SIGTERM, what runs may finish for that long. */
const DRAIN_MS = 20_000;

/** `wayfarer serve`. */
export const serveCommand: Command = {
  name: "serve",
  summary: "serves everything and runs the background jobs",
  usage: USAGE,
  run: async (io) => {
    const options = parseOptions(io.args, { roles: { type: "string" } });
    if (!options.ok) throw new AppError(options.code, options.message);
    const { roles } = options.value.values;
    return await serve(io, roles === undefined ? io.env : { ...io.env, ROLES: roles });
  },
};

async function serve(io: CommandIo, env: CommandIo["env"]): Promise<0 | 1> {
  const { config, secrets, shown, warnings } = await loadConfiguration(env, {
    failed: (error) => log.warn("secret-unavailable", errorFields(error)),
  });
  const log = jsonLog(config.logLevel, io.err, Date.now);
  if (warnings.length > 0) log.warn("settings-without-effect", { text: warnings.join("; ") });
  const foundation = await openFoundation({
    config,
    secrets,
    shown,
    log,
    crypto: io.runtime.crypto,
    owner: "server",
    signal: io.signal,
  });
  try {
    const app = await openWhole(foundation, io.runtime);
    const listening = await io.runtime.listen(app.handler, {
      host: config.host,
      port: config.port,
      ...(config.tls === undefined ? {} : { tls: config.tls }),
    });
    const stopLooking = config.tls === undefined
      ? () => {}
      : keepLooking(tlsRenewal(config.tls.files, listening, log));
    const consoleListening = await listenForConsole(io, app, config);
    app.start();
    log.info("serving", { host: config.host, port: listening.port, runtime: io.runtime.name });
    if (/\/\/(0\.0\.0\.0|\[::\])/.test(config.publicUrl)) {
      log.warn("public-url-unset", {
        text:
          "HOST listens on every address: set PUBLIC_URL to the one by which others reach this server",
      });
    }
    io.out(`Wayfarer serves on ${config.publicUrl}/`);
    await printFirstLink(io, foundation);
    const ended = await Promise.race([
      interruption(io.signal),
      foundation.databaseDied.then((lastWords) => ({ lastWords })),
    ]);
    if (ended !== "interrupted") log.error("database-died", { lastWords: ended.lastWords });
    stopLooking();
    app.drain();
    await Promise.all([
      listening.close(DRAIN_MS),
      consoleListening?.close(DRAIN_MS),
      app.stop(DRAIN_MS),
    ]);
    log.info("stopped");
    return ended === "interrupted" ? 0 : 1;
  } catch (error) {
    throw await foundation.explain(error);
  } finally {
    await foundation.close();
  }
}

/** The console on a listener of its own, if CONSOLE_HOST or CONSOLE_PORT asks for one. */
async function listenForConsole(
  io: CommandIo,
  app: App,
  { console: settings, roles }: Config,
): Promise<Listening | undefined> {
  const { listener } = settings;
  if (listener === undefined || !roles.includes("console")) return undefined;
  return await io.runtime.listen(app.consoleHandler, listener);
}

/** On a database in which nothing is set up yet, a link for whoever started the server. */
async function printFirstLink(
  io: CommandIo,
  foundation: Foundation,
): Promise<void> {
  const { config, resources, crypto } = foundation;
  if (!config.roles.includes("console")) return;
  if ((await resources.all()).resources.length > 0) return;
  const { signIns, audit } = adminPart(foundation);
  const owner = { name: "first-administrator", role: "admin" } as const;
  const link = await makeSignInLink({ signIns, audit, crypto }, commandActor(), owner);
  io.out(
    `Nothing is set up yet. Sign in within 10 minutes: ${signInAddress(config.console.url, link)}`,
  );
}

function interruption(signal: AbortSignal): Promise<"interrupted"> {
  return new Promise((tell) => {
    if (signal.aborted) tell("interrupted");
    signal.addEventListener("abort", () => tell("interrupted"), { once: true });
  });
}
