import type { Migration } from "./migration.ts";

/** How often in a row fetching an issuer's keys failed, and how many members of its key set were not understood. */
export const issuerKeyFetch: Migration = {
  version: 12,
  name: "issuer-key-fetch",
  sql: `
alter table issuer_key_fetch
  add column failures int not null default 0,
  add column ignored int not null default 0;
`,
};
