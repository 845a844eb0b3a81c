import { MIGRATIONS } from "../migrations/index.ts";

/** Names of what migrations make in the schema, in any version. */
export type SchemaObjects = {
  readonly tables: readonly string[];
  readonly functions: readonly string[];
};

/** What the program's own migrations make. Anything else in the schema is somebody else's. */
export function schemaObjects(): SchemaObjects {
  const sql = MIGRATIONS.map((migration) => migration.sql).join("\n");
  const named = (pattern: RegExp): readonly string[] => [
    ...new Set([...sql.matchAll(pattern)].map(([, name = ""]) => name)),
  ];
  return {
    tables: ["schema_version", ...named(/create table (\w+)/g)],
    functions: named(/create (?:or replace )?function (\w+)/g),
  };
}
