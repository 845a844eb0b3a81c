import { endAllSessions, makeSignInLink, signInAddress } from "../admin/sign-in.ts";
import { adminPart } from "../app/admin.ts";
import { AppError } from "../errors.ts";
import { ACCESS_ROLES, type AccessRole, isAccessRole } from "../model/actor.ts";
import { isCleanText } from "../model/text.ts";
import { commandActor } from "./actor.ts";
import type { Command } from "./command.ts";
import { withFoundation } from "./open.ts";
import { valueOf } from "./option-value.ts";
import { parseOptions } from "./options.ts";
import { withSubcommands } from "./subcommands.ts";

const LOGIN_USAGE = `wayfarer admin login [--role ROLE] [--as NAME]

Prints a link that signs in to the console. It works once, and for 10 minutes.

  --role ROLE   viewer, operator or admin (default admin)
  --as NAME     the name that the audit log shows (default: your user name and host)

Example:
  wayfarer admin login --role operator --as night-shift`;

const LOGOUT_USAGE = `wayfarer admin logout --all

Ends every session of the console, everybody's.

Example:
  wayfarer admin logout --all`;

const MAX_NAME_CHARACTERS = 100;

/** A role that an option names. Throws `usage`. */
export function roleOption(text: string): AccessRole {
  if (isAccessRole(text)) return text;
  throw new AppError("usage", `--role must be one of ${ACCESS_ROLES.join(", ")}`);
}

const loginCommand: Command = {
  name: "login",
  summary: "prints a link that signs in to the console",
  usage: LOGIN_USAGE,
  run: async (io) => {
    const options = { role: { type: "string" }, as: { type: "string" } } as const;
    const { values } = valueOf(parseOptions(io.args, options));
    const role = roleOption(values.role ?? "admin");
    const actor = commandActor();
    const name = values.as ?? actor.name;
    if (name === "" || name.length > MAX_NAME_CHARACTERS || !isCleanText(name)) {
      throw new AppError(
        "usage",
        `--as must be 1 to ${MAX_NAME_CHARACTERS} characters, none of them control characters`,
      );
    }
    return await withFoundation(io, async (foundation) => {
      const { signIns, audit } = adminPart(foundation);
      const crypto = foundation.crypto;
      const link = await makeSignInLink({ signIns, audit, crypto }, actor, { name, role });
      const address = signInAddress(foundation.config.console.url, link);
      io.out(io.json ? JSON.stringify({ address, name, role }) : address);
      if (!io.json) io.err(`It signs in ${name} as ${role}, once, within 10 minutes.`);
      return 0;
    });
  },
};

const logoutCommand: Command = {
  name: "logout",
  summary: "ends every session of the console",
  usage: LOGOUT_USAGE,
  run: async (io) => {
    const { values } = valueOf(parseOptions(io.args, { all: { type: "boolean" } }));
    if (values.all !== true) {
      throw new AppError("usage", "say --all: a single session ends with Sign out in the console");
    }
    return await withFoundation(io, async (foundation) => {
      const ended = await endAllSessions(adminPart(foundation), commandActor());
      io.out(io.json ? JSON.stringify({ ended }) : `${ended} sessions ended`);
      return 0;
    });
  },
};

/** `wayfarer admin`. */
export const adminCommand: Command = withSubcommands(
  "admin",
  "signs in to the console, and signs everybody out",
  [loginCommand, logoutCommand],
);
