import { auditLines, auditQuery, type AuditShown } from "../admin/audit.ts";
import { adminPart } from "../app/admin.ts";
import { AppError } from "../errors.ts";
import type { Command, CommandIo } from "./command.ts";
import { withFoundation } from "./open.ts";
import { valueOf } from "./option-value.ts";
import { parseOptions } from "./options.ts";
import { printable } from "./printable.ts";

const USAGE = `wayfarer audit [--since TIME] [--until TIME] [--who TEXT] [--kind KIND] [--name NAME]
wayfarer audit verify

Prints what was changed and looked at, newest first; with --json a line of JSON each. "verify" computes
every hash of the log again, and ends with status 1 when a row was changed or is missing.

  --since, --until TIME   such as 2026-01-31T00:00:00Z
  --who TEXT              part of the name or subject of who did it
  --kind KIND             such as Peer, Token or Session
  --name NAME             of the thing

Example:
  wayfarer audit --since 2026-01-31T00:00:00Z --json`;

const OPTIONS = {
  since: { type: "string" },
  until: { type: "string" },
  who: { type: "string" },
  kind: { type: "string" },
  name: { type: "string" },
} as const;

/** `wayfarer audit`. */
export const auditCommand: Command = {
  name: "audit",
  summary: "prints and verifies the audit log",
  usage: USAGE,
  run: async (io) => {
    const { values, positionals: [verb] } = valueOf(
      parseOptions(io.args, OPTIONS, { positionals: "any" }),
    );
    if (verb === "verify") return await verify(io);
    if (verb !== undefined) throw new AppError("usage", `audit ${verb}: only "verify" is known`);
    const given = new Map(Object.entries(values));
    const { filter } = valueOf(auditQuery((name) => given.get(name)));
    return await withFoundation(io, async (foundation) => {
      for await (const line of auditLines(adminPart(foundation).audit, filter)) {
        if (io.signal.aborted) return 1;
        io.out(io.json ? line : lineOf(JSON.parse(line)));
      }
      return 0;
    });
  },
};

function lineOf({ at, actor, via, action, kind, name }: AuditShown): string {
  return `${at}  ${printable(actor)} (${via ?? "earlier version"})  ${action} ${kind}/${
    printable(name)
  }`;
}

async function verify(io: CommandIo): Promise<0 | 1> {
  return await withFoundation(io, async (foundation) => {
    const verdict = await adminPart(foundation).audit.verify();
    const { rows, first, last, brokenAt } = verdict;
    if (io.json) io.out(JSON.stringify(verdict));
    else if (brokenAt !== undefined) {
      io.out(`row ${brokenAt} is not what was written, or the row before it is missing`);
    } else io.out(rows === 0 ? "the log is empty" : `${rows} rows, ${first} to ${last}: unchanged`);
    return brokenAt === undefined ? 0 : 1;
  });
}
