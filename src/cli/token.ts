import { createToken, revokeToken } from "../admin/named-token.ts";
import { adminPart } from "../app/admin.ts";
import { AppError } from "../errors.ts";
import { parseDuration } from "../model/duration.ts";
import type { NamedToken } from "../store/admin/named-token.ts";
import { commandActor } from "./actor.ts";
import { roleOption } from "./admin.ts";
import type { Command, CommandIo } from "./command.ts";
import { withFoundation } from "./open.ts";
import { required, valueOf } from "./option-value.ts";
import { parseOptions } from "./options.ts";
import { withSubcommands } from "./subcommands.ts";

const CREATE_USAGE = `wayfarer token create NAME --role ROLE [--expires DURATION]

Makes a token for a program that uses the admin API, and prints it: it is shown this once.

  --role ROLE          viewer, operator or admin
  --expires DURATION   such as 90d or 12h (default: never)

Example:
  wayfarer token create backup --role operator --expires 90d`;

const LIST_USAGE = `wayfarer token list

Lists the tokens, without the tokens themselves.

Example:
  wayfarer token list`;

const REVOKE_USAGE = `wayfarer token revoke NAME

Revokes a token: it opens nothing from now on.

Example:
  wayfarer token revoke backup`;

const DAY_MS = 86_400_000;

const createCommand: Command = {
  name: "create",
  summary: "makes a token for a program",
  usage: CREATE_USAGE,
  run: async (io) => {
    const options = { role: { type: "string" }, expires: { type: "string" } } as const;
    const parsed = valueOf(parseOptions(io.args, options, { positionals: "some" }));
    const { values, positionals: [name = ""] } = parsed;
    const role = roleOption(required(values.role, "role", "viewer, operator or admin"));
    const lifeSeconds = lifeOf(values.expires);
    return await withFoundation(io, async (foundation) => {
      const { tokens } = adminPart(foundation);
      const deps = { tokens, crypto: foundation.crypto };
      const token = valueOf(await createToken(deps, commandActor(), { name, role, lifeSeconds }));
      io.out(io.json ? JSON.stringify({ name, role, token }) : token);
      if (!io.json) io.err("Keep it now: it is not shown again.");
      return 0;
    });
  },
};

/** Days too, which durations of settings do not have. */
function lifeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, days] = /^(\d{1,5})d$/.exec(text) ?? [];
  const milliseconds = days === undefined ? parseDuration(text) : Number(days) * DAY_MS;
  if (milliseconds !== undefined) return Math.floor(milliseconds / 1000);
  throw new AppError("usage", "--expires must be a duration such as 90d or 12h");
}

const listCommand: Command = {
  name: "list",
  summary: "lists the tokens of programs",
  usage: LIST_USAGE,
  run: async (io) => {
    valueOf(parseOptions(io.args, {}));
    return await withFoundation(io, async (foundation) => {
      const tokens = await adminPart(foundation).tokens.list();
      if (io.json) io.out(JSON.stringify(tokens));
      else tokens.forEach((token) => printToken(io, token));
      return 0;
    });
  },
};

function printToken(io: CommandIo, token: NamedToken): void {
  const at = (seconds: number | undefined, absent: string): string =>
    seconds === undefined ? absent : new Date(seconds * 1000).toISOString().replace(".000", "");
  const state = token.revokedAt === undefined
    ? `expires ${at(token.expiresAt, "never")}`
    : `revoked ${at(token.revokedAt, "")}`;
  io.out(`${token.name}  ${token.role}  ${state}  used ${at(token.usedAt, "never")}`);
}

const revokeCommand: Command = {
  name: "revoke",
  summary: "revokes a token",
  usage: REVOKE_USAGE,
  run: async (io) => {
    const { positionals: [name = ""] } = valueOf(
      parseOptions(io.args, {}, { positionals: "some" }),
    );
    return await withFoundation(io, async (foundation) => {
      if (!await revokeToken(adminPart(foundation), commandActor(), name)) {
        throw new AppError(
          "not_found",
          `there is no token named "${name}" that could be revoked: "wayfarer token list" prints them`,
        );
      }
      io.out(io.json ? JSON.stringify({ revoked: name }) : `${name} opens nothing any more`);
      return 0;
    });
  },
};

/** `wayfarer token`. */
export const tokenCommand: Command = withSubcommands(
  "token",
  "makes, lists and revokes tokens of programs that use the admin API",
  [createCommand, listCommand, revokeCommand],
);
