import { hostname, userInfo } from "node:os";
import type { Actor } from "../model/actor.ts";

/** Who runs this command, as the audit log names them: `cli:user@host`. */
export function commandActor(): Actor {
  const name = `${userName()}@${hostname()}`;
  return { subject: `cli:${name}`, name, via: "cli" };
}

/** In a container, the user may have a number and no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown";
  }
}
