import type { Migration } from "./migration.ts";

/** Files of other servers: what was read into ours, what was copied, and what went wrong. */
export const imports: Migration = {
  version: 4,
  name: "import",
  sql: `
-- What is known of the list of files of each import and mirror.
create table upstream_index (
  reader text not null check (reader in ('import', 'mirror')),
  name text not null,
  index_url text not null,
  -- What the list was dealt with for: when that changes, etag is nothing worth.
  purpose text not null,
  etag text,
  tried_at bigint not null,
  succeeded_at bigint,
  code text,
  message text,
  primary key (reader, name)
);

-- Ids grow in the order of the index. url is without its query, which may hold a secret.
create table import_file (
  id bigint generated always as identity primary key,
  import text not null,
  url text not null,
  state text not null default 'pending' check (state in ('pending', 'done', 'failed')),
  seen_at bigint not null,
  -- Since when no index names it.
  gone_at bigint,
  attempts int not null default 0,
  next_try_at bigint not null default 0,
  code text,
  message text,
  -- SHA-256 of the zip that handled counts in: how many of its keys, then revised keys, are dealt with.
  digest bytea,
  handled int not null default 0,
  inserted int not null default 0,
  revised int not null default 0,
  duplicates int not null default 0,
  unmatched int not null default 0,
  onsets_dropped int not null default 0,
  skipped jsonb not null default '{}',
  finished_at bigint,
  unique (import, url)
);
create index import_file_due on import_file (import, id) where state <> 'done' and gone_at is null;

-- Copies by their place, whatever the mirror is called. The name of one is decided once, before it is stored.
create table mirror_file (
  bucket text not null,
  root text not null,
  url text not null,
  name text not null,
  -- In the other server's index.
  position int not null,
  -- What [timestamp] stands for.
  stamp bigint not null,
  stored_at bigint,
  byte_count int,
  attempts int not null default 0,
  next_try_at bigint not null default 0,
  code text,
  message text,
  -- Since when our index does not name it.
  unlisted_at bigint,
  primary key (bucket, root, url),
  unique (bucket, name)
);

-- Who writes an index holds the lock of its row, so that the newest list always wins.
create table mirror_index (
  bucket text not null,
  root text not null,
  written_at bigint not null,
  file_count int not null,
  primary key (bucket, root)
);
`,
};
