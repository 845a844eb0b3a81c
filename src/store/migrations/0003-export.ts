import type { Migration } from "./migration.ts";

/** What phones download: how far each export reaches, its windows and their files. */
export const exports: Migration = {
  version: 3,
  name: "export",
  sql: `
-- Whoever schedules windows or makes up keys has the turn: the lock of this row.
create table export_turn (id boolean primary key default true check (id));

-- Every window of a series that ends at or before reached has its batch, or was never wanted.
create table export_schedule (
  config text not null,
  series text not null,
  reached bigint not null,
  primary key (config, series)
);

-- open: may get generated keys; padded: its keys are settled; written: its files are stored; complete: in the index.
create table export_batch (
  id bigint generated always as identity primary key,
  config text not null,
  series text not null,
  starts_at bigint not null,
  ends_at bigint not null,
  state text not null check (state in ('open', 'padded', 'written', 'complete')),
  made_at bigint not null,
  finished_at bigint,
  attempts int not null default 0,
  last_error text,
  check (starts_at < ends_at),
  unique (config, series, ends_at)
);
create index export_batch_unfinished on export_batch (config, series, ends_at) where state <> 'complete';
create index export_batch_open on export_batch (ends_at, starts_at desc) where state = 'open';
create index export_batch_age on export_batch (ends_at, id);

create table export_file (
  bucket text not null,
  name text not null,
  root text not null,
  batch bigint not null,
  config text not null,
  starts_at bigint not null,
  ends_at bigint not null,
  number int not null,
  key_count int not null,
  revised_key_count int not null,
  byte_count int not null,
  written_at bigint not null,
  -- Since when no index names it.
  unlisted_at bigint,
  primary key (bucket, name)
);
create index export_file_listed on export_file (bucket, root, ends_at, starts_at, number) where unlisted_at is null;
create index export_file_batch on export_file (batch);
create index export_file_age on export_file (ends_at, bucket, name);

-- Who writes an index holds the lock of its row, so that the newest list always wins.
create table export_index (
  bucket text not null,
  root text not null,
  written_at bigint not null,
  file_count int not null,
  primary key (bucket, root)
);
`,
};
