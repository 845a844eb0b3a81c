import { importAesKey } from "../../src/keys/crypto.ts";
import type { LocalKeyRows } from "../../src/keys/local.ts";
import type { LocalKeyRow } from "../../src/keys/local-wrap.ts";
import type { MasterKeys } from "../../src/keys/master-keys.ts";

/** One master key and no other. */
export function oneMasterKey(crypto: Crypto, bytes: Uint8Array): MasterKeys {
  const master = async () => ({ id: undefined, key: await importAesKey(crypto, bytes) });
  return { newest: master, find: master };
}

/** Local key rows in memory; `rows` is open so that tests can damage them. */
export function memoryKeyRows(rows: Map<string, LocalKeyRow> = new Map()): LocalKeyRows {
  const id = (name: string, version: number) => `${name}/${version}`;
  return {
    versions: (name) =>
      Promise.resolve(
        [...rows.values()].filter((row) => row.name === name).sort((a, b) => a.version - b.version),
      ),
    insert(row) {
      if (rows.has(id(row.name, row.version))) return Promise.resolve(false);
      rows.set(id(row.name, row.version), row);
      return Promise.resolve(true);
    },
    delete: (name, version) => Promise.resolve(rows.delete(id(name, version))),
  };
}
