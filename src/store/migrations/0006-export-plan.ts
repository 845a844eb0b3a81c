import type { Migration } from "./migration.ts";

/** A window's files are planned before the first is stored. */
export const exportPlans: Migration = {
  version: 6,
  name: "export-plan",
  sql: `
alter table export_batch
  -- Raised when the window is opened again: what was planned before is worth nothing then.
  add column generation int not null default 0,
  -- What its files are made from; no key may be made up that belongs in them.
  add column plan jsonb,
  add column planned_at bigint,
  add column first_number int;
comment on column export_file.batch is '0: planned, or planned once; it belongs to no batch until it is noted as written';
`,
};
