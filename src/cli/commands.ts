import { adminCommand } from "./admin.ts";
import { applyCommand } from "./apply.ts";
import { auditCommand } from "./audit.ts";
import { certificateCommand } from "./certificate.ts";
import type { Command } from "./command.ts";
import { configCommand } from "./config.ts";
import { demoCommand } from "./demo.ts";
import { deviceCommand } from "./device.ts";
import { exportCommand } from "./export-files.ts";
import { getCommand } from "./get.ts";
import { hmacCommand } from "./hmac.ts";
import { jobCommand } from "./job.ts";
import { keysCommand } from "./keys.ts";
import { migrateCommand } from "./migrate.ts";
import { peerCommand } from "./peer.ts";
import { revokeCommand } from "./revoke.ts";
import { serveCommand } from "./serve.ts";
import { simulateCommand } from "./simulate.ts";
import { tokenCommand } from "./token.ts";
import { whereCommand } from "./where.ts";

/** Every command, in the order of the help text. */
export const COMMANDS: readonly Command[] = [
  serveCommand,
  migrateCommand,
  applyCommand,
  getCommand,
  jobCommand,
  keysCommand,
  peerCommand,
  exportCommand,
  whereCommand,
  revokeCommand,
  adminCommand,
  tokenCommand,
  auditCommand,
  deviceCommand,
  demoCommand,
  hmacCommand,
  certificateCommand,
  simulateCommand,
  configCommand,
];
