import type { KeyWhereabouts } from "../admin/where.ts";
import { MAX_KEYS_TEXT_BYTES } from "../admin/where.ts";
import { adminPart } from "../app/admin.ts";
import { commandActor } from "./actor.ts";
import type { Command } from "./command.ts";
import { withFoundation } from "./open.ts";
import { valueOf } from "./option-value.ts";
import { parseOptions } from "./options.ts";
import { readTargetText } from "./target.ts";

const USAGE = `wayfarer where [FILE]

Tells of keys (base64 or hex, or a phone's own export of them) where they are: in which window, held
back until when, in which files, with which peers, and what they were revised to. Reads FILE, or standard
input, so that no key is in the history of your shell. The audit log notes that you asked, not for what.

Example:
  wayfarer where < keys.txt`;

/** `wayfarer where`. */
export const whereCommand: Command = {
  name: "where",
  summary: "tells where a key is",
  usage: USAGE,
  run: async (io) => {
    const { positionals: [path = "-"] } = valueOf(
      parseOptions(io.args, {}, { positionals: "any" }),
    );
    const text = await readTargetText(path, { maxBytes: MAX_KEYS_TEXT_BYTES, signal: io.signal });
    return await withFoundation(io, async (foundation) => {
      const found = valueOf(await adminPart(foundation).where(commandActor(), text));
      if (io.json) io.out(JSON.stringify(found));
      else found.flatMap(linesOf).forEach((line) => io.out(line));
      return found.every((one) => one.here) ? 0 : 1;
    });
  },
};

const time = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().replace(".000", "");

function linesOf(one: KeyWhereabouts): readonly string[] {
  if (!one.here) return [`${one.key}  not here`];
  const { key, state, window, reportType, source, sourceName, revisedAt, files, peers } = one;
  return [
    `${key}  ${state === "closed" ? "here" : `here, held back until ${time(window)}`}`,
    `  came       ${source}${sourceName === null ? "" : ` ${sourceName}`}, window ${time(window)}`,
    `  valid      ${time(one.validFrom)} to ${time(one.validThru)}`,
    `  report     ${reportType}${
      revisedAt === null ? "" : `, revised to ${one.revisedReportType} in ${time(revisedAt)}`
    }`,
    ...files.map((file) => `  file       ${file.name}, as ${file.as}`),
    ...peers.map((peer) => `  peer       ${peer.name}: ${peer.state}`),
  ];
}
