import type { Migration } from "./migration.ts";

/** Sessions, sign-in links, named tokens, sign-ins on their way, and an audit log that nobody can rewrite unseen. */
export const admin: Migration = {
  version: 10,
  name: "admin",
  sql: `
-- A session is known by the SHA-256 of its random id.
create table admin_session (
  id_hash bytea primary key,
  subject text not null,
  name text not null,
  role text not null check (role in ('viewer', 'operator', 'admin')),
  -- How they signed in: 'link', or the identity provider's issuer and its session there.
  provider text not null,
  provider_session text,
  created_at bigint not null,
  used_at bigint not null
);
create index admin_session_subject on admin_session (subject);

create table sign_in_link (
  hash bytea primary key,
  name text not null,
  role text not null check (role in ('viewer', 'operator', 'admin')),
  expires_at bigint not null,
  used_at bigint
);

create table named_token (
  name text primary key,
  hash bytea not null unique,
  role text not null check (role in ('viewer', 'operator', 'admin')),
  made_at bigint not null,
  made_by text not null,
  expires_at bigint,
  used_at bigint,
  revoked_at bigint
);

-- What a sign-in at the identity provider needs when it comes back.
create table sign_in_attempt (
  state_hash bytea primary key,
  nonce text not null,
  verifier text not null,
  return_to text not null,
  expires_at bigint not null
);

-- Answers to publishes by hour: counts by kind and code, added up by whoever answered.
create table publish_answer (
  hour bigint not null,
  kind text not null,
  code text not null,
  count bigint not null,
  primary key (hour, kind, code)
);

-- Revocations in bulk. after_key: every key up to it is dealt with, so that whoever goes on begins there.
create table bulk_revocation (
  id bigint generated always as identity primary key,
  made_at bigint not null,
  made_by text not null,
  reason text not null,
  query jsonb not null,
  expected bigint not null,
  state text not null check (state in ('running', 'stopped', 'done')),
  after_key bytea not null default '',
  revoked bigint not null default 0,
  deleted bigint not null default 0,
  finished_at bigint
);
create index bulk_revocation_running on bulk_revocation (id) where state = 'running';

alter table audit_log
  add column number bigint,
  add column subject text,
  add column via text,
  add column request_id text,
  add column detail jsonb,
  add column previous_hash bytea,
  add column hash bytea;

-- The newest row; and the last one that was forgotten, from which the chain goes on.
create table audit_head (
  id boolean primary key default true check (id),
  number bigint not null default 0,
  hash bytea not null default '',
  forgotten_number bigint not null default 0,
  forgotten_hash bytea not null default ''
);
insert into audit_head default values;

create function audit_hash(entry audit_log) returns bytea language sql immutable as $$
  select sha256(entry.previous_hash || convert_to(jsonb_build_array(
    entry.number, entry.at, entry.actor, entry.action, entry.kind, entry.name, entry.before,
    entry.after, entry.subject, entry.via, entry.request_id, entry.detail)::text, 'UTF8'))
$$;

-- In the database, so that rows of the version before this one are chained too.
create function audit_chain() returns trigger language plpgsql as $$
declare head audit_head;
begin
  select * into head from audit_head for update;
  if not found then insert into audit_head default values returning * into head; end if;
  new.number := head.number + 1;
  new.previous_hash := head.hash;
  new.hash := audit_hash(new);
  update audit_head set number = new.number, hash = new.hash;
  return new;
end $$;

create function audit_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and current_setting('wayfarer.forgetting_audit', true) = 'on' then
    return old;
  end if;
  raise exception 'the audit log can only be appended to' using errcode = 'insufficient_privilege';
end $$;

do $$
declare
  entry audit_log;
  head audit_head;
begin
  select * into head from audit_head;
  for entry in select * from audit_log order by id loop
    entry.number := head.number + 1;
    entry.previous_hash := head.hash;
    entry.hash := audit_hash(entry);
    update audit_log set number = entry.number, previous_hash = entry.previous_hash, hash = entry.hash
    where id = entry.id;
    head.number := entry.number;
    head.hash := entry.hash;
  end loop;
  update audit_head set number = head.number, hash = head.hash;
end $$;

create unique index audit_log_number on audit_log (number);
create index audit_log_at on audit_log (at, number);
create index audit_log_subject on audit_log (subject, number);
create index audit_log_kind on audit_log (kind, number);
create trigger audit_chain before insert on audit_log for each row execute function audit_chain();
create trigger audit_append_only before update or delete on audit_log
  for each row execute function audit_append_only();
create trigger audit_keep before truncate on audit_log execute function audit_append_only();
`,
};
