import { join } from "node:path";
import { changeResources } from "../admin/change.ts";
import { faultsText } from "../admin/fault.ts";
import { parseResources } from "../admin/documents.ts";
import type { App } from "../app.ts";
import { writeFirstIndexes } from "../app/export.ts";
import { type Foundation, openFoundation } from "../app/foundation.ts";
import { readConfiguration } from "../config/config.ts";
import { AppError } from "../errors.ts";
import { errorAnswer } from "../http/answer.ts";
import { jsonLog } from "../observe/log.ts";
import type { Handler, Listening } from "../runtime/runtime.ts";
import { commandActor } from "./actor.ts";
import { openWhole } from "./open.ts";
import type { CommandIo } from "./command.ts";

/** A whole server in this process, with windows of a second. */
export type DemoServer = {
  readonly url: string;
  readonly app: App;
  readonly foundation: Foundation;
  /** Makes resources; throws `invalid_resource` with every fault. */
  apply(resources: readonly unknown[]): Promise<void>;
  stop(): Promise<void>;
};

const QUICK = {
  TRUNCATE_WINDOW: "1s",
  WINDOW_GRACE: "1s",
  MIN_WINDOW_AGE: "1s",
  JOB_INTERVAL: "1s",
  EXPORT_FILE_MIN_RECORDS: "100",
  PEER_ALLOW_PRIVATE: "true",
};

/** Starts a server on a free port, its data in the folder `name` of `folder`, beside which nothing is left anywhere. */
export async function startDemoServer(
  io: CommandIo,
  folder: string,
  name: string,
): Promise<DemoServer> {
  // A server must know its own address before it can be made, and a free port is known once it listens.
  let handler: Handler = () => errorAnswer("unavailable");
  const listening = await io.runtime.listen(
    (request, connection) => handler(request, connection),
    { host: "127.0.0.1", port: 0 },
  );
  const { config, secrets } = readConfiguration({
    ...QUICK,
    PORT: String(listening.port),
    DATA_DIR: join(folder, name),
    BLOB_ROOT: join(folder, name, "blobs"),
  });
  const foundation = await openFoundation({
    config,
    secrets,
    log: jsonLog("error", io.err, Date.now),
    crypto: io.runtime.crypto,
    owner: "server",
    commonFolder: folder,
  });
  const app = await openWhole(foundation, io.runtime);
  handler = app.handler;
  app.start();
  return {
    url: config.publicUrl,
    app,
    foundation,
    apply: (resources) => apply(foundation, resources),
    stop: () => stop(app, foundation, listening),
  };
}

async function apply(foundation: Foundation, values: readonly unknown[]): Promise<void> {
  const parsed = parseResources(values, "demo");
  if (!parsed.ok) throw new AppError("invalid_resource", faultsText(parsed.faults));
  const outcome = await changeResources(foundation.resources, foundation.keys, {
    actor: commandActor(),
    puts: parsed.resources,
  });
  if (!outcome.ok) {
    const text = outcome.reason === "faults" ? faultsText(outcome.faults) : undefined;
    throw new AppError("invalid_resource", text);
  }
  await foundation.cache.fresh();
  await writeFirstIndexes(foundation);
}

async function stop(app: App, foundation: Foundation, listening: Listening): Promise<void> {
  app.drain();
  await Promise.all([listening.close(1000), app.stop(1000)]);
  await foundation.close();
}
