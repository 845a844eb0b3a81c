import { exportBuildCommand } from "./export-build.ts";
import { exportInspectCommand, exportLintCommand, exportVerifyCommand } from "./export-inspect.ts";
import { withSubcommands } from "./subcommands.ts";

/** `wayfarer export`. */
export const exportCommand: ReturnType<typeof withSubcommands> = withSubcommands(
  "export",
  "inspects, verifies, lints and builds export files",
  [exportInspectCommand, exportVerifyCommand, exportLintCommand, exportBuildCommand],
);
