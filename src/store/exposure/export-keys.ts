import { encodeHex } from "../../bytes/base64.ts";
import type { ExportKey } from "../../model/exposure.ts";
import type { Database } from "../database.ts";
import { copiedSql, COPY_ROW_BYTES, copyRowCursor } from "./copy-row.ts";
import { readCopyRows } from "./copy-rows.ts";
import {
  enteringSql,
  type KeyPart,
  type KeyRules,
  PART_RELATIONS,
  type Span,
  whole,
} from "./selection.ts";

/** A stretch of a window's keys in the order of their bytes: at most `limit` of those after `after`. */
export type KeyRange = { readonly after: Uint8Array | undefined; readonly limit: number };

/** Takes one key, which is valid only during the call. */
export type TakeKey = (key: ExportKey) => void;

/** The keys of closed windows. */
export type ExportKeys = {
  /** How many there are. */
  count(span: Span, rules: KeyRules): Promise<Readonly<Record<KeyPart, number>>>;
  /** Gives them to `take` in ascending order; answers the last key, undefined when there was none. */
  read(
    span: Span,
    rules: KeyRules,
    part: KeyPart,
    range: KeyRange,
    take: TakeKey,
  ): Promise<Uint8Array | undefined>;
};

/** The keys of closed windows, in the database. */
export function exportKeys({ bulk }: Database): ExportKeys {
  return {
    count: async (span, rules) => {
      const [row] = await bulk.unsafe<{ keys: number; revised: number }[]>(`select
        (${countSql("keys", span, rules)}) as keys, (${
        countSql("revised", span, rules)
      }) as revised`);
      return { keys: row?.keys ?? 0, revised: row?.revised ?? 0 };
    },
    read: async (span, rules, part, { after, limit }, take) => {
      const later = after === undefined ? "" : `and key > '\\x${encodeHex(after)}'::bytea`;
      const query = `select ${copiedSql(part === "revised")} from ${PART_RELATIONS[part]}
        where ${enteringSql(part, span, rules)} ${later} order by key limit ${whole(limit)}`;
      const cursor = copyRowCursor();
      let found = false;
      await readCopyRows(bulk, query, COPY_ROW_BYTES, (bytes, at) => {
        found = true;
        cursor.moveTo(bytes, at);
        take(cursor.key);
      });
      return found ? Uint8Array.from(cursor.key.key) : undefined;
    },
  };
}

const countSql = (part: KeyPart, span: Span, rules: KeyRules): string =>
  `select count(*) from ${PART_RELATIONS[part]} where ${enteringSql(part, span, rules)}`;
