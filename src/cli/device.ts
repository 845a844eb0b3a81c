import { deviceMatchCommand } from "./device-match.ts";
import { devicePublishCommand } from "./device-publish.ts";
import { withSubcommands } from "./subcommands.ts";

/** `wayfarer device`. */
export const deviceCommand: ReturnType<typeof withSubcommands> = withSubcommands(
  "device",
  "acts as an app and a phone: publishes keys, finds encounters in the export",
  [devicePublishCommand, deviceMatchCommand],
);
