import type { Migration } from "./migration.ts";

/** Master keys beside the first one, and which key wraps what. */
export const masterKeys: Migration = {
  version: 9,
  name: "master-key",
  sql: `
-- Master keys that "wayfarer keys rewrap" made, each wrapped by a key of a key manager; the newest has the highest
-- ordinal. The first one, MASTER_KEY, has no row.
create table master_key (
  id text primary key,
  ordinal bigint generated always as identity,
  reference text not null,
  wrapped bytea not null
);

-- Which master key wraps a key; null: the first one, as for all that the version before this one makes.
alter table local_key add column master text;
-- Which key wraps a data key; null: REVISION_TOKEN_KEY_ID, as for all that the version before this one makes.
alter table revision_key add column wrapped_by text;
`,
};
