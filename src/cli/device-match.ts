import { setTimeout } from "node:timers/promises";
import { DOWNLOAD_LIMITS } from "../device/export-source.ts";
import { type Exposure, Phone } from "../device/phone.ts";
import { type DeviceState, loadState } from "../device/state.ts";
import { AppError, ERRORS, type Refusal } from "../errors.ts";
import { secondsOfInterval } from "../model/interval.ts";
import { reportTypeOfWire } from "../model/report-type.ts";
import type { Command, CommandIo } from "./command.ts";
import { deviceFiles } from "./device-files.ts";
import { noSuchRoot } from "./export-roots.ts";
import { openByPem, openByPublishedKeys, readPemKeys } from "./export-trust.ts";
import { durationMs, required, serverUrl, valueOf } from "./option-value.ts";
import { parseOptions } from "./options.ts";
import { printable, utcDay } from "./printable.ts";

const USAGE = `wayfarer device match --url URL --root ROOT [options]

Acts as the phone that met the publisher of "device publish": downloads the export files, verifies
their signatures, derives the rolling proximity identifiers of every published key, and tells whom
it met. Ends with status 1 when it met nobody.

  --url URL           the server
  --root ROOT         filename root of the export; its index is ROOT/index.txt
  --exports-url URL   where the files are (default URL/exports)
  --key FILE          public key in PEM, may be repeated (default: those that the server publishes
                      at /.well-known/exposure-keys.json)
  --state FILE        what was heard (default DATA_DIR/device/state.json)
  --wait DURATION     looks again until something is found (default 5m; 0: looks once)
  --every DURATION    how often (default 2s)

Example:
  wayfarer device match --url http://127.0.0.1:8080 --root mag --wait 15m`;

const OPTIONS = {
  url: { type: "string" },
  root: { type: "string" },
  "exports-url": { type: "string" },
  key: { type: "string", multiple: true },
  state: { type: "string" },
  wait: { type: "string" },
  every: { type: "string" },
} as const;

/** `wayfarer device match`. */
export const deviceMatchCommand: Command = {
  name: "match",
  summary: "finds encounters in the export as a phone does",
  usage: USAGE,
  run: async (io) => {
    const { values } = valueOf(parseOptions(io.args, OPTIONS));
    const url = serverUrl(values.url);
    const baseUrl = serverUrl(values["exports-url"] ?? `${url}/exports`, "exports-url");
    const root = required(values.root, "root", "the filename root of the export").replace(
      /^\/+|\/+$/g,
      "",
    );
    const waitMs = durationMs(values.wait, "wait", 5 * 60_000);
    const everyMs = Math.max(50, durationMs(values.every, "every", 2000));
    const state = await needState(deviceFiles(io, { state: values.state }).state);
    const { fetch } = globalThis;
    const { crypto } = io.runtime;
    const open = values.key === undefined
      ? openByPublishedKeys(crypto, url, { fetch, signal: io.signal })
      : openByPem(crypto, await readPemKeys(crypto, values.key));
    const downloads = {
      fetch,
      source: { baseUrl, root },
      limits: DOWNLOAD_LIMITS,
      signal: io.signal,
    };
    const phone = new Phone(downloads, open, state.sightings);
    const noRoot = () => noSuchRoot(downloads, url);
    const files = await look(io, phone, { untilMs: Date.now() + waitMs, everyMs, noRoot });
    return report(io, phone.exposures, state, files);
  },
};

/** What became of the files in the index. */
type Files = { readonly read: number; readonly refused: ReadonlyMap<string, Refusal> };

/** Looks until somebody was met, the time is over, or we are told to stop. Throws at once when there is no index. */
async function look(
  io: CommandIo,
  phone: Phone,
  { untilMs, everyMs, noRoot }: {
    readonly untilMs: number;
    readonly everyMs: number;
    readonly noRoot: () => Promise<AppError | undefined>;
  },
): Promise<Files> {
  const refused = new Map<string, Refusal>();
  const told = new Set<string>();
  const tell = (line: string): void => {
    if (!told.has(line)) io.err(line);
    told.add(line);
  };
  for (let read = 0;;) {
    const last = Date.now() >= untilMs || io.signal.aborted;
    const sync = await phone.sync();
    if (sync.ok) {
      read += sync.value.read.length;
      for (const path of sync.value.read) refused.delete(path);
      for (const { path, refusal } of sync.value.refused) {
        refused.set(path, refusal);
        tell(`${path} cannot be used: ${refusal.message}`);
      }
    } else if (sync.code === "not_found") {
      const failure = await noRoot();
      if (failure !== undefined) throw failure;
    } else if (last || !ERRORS[sync.code].retryable) valueOf(sync);
    else tell(`${sync.message}; trying again`);
    if (last || phone.exposures.some(({ revoked }) => !revoked)) return { read, refused };
    tell(`waiting for the export until ${new Date(untilMs).toISOString()}`);
    await setTimeout(everyMs, undefined, { signal: io.signal }).catch(() => undefined);
  }
}

async function needState(path: string): Promise<DeviceState> {
  const state = await loadState(path);
  if (state !== undefined) return state;
  throw new AppError(
    "usage",
    `${path} is not there: run "wayfarer device publish" first, or name the file with --state`,
  );
}

function report(
  io: CommandIo,
  exposures: readonly Exposure[],
  state: DeviceState,
  files: Files,
): 0 | 1 {
  const met = exposures.some(({ revoked }) => !revoked);
  const expected = state.encounters.reduce((sum, { rpis }) => sum + rpis, 0);
  const found = exposures.map(({ intervalNumber, sightings, reportType, path, revoked }) => ({
    day: utcDay(secondsOfInterval(intervalNumber)),
    file: path,
    rpis: sightings.length,
    reportType: reportTypeOfWire(reportType) ?? String(reportType),
    revoked,
  }));
  if (io.json) {
    const refused = [...files.refused].map(([path, { code, message }]) => ({
      path,
      code,
      message,
    }));
    const read = { filesRead: files.read, filesRefused: refused };
    io.out(JSON.stringify({ met, expectedRpis: expected, exposures: found, ...read }));
    return met ? 0 : 1;
  }
  for (const { day, file, rpis, reportType, revoked } of found) {
    const what = revoked ? "taken back" : `met, ${reportType}`;
    io.out(`${what}: ${day}, ${rpis} of ${expected} RPIs matched, in ${printable(file)}`);
  }
  io.out(
    `${files.read} files read, ${files.refused.size} not usable, ${found.length} encounters found`,
  );
  return met ? 0 : 1;
}
