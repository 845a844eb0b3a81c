import { applyCommand } from "./apply.ts";
import type { Command } from "./command.ts";
import { configCommand } from "./config.ts";
import { getCommand } from "./get.ts";
import { jobCommand } from "./job.ts";
import { keysCommand } from "./keys.ts";
import { migrateCommand } from "./migrate.ts";
import { serveCommand } from "./serve.ts";

/** Every command, in the order of the help text. */
export const COMMANDS: readonly Command[] = [
  serveCommand,
  migrateCommand,
  applyCommand,
  getCommand,
  jobCommand,
  keysCommand,
  configCommand,
];
