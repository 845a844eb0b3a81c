import { adminCommand } from "./admin.ts";
import { auditCommand } from "./audit.ts";
import { backupCommand } from "./backup.ts";
import { applyCommand, diffCommand } from "./apply.ts";
import { certificateCommand } from "./certificate.ts";
import type { Command } from "./command.ts";
import { completionCommand } from "./completion.ts";
import { configCommand } from "./config.ts";
import { deleteCommand } from "./delete.ts";
import { demoCommand } from "./demo.ts";
import { deviceCommand } from "./device.ts";
import { doctorCommand } from "./doctor.ts";
import { exportCommand } from "./export-files.ts";
import { getCommand } from "./get.ts";
import { helpCommand } from "./help.ts";
import { hmacCommand } from "./hmac.ts";
import { jobCommand } from "./job.ts";
import { keysCommand } from "./keys.ts";
import { migrateCommand } from "./migrate.ts";
import { peerCommand } from "./peer.ts";
import { revokeCommand } from "./revoke.ts";
import { restoreCommand } from "./restore.ts";
import { serveCommand } from "./serve.ts";
import { simulateCommand } from "./simulate.ts";
import { tokenCommand } from "./token.ts";
import { whereCommand } from "./where.ts";
import { statusCommand } from "./status.ts";
import { versionCommand } from "./version.ts";

/** Every command, in the order of the help text. */
export const COMMANDS: readonly Command[] = [
  serveCommand,
  migrateCommand,
  backupCommand,
  restoreCommand,
  applyCommand,
  diffCommand,
  getCommand,
  deleteCommand,
  statusCommand,
  doctorCommand,
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
  versionCommand,
  completionCommand(() => COMMANDS),
  helpCommand(() => COMMANDS),
];
