import type { Platform } from "../store/publish/stat.ts";

/** The platform that a user agent tells; the user agent itself is not kept. */
export function platformOf(userAgent: string | null): Platform {
  if (userAgent === null) return "unknown";
  const agent = userAgent.toLowerCase();
  if (agent.includes("android")) return "android";
  if (agent.includes("iphone") || (agent.includes("bluetoothd") && agent.includes("cfnetwork"))) {
    return "ios";
  }
  return "unknown";
}
