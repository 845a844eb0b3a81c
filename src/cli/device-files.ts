import { join } from "node:path";
import type { CommandIo } from "./command.ts";

/** Where the files of `wayfarer device` are unless options say otherwise. */
export function deviceFiles(
  io: Pick<CommandIo, "env">,
  options: { readonly state?: string | undefined; readonly issuerKey?: string | undefined },
): { readonly state: string; readonly issuerKey: string } {
  const folder = join(io.env["DATA_DIR"] || "./data", "device");
  return {
    state: options.state ?? join(folder, "state.json"),
    issuerKey: options.issuerKey ?? join(folder, "issuer.pem"),
  };
}
