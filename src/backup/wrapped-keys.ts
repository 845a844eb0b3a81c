import * as z from "zod";
import { AppError } from "../errors.ts";
import type { LocalKeyRow } from "../keys/local-wrap.ts";
import type { MasterKeyRow } from "../keys/master-keys.ts";
import { byteaOf, copyTextRows, type TextRow } from "./copy-text.ts";
import type { BackupHead } from "./format.ts";

/** The keys in a backup, all of them wrapped, and what it remembers of the first master key. */
export type WrappedKeys = {
  readonly localKeys: readonly LocalKeyRow[];
  readonly masters: readonly MasterKeyRow[];
  readonly facts: ReadonlyMap<string, string>;
};

const bytes = z.string().transform(byteaOf);
const localKey = z.object({
  name: z.string(),
  version: z.coerce.number(),
  purpose: z.enum(["sign", "encrypt"]),
  created_at: z.coerce.number(),
  wrapped: bytes,
  master: z.string().nullish(),
});
const masterKey = z.object({ id: z.string(), reference: z.string(), wrapped: bytes });
const fact = z.object({ name: z.string(), value: z.string() });

/** Tables with keys in them, and so small that they can be held. */
const TABLES: readonly string[] = ["local_key", "master_key", "fact"];

/** Collects the keys while a backup is read. */
export class WrappedKeyCollector {
  readonly #rows = new Map<string, TextRow[]>();

  /** Looks at some rows of a table. */
  add({ tables }: BackupHead, table: string, rows: Uint8Array): void {
    if (!TABLES.includes(table)) return;
    const columns = tables.find(({ name }) => name === table)?.columns ?? [];
    const known = this.#rows.get(table) ?? [];
    known.push(...copyTextRows(columns, rows));
    this.#rows.set(table, known);
  }

  /** What was collected. Throws `malformed_file` when it cannot be read. */
  keys(): WrappedKeys {
    return {
      localKeys: this.#parsed("local_key", localKey).map((
        { created_at: createdAt, master, ...key },
      ) => ({ ...key, createdAt, master: master ?? undefined })),
      masters: this.#parsed("master_key", masterKey),
      facts: new Map(this.#parsed("fact", fact).map(({ name, value }) => [name, value])),
    };
  }

  #parsed<T>(table: string, schema: z.ZodType<T>): readonly T[] {
    return (this.#rows.get(table) ?? []).map((row) => {
      const result = schema.safeParse(row);
      if (result.success) return result.data;
      throw new AppError("malformed_file", `not a whole backup: a row of ${table} cannot be read`);
    });
  }
}
