import type { Migration } from "./migration.ts";

/** The European gateway: what ours holds as a gateway, and what is known of others' as a client. */
export const efgs: Migration = {
  version: 11,
  name: "efgs",
  sql: `
-- Whether somebody told the onset of symptoms. Null: not noted. False: the days since onset are an estimate.
alter table exposure add column onset_told boolean;
alter table exposure add column revised_onset_told boolean;

-- Gateway. Certificates as they were when an upload used them: audits need them as long as the upload is there.
create table efgs_certificate (
  thumbprint text primary key,
  country text not null,
  pem text not null,
  operator_signature text
);

create table efgs_batch (
  id bigint generated always as identity primary key,
  tag text not null unique,
  day int not null,
  number int not null,
  made_at bigint not null,
  next_tag text,
  unique (day, number)
);

create table efgs_upload (
  id bigint generated always as identity primary key,
  tag text not null,
  country text not null,
  version text not null,
  authentication_thumbprint text not null references efgs_certificate,
  signing_thumbprint text not null references efgs_certificate,
  signature text not null,
  key_count int not null,
  -- A DiagnosisKeyBatch in protobuf; null once it is too old to be downloaded.
  keys bytea,
  uploaded_at bigint not null,
  batch bigint references efgs_batch
);
-- Tags are unique for ever and among all countries, without case.
create unique index efgs_upload_tag on efgs_upload (lower(tag));
create index efgs_upload_waiting on efgs_upload (id) where batch is null;
create index efgs_upload_batch on efgs_upload (batch, id);

-- SHA-256 of what is signed for a key.
create table efgs_key (
  hash bytea primary key check (octet_length(hash) = 32),
  upload bigint not null,
  day int not null
);
create index efgs_key_age on efgs_key (day);

create table efgs_callback (
  country text not null,
  id text not null,
  url text not null,
  failed_at bigint,
  failure text,
  primary key (country, id)
);
create table efgs_callback_task (
  id bigint generated always as identity primary key,
  country text not null,
  callback text not null,
  tag text not null,
  day int not null,
  tries int not null default 0,
  next_try_at bigint not null,
  foreign key (country, callback) references efgs_callback on delete cascade
);
create index efgs_callback_task_order on efgs_callback_task (country, callback, id);

-- Client. Batches that are on their way to a gateway, in the order in which they go.
create table efgs_outgoing (
  id bigint generated always as identity primary key,
  peer text not null,
  next jsonb not null,
  filters text not null,
  tag text not null,
  -- A DiagnosisKeyBatch in protobuf, in the order of the signature.
  keys bytea not null,
  key_count int not null,
  signature text not null,
  -- Indices of keys that the gateway could not store before.
  failed_before int[] not null default '{}',
  -- The gateway may have these keys already, from before the agreement was changed.
  known boolean not null,
  -- How often it was sent, and when that began last; an answer takes it away.
  sent int not null default 0,
  sent_at bigint,
  -- How often a repeat found that part of it is still being stored.
  unsettled int not null default 0,
  held text
);
create index efgs_outgoing_order on efgs_outgoing (peer, id);

-- What came from whom in which batch, or went out in it.
create table efgs_batch_record (
  id bigint generated always as identity primary key,
  peer text not null,
  direction text not null check (direction in ('pull', 'push')),
  at bigint not null,
  tag text not null,
  origin text not null,
  keys int not null,
  signature text not null,
  fault text,
  verdicts jsonb not null
);
create index efgs_batch_record_peer on efgs_batch_record (peer, id desc);
create index efgs_batch_record_age on efgs_batch_record (at);

-- Until which window keys may be at a gateway already, and how the callback stands.
create table efgs_gateway (
  peer text primary key,
  known_until bigint not null default 0,
  callback_checked_at bigint,
  called_at bigint,
  called_tag text
);
`,
};
