import type { LocalKeyRow, LocalKeyRows } from "../../src/keys/local.ts";

/** Local key rows in memory; `rows` is open so that tests can damage them. */
export function memoryKeyRows(rows: Map<string, LocalKeyRow> = new Map()): LocalKeyRows {
  const id = (name: string, version: number) => `${name}/${version}`;
  return {
    list: (name) =>
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
