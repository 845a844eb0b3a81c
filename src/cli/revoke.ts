import { parseKeys } from "../admin/where.ts";
import { adminPart } from "../app/admin.ts";
import { encodeHex } from "../bytes/base64.ts";
import { AppError } from "../errors.ts";
import { parseRevocation, revokeKeys } from "../incidents/revoke.ts";
import { commandActor } from "./actor.ts";
import type { Command, CommandIo } from "./command.ts";
import { withFoundation } from "./open.ts";
import { required, valueOf } from "./option-value.ts";
import { parseOptions } from "./options.ts";
import { readTargetText } from "./target.ts";

const USAGE = `wayfarer revoke --reason TEXT [--issuer NAME] [--health-authority ID]
                [--since TIME] [--until TIME] [--keys FILE] [--confirm TEXT]
wayfarer revoke list
wayfarer revoke stop ID
wayfarer revoke continue ID

Revokes keys that should not have been published. Without --confirm it is a dry run: it tells how many
keys there are, what would happen to them, and what to type. Keys that went out are revoked in the next
files and at peers; keys that never left are deleted. The job "revocation" does the work, and goes on after
a restart.

  --reason TEXT             why, for the audit log
  --issuer NAME             keys that this issuer certified
  --health-authority ID     keys that were published for it
  --since, --until TIME     windows that begin in this span, such as 2026-01-31T00:00:00Z
  --keys FILE               these keys, base64 or hex; "-" reads standard input
  --confirm TEXT            what the dry run said to type

Example:
  wayfarer revoke --issuer magrathea-verification --since 2026-01-31T10:00:00Z --reason "stolen key"`;

const OPTIONS = {
  reason: { type: "string" },
  issuer: { type: "string" },
  "health-authority": { type: "string" },
  since: { type: "string" },
  until: { type: "string" },
  keys: { type: "string" },
  confirm: { type: "string" },
} as const;
const MAX_KEYS_FILE_BYTES = 1_048_576;

/** `wayfarer revoke`. */
export const revokeCommand: Command = {
  name: "revoke",
  summary: "revokes keys in bulk, after a dry run",
  usage: USAGE,
  run: async (io) => {
    const parsed = valueOf(parseOptions(io.args, OPTIONS, { positionals: "any" }));
    const { values, positionals: [verb, id] } = parsed;
    if (verb === "list") return await list(io);
    if (verb === "stop" || verb === "continue") return await turn(io, verb, id);
    if (verb !== undefined) throw new AppError("usage", `revoke ${verb}: see --help`);
    required(values.reason, "reason", "why, for the audit log");
    const keys = values.keys === undefined ? undefined : await readKeys(values.keys);
    const request = valueOf(parseRevocation({
      reason: values.reason,
      issuer: values.issuer,
      healthAuthority: values["health-authority"],
      since: values.since,
      until: values.until,
      keys,
      confirm: values.confirm,
    }));
    return await withFoundation(io, async (foundation) => {
      const outcome = valueOf(await revokeKeys(adminPart(foundation), commandActor(), request));
      if (io.json) io.out(JSON.stringify(outcome));
      else if (outcome.id !== undefined) io.out(`revocation ${outcome.id} began`);
      else {
        const { total, neverLeft } = outcome.preview;
        io.out(
          `dry run: ${total} keys; ${total - neverLeft} would be revoked, ${neverLeft} deleted`,
        );
        io.out(`nothing has changed; to revoke them add --confirm "${outcome.confirm}"`);
      }
      return 0;
    });
  },
};

async function readKeys(path: string): Promise<readonly string[]> {
  const text = await readTargetText(path, { maxBytes: MAX_KEYS_FILE_BYTES });
  return valueOf(parseKeys(text, 10_000)).map(encodeHex);
}

async function list(io: CommandIo): Promise<0> {
  return await withFoundation(io, async (foundation) => {
    const found = await adminPart(foundation).revocations.list(100);
    if (io.json) io.out(JSON.stringify(found));
    for (const one of io.json ? [] : found) {
      io.out(
        `${one.id}  ${one.state}  ${one.revoked} revoked, ${one.deleted} deleted of ${one.expected}  by ${one.madeBy}: ${one.reason}`,
      );
    }
    return 0;
  });
}

async function turn(io: CommandIo, verb: "stop" | "continue", id = ""): Promise<0> {
  return await withFoundation(io, async (foundation) => {
    const to = verb === "stop" ? "stopped" : "running";
    const turned = /^\d{1,15}$/.test(id) &&
      await adminPart(foundation).revocations.turn(commandActor(), Number(id), to);
    if (!turned) throw new AppError("usage", `revocation ${id} cannot ${verb}: see "revoke list"`);
    io.out(`revocation ${id} is ${to}`);
    return 0;
  });
}
