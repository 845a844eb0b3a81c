import type { Migration } from "./migration.ts";

/** Exposures, the floor below which no window changes any more, configuration, leases, jobs, wrapped keys, audit. */
export const core: Migration = {
  version: 1,
  name: "core",
  sql: `
-- The only clock: the database's. Seconds at the start of the transaction.
create function wayfarer_now() returns bigint language sql stable
  as $$ select floor(extract(epoch from now()))::bigint $$;

create table exposure (
  key bytea primary key check (octet_length(key) = 16),
  interval_number int not null,
  interval_count smallint not null,
  transmission_risk smallint not null,
  report_type text not null,
  days_since_onset smallint,
  regions text[] not null,
  traveler boolean not null,
  created_at bigint not null,
  health_authority text,
  issuer text,
  source text not null default 'local',
  source_name text,
  home_server text,
  hops smallint not null default 0,
  revised_at bigint,
  revised_report_type text,
  revised_transmission_risk smallint,
  revised_days_since_onset smallint,
  revised_health_authority text,
  check (source in ('local', 'peer', 'import', 'generated'))
);
create index exposure_created on exposure (created_at, key);
create index exposure_revised on exposure (revised_at, key) where revised_at is not null;

-- Windows that end at or before closed_through are closed for good: nothing is written into them any more.
-- next_closed_through is announced first: what begins to write afterwards writes above it.
create table window_floor (
  id boolean primary key default true check (id),
  closed_through bigint not null,
  next_closed_through bigint not null
);
insert into window_floor values (true, 0, 0);

create table resource (
  kind text not null,
  name text not null,
  version int not null,
  body jsonb not null,
  updated_at bigint not null,
  primary key (kind, name)
);
create unique index resource_export_place on resource ((body->>'bucket'), (body->>'filenameRoot'))
  where kind = 'ExportConfig';
create unique index resource_peer_server on resource ((body->>'serverId')) where kind = 'Peer';
-- One row that changes with every change of a resource, so that caches can ask cheaply.
create table resource_revision (
  id boolean primary key default true check (id),
  revision bigint not null
);
insert into resource_revision values (true, 0);

create table lease (
  name text primary key,
  holder text not null,
  expires_at bigint not null
);

create table job_run (
  id bigint generated always as identity primary key,
  name text not null,
  started_at bigint not null,
  finished_at bigint not null,
  error text,
  detail jsonb
);
create index job_run_name on job_run (name, id desc);

create table local_key (
  name text not null,
  version int not null,
  purpose text not null,
  wrapped bytea not null,
  created_at bigint not null,
  primary key (name, version)
);

-- Facts about this database that must not change under it, such as the fingerprint of its master key.
create table fact (
  name text primary key,
  value text not null
);

create table audit_log (
  id bigint generated always as identity primary key,
  at bigint not null,
  actor text not null,
  action text not null,
  kind text not null,
  name text not null,
  before jsonb,
  after jsonb
);
`,
};
