import type { Migration } from "./migration.ts";

/** Which server a key came from, whatever the agreement with it is called. */
export const keySource: Migration = {
  version: 7,
  name: "key-source",
  sql: `
-- The server ID of the peer that sent the key. Null: local, imported, or from before this column; then source_name,
-- the agreement's name, tells. The version before this one leaves it null and reads source_name.
alter table exposure add column source_server text;
`,
};
