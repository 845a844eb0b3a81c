import type { Migration } from "./migration.ts";

/** Device attestations that were used, and registered keys of App Attest. */
export const attestation: Migration = {
  version: 8,
  name: "attestation",
  sql: `
-- A keyed hash of an attestation, nothing else: no health authority, no key, no time of use. expires_on is a full hour.
create table attest_used (
  hash bytea primary key,
  expires_on bigint not null
);
create index attest_used_expiry on attest_used (expires_on);

-- A registered key: id is a keyed hash of its name, public_key is sealed, expires_on is a full day.
create table attest_key (
  id bytea primary key,
  public_key bytea not null,
  counter bigint not null,
  expires_on bigint not null
);
create index attest_key_expiry on attest_key (expires_on);
`,
};
