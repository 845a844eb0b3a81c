import type { Migration } from "./migration.ts";

/** Publish statistics, data keys of revision tokens, issuers' keys from JWKS URLs. */
export const publish: Migration = {
  version: 2,
  name: "publish",
  sql: `
-- One row a publish, without a key or index: appended by every publish, so nothing here is waited for.
create table publish_stat_entry (
  issuer text not null,
  hour bigint not null,
  platform text not null,
  publishes int not null,
  teks int not null,
  revision boolean not null,
  oldest_days smallint,
  onset_days smallint,
  missing_onset boolean not null
);
-- The same, summed up per issuer and hour by the roll-up job.
create table publish_stat (like publish_stat_entry including all);
create index publish_stat_issuer on publish_stat (issuer, hour);

create table revision_key (
  id text primary key,
  wrapped bytea not null,
  created_at bigint not null
);

create table issuer_key (
  issuer text not null,
  version text not null,
  public_key_pem text not null,
  added_at bigint not null,
  revoked_at bigint,
  primary key (issuer, version)
);
create table issuer_key_fetch (
  issuer text primary key,
  uri text not null,
  attempted_at bigint not null,
  succeeded_at bigint,
  error text
);
`,
};
