import { accept, type Outcome, refuse } from "../errors.ts";
import { secondsOf } from "../model/resource/members.ts";
import { isCleanText } from "../model/text.ts";
import type { AuditFilter, AuditLog, AuditRow } from "../store/admin/audit.ts";

/** A row for programs: like the stored one, its time as RFC 3339. */
export type AuditShown = Omit<AuditRow, "at"> & { readonly at: string };

/** Rows of one page, and where the next one begins. */
export type AuditPage = {
  readonly items: readonly AuditShown[];
  /** `below` of the next page; absent on the last. */
  readonly next?: number;
};

/** A filter longer than any name that a row can have. */
const MAX_FILTER_CHARACTERS = 200;
const PAGE_ROWS = 100;
const MAX_PAGE_ROWS = 1000;

/** Filters and paging as a query gives them; a moment that is none is refused. */
export function auditQuery(
  given: (name: string) => string | undefined,
): Outcome<{ filter: AuditFilter; below: number | undefined; limit: number }> {
  const text = (name: string): string | undefined => given(name) || undefined;
  for (const name of ["who", "action", "kind", "name"]) {
    const sent = given(name) ?? "";
    if (sent.length > MAX_FILTER_CHARACTERS || !isCleanText(sent)) {
      return refuse(
        "invalid_argument",
        `${name} must be a text of at most ${MAX_FILTER_CHARACTERS} characters, without control characters`,
      );
    }
  }
  const moment = (name: string): number | undefined => secondsOf(text(name));
  for (const name of ["since", "until"]) {
    if (Number.isNaN(moment(name) ?? 0)) {
      return refuse("invalid_argument", `${name} must be a time such as 2026-01-31T00:00:00Z`);
    }
  }
  for (const name of ["below", "limit"]) {
    if (!/^\d{0,15}$/.test(given(name) ?? "")) {
      return refuse("invalid_argument", `${name} must be a whole number`);
    }
  }
  const below = text("below");
  const limit = Math.max(1, Math.min(Number(text("limit") ?? PAGE_ROWS), MAX_PAGE_ROWS));
  const filter = {
    who: text("who"),
    action: text("action"),
    kind: text("kind"),
    name: text("name"),
    since: moment("since"),
    until: moment("until"),
  };
  return accept({ filter, below: below === undefined ? undefined : Number(below), limit });
}

/** A page of the audit log, newest first. */
export async function auditPage(
  log: Pick<AuditLog, "page">,
  { filter, below, limit }: {
    readonly filter: AuditFilter;
    readonly below: number | undefined;
    readonly limit: number;
  },
): Promise<AuditPage> {
  const rows = await log.page(filter, below, limit + 1);
  const items = rows.slice(0, limit).map(shown);
  const last = items.at(-1);
  return { items, ...(rows.length > limit && last !== undefined ? { next: last.number } : {}) };
}

/** All rows that fit a filter, newest first, a line of JSON each, read page by page. */
export async function* auditLines(
  log: Pick<AuditLog, "page">,
  filter: AuditFilter,
): AsyncGenerator<string> {
  let below: number | undefined;
  do {
    const page: AuditPage = await auditPage(log, { filter, below, limit: MAX_PAGE_ROWS });
    for (const item of page.items) yield JSON.stringify(item);
    below = page.next;
  } while (below !== undefined);
}

function shown({ at, ...row }: AuditRow): AuditShown {
  return { at: new Date(at * 1000).toISOString().replace(".000", ""), ...row };
}
