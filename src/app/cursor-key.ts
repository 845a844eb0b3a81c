import {
  CURSOR_KEY_BYTES,
  type CursorCodec,
  cursorCodec,
} from "../../federation/service/cursor.ts";
import { AppError } from "../errors.ts";
import { decodeBase64, encodeBase64 } from "../bytes/base64.ts";
import { constants } from "../store/constants.ts";
import type { Foundation } from "./foundation.ts";

const CONSTANT = "federation-cursor-key";
const WRAPPED_BY = "local:federation-cursor";
const PURPOSE = new TextEncoder().encode("wayfarer federation cursor key");

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
  { database, keys, crypto }: Needed,
): Promise<Uint8Array<ArrayBuffer>> {
  const remembered = constants(database);
  const kept = await remembered.get(CONSTANT) ?? await remembered.keep(CONSTANT, await wrapNew());
  const wrapped = decodeBase64(kept);
  if (wrapped === undefined) throw new AppError("internal", `the fact ${CONSTANT} is damaged`);
  return new Uint8Array(await keys.decrypt(WRAPPED_BY, wrapped, PURPOSE));

  async function wrapNew(): Promise<string> {
    if (!await keys.exists(WRAPPED_BY)) await keys.create(WRAPPED_BY, "encrypt");
    const fresh = crypto.getRandomValues(new Uint8Array(CURSOR_KEY_BYTES));
    return encodeBase64(await keys.encrypt(WRAPPED_BY, fresh, PURPOSE));
  }
}
