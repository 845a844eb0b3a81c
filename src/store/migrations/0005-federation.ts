import type { Migration } from "./migration.ts";

/** Federation: places in feeds, state and history per peer, digests, replay protection, our own token keys. */
export const federation: Migration = {
  version: 5,
  name: "federation",
  sql: `
-- How far a peer's feed was read (pull), or ours was handed over (push). The tokens of pull are the peer's.
create table peer_cursor (
  peer text not null,
  direction text not null check (direction in ('pull', 'push')),
  -- What the place belongs to: server and filters. Another one begins anew.
  filters text not null,
  key_timestamp bigint not null,
  key_token text not null,
  revised_timestamp bigint not null,
  revised_token text not null,
  version bigint not null,
  primary key (peer, direction)
);

create table peer_state (
  peer text not null,
  direction text not null check (direction in ('pull', 'push')),
  state text not null check (state in ('ok', 'behind', 'failing', 'refused')),
  state_since bigint not null,
  tried_at bigint not null,
  succeeded_at bigint,
  next_try_at bigint not null,
  failures int not null,
  error text,
  lag_seconds bigint,
  lag_keys bigint,
  in_sync_since bigint,
  compared_at bigint,
  repaired_at bigint,
  primary key (peer, direction)
);

-- Pages that held keys. pull and push: by us; fetched and pushed: by the peer.
create table peer_page (
  id bigint generated always as identity primary key,
  peer text not null,
  direction text not null check (direction in ('pull', 'push', 'fetched', 'pushed')),
  at bigint not null,
  keys int not null,
  revised int not null,
  -- Verdicts, and reasons of refusals, by name.
  verdicts jsonb not null,
  took_ms int not null
);
create index peer_page_peer on peer_page (peer, id desc);
create index peer_page_age on peer_page (at);

-- What was pulled, per UTC day of the keys: to be compared with what the peer says it sent.
create table peer_digest (
  peer text not null,
  day int not null,
  count bigint not null,
  digest bytea not null check (octet_length(digest) = 32),
  primary key (peer, day)
);

create table seen_token (
  issuer text not null,
  jti text not null,
  expires_at bigint not null,
  primary key (issuer, jti)
);
create index seen_token_age on seen_token (expires_at);

-- Keys that sign our tokens towards peers.
create table federation_key (
  reference text primary key,
  kid text not null,
  public_key_pem text not null,
  created_at bigint not null
);

-- SHA-256 of a key and its metadata as they go over the wire; federation/digest.ts computes the same.
create function federation_digest(
  key bytea, interval_number int, interval_count int, transmission_risk int,
  report_type text, days_since_onset int, traveler boolean, revised boolean
) returns bytea language sql immutable as $$
  select sha256(
    key || int4send(interval_number) || int4send(interval_count) || int4send(transmission_risk)
    || int4send(case report_type when 'confirmed' then 1 when 'likely' then 2 when 'user-report' then 3
                                 when 'negative' then 5 else 0 end)
    || int4send(case when days_since_onset between -14 and 14 then days_since_onset else 127 end)
    || int4send(case when traveler then 1 else 0 end + case when revised then 2 else 0 end))
$$;
`,
};
