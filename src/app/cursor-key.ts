import {
  CURSOR_KEY_BYTES,
  type CursorCodec,
  cursorCodec,
} from "../../federation/service/cursor.ts";
import { dataKey } from "./data-key.ts";
import type { Foundation } from "./foundation.ts";

type Needed = Pick<Foundation, "database" | "keys" | "crypto">;

/** Cursors under a key that is opened at first use, so that a key manager that is away does not keep others waiting. */
export function sealedCursors(foundation: Needed): CursorCodec {
  let opening: Promise<CursorCodec> | undefined;
  const codec = async (): Promise<CursorCodec> => {
    opening ??= cursorKey(foundation).then((key) => cursorCodec(foundation.crypto, key)).catch(
      (error: unknown) => {
        opening = undefined;
        throw error;
      },
    );
    return await opening;
  };
  return {
    seal: async (...what) => await (await codec()).seal(...what),
    open: async (...what) => await (await codec()).open(...what),
  };
}

/** The key that seals cursors, the same in every process on a database: wrapped there, made at first use. */
async function cursorKey(
  foundation: Needed,
): Promise<Uint8Array<ArrayBuffer>> {
  return await dataKey(foundation, {
    constant: "federation-cursor-key",
    wrappedBy: "local:federation-cursor",
    purpose: "wayfarer federation cursor key",
    bytes: CURSOR_KEY_BYTES,
  });
}
