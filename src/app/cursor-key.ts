import { CURSOR_KEY_BYTES } from "../../federation/service/cursor.ts";
import { dataKey } from "./data-key.ts";
import type { Foundation } from "./foundation.ts";

/** The key that seals cursors. */
export async function cursorKey(
  foundation: Pick<Foundation, "database" | "keys" | "crypto">,
): Promise<Uint8Array<ArrayBuffer>> {
  return await dataKey(foundation, {
    constant: "federation-cursor-key",
    wrappedBy: "local:federation-cursor",
    purpose: "wayfarer federation cursor key",
    bytes: CURSOR_KEY_BYTES,
  });
}
