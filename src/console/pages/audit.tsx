import { auditLines, auditQuery } from "../../admin/audit.ts";
import type { AuditRow, AuditVerdict } from "../../store/admin/audit.ts";
import { HEADERS, pageAnswer } from "../answer.ts";
import type { Call, Handler } from "../call.ts";
import { Difference } from "../parts/difference.tsx";
import { ActionButton } from "../parts/form.tsx";
import type { Children, Html } from "../parts/html.ts";
import { Page } from "../parts/page.tsx";
import { Empty, Status } from "../parts/status.tsx";
import { Pages, StackTable } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { count, moment } from "../parts/words.ts";

const ROWS = 50;

/** `GET /console/audit`: what was changed and looked at, with filters that stand in the address. */
export const auditPage: Handler = async (call) => await draw(call, undefined);

/** `POST /console/audit/verify`: computes every hash of the log again. */
export const verifyAudit: Handler = async (call) =>
  await draw(call, await call.deps.audit.verify());

async function draw(call: Call, verdict: AuditVerdict | undefined): Promise<Response> {
  const { deps, visit, query } = call;
  const parsed = auditQuery((name) => dayAsMoment(name, query.get(name)));
  const filter = parsed.ok ? parsed.value.filter : {};
  const below = parsed.ok ? parsed.value.below : undefined;
  const [rows, words] = await Promise.all([
    deps.audit.page(filter, below, ROWS + 1),
    deps.audit.words(),
  ]);
  const shown = rows.slice(0, ROWS);
  const last = shown.at(-1);
  const older = rows.length > ROWS && last !== undefined
    ? withBelow(query, last.number)
    : undefined;
  const search = new URLSearchParams(query);
  search.delete("below");
  return await pageAnswer(
    <Page
      visit={visit}
      title="Audit log"
      at="/console/audit"
      lead="Every change and every look at keys: who, what, when, from where."
      actions={
        <a class="button quiet" href={`/console/audit.jsonl?${search}`}>Download as JSON lines</a>
      }
    >
      <Chain call={call} verdict={verdict} newest={rows[0]} />
      <section class="part card flush">
        <h2 class="hide">Rows</h2>
        <Filters query={query} words={words} />
        {shown.length === 0
          ? (
            <Empty title={query.size === 0 ? "Nothing yet" : "No row fits these filters"}>
              <p>
                {query.size === 0
                  ? "Every change that anybody makes will be here."
                  : <a href="/console/audit">Show all rows</a>}
              </p>
            </Empty>
          )
          : (
            <>
              <StackTable
                caption="Audit log"
                columns={["When", "Who", "What", "From"].map((name) => ({ name }))}
                rows={shown.map((row) => rowOf(row, visit.now))}
              />
              <Pages
                text={`rows ${count(last?.number ?? 0)} to ${count(shown[0]?.number ?? 0)}`}
                links={[
                  ...(below === undefined
                    ? []
                    : [{ name: "Newest", href: `/console/audit?${search}` }]),
                  ...(older === undefined ? [] : [{ name: "Older", href: older }]),
                ]}
              />
            </>
          )}
      </section>
    </Page>,
  );
}

/** Filters name days; the query of the API names moments. */
function dayAsMoment(name: string, text: string | null): string | undefined {
  if (name !== "since" && name !== "until") return text ?? undefined;
  if (text === null || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const start = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(start)) return undefined;
  return new Date(name === "until" ? start + 86_400_000 : start).toISOString();
}

function withBelow(query: URLSearchParams, below: number): string {
  const next = new URLSearchParams(query);
  next.set("below", String(below));
  return `/console/audit?${next}`;
}

function Chain({ call, verdict, newest }: {
  readonly call: Call;
  readonly verdict: AuditVerdict | undefined;
  readonly newest: AuditRow | undefined;
}): Html {
  const check = (
    <ActionButton
      csrf={call.visit.csrf}
      action="/console/audit/verify"
      name="Check every row now"
    />
  );
  if (verdict === undefined) {
    return (
      <div class="card">
        <p>
          Each row carries the hash of the row before it. {newest === undefined ? "" : (
            <>
              The newest is row {count(newest.number)}, <code>{newest.hash.slice(0, 12)}</code>.
            </>
          )}
        </p>
        {check}
      </div>
    );
  }
  if (verdict.brokenAt !== undefined) {
    return (
      <Status tone="bad" title={`Row ${count(verdict.brokenAt)} is not what was written.`}>
        It was changed, or the row before it is missing. Compare with a copy of the database, and
        with whoever can write to it.
      </Status>
    );
  }
  return (
    <Status tone="ok" title={`${count(verdict.rows)} rows, without a gap.`}>
      Every hash was computed again just now: nothing was changed.
    </Status>
  );
}

function Filters({ query, words }: {
  readonly query: URLSearchParams;
  readonly words: { readonly kinds: readonly string[]; readonly actions: readonly string[] };
}): Html {
  const choice = (name: string, label: string, all: string, choices: readonly string[]) => (
    <div>
      <label for={`a-${name}`}>{label}</label>
      <select id={`a-${name}`} name={name}>
        <option value="">{all}</option>
        {choices.map((one) => <option selected={one === query.get(name)}>{one}</option>)}
      </select>
    </div>
  );
  const input = (name: string, label: string, type: "text" | "date") => (
    <div>
      <label for={`a-${name}`}>{label}</label>
      <input id={`a-${name}`} name={name} type={type} value={query.get(name) ?? ""} />
    </div>
  );
  return (
    <form class="filters" method="get" action="/console/audit">
      {input("who", "Who", "text")}
      {choice("action", "What", "Everything", words.actions)}
      {choice("kind", "Kind", "All kinds", words.kinds)}
      {input("since", "From", "date")}
      {input("until", "To", "date")}
      <button type="submit" class="button quiet">Filter</button>
    </form>
  );
}

const CHANNELS = { api: "API", cli: "command line", console: "console" } as const;

function rowOf(row: AuditRow, now: number): readonly Children[] {
  const { at, actor, subject, via, action, kind, name, before, after, detail, requestId } = row;
  const label = `Change of ${kind} ${name}`;
  return [
    <>
      <Time at={at} now={now} />
      <small>{moment(at)}</small>
    </>,
    <>
      {actor}
      {subject === null || subject === actor ? null : <small>{subject}</small>}
    </>,
    <>
      <b>{action}</b> {kind} {name}
      {before === null && after === null ? null : (
        <details>
          <summary>Difference</summary>
          <Difference label={label} before={before} after={after} />
        </details>
      )}
      {detail === null ? null : (
        <small>
          {Object.entries(detail).map(([what, value]) => `${what}: ${String(value)}`).join(", ")}
        </small>
      )}
    </>,
    <>
      {via === null ? "an earlier version" : CHANNELS[via]}
      {requestId === null ? null : <small>request {requestId}</small>}
    </>,
  ];
}

/** `GET /console/audit.jsonl`: the rows that fit the filters, a line of JSON each. */
export const auditDownload: Handler = async ({ deps, query }) => {
  const parsed = auditQuery((name) => dayAsMoment(name, query.get(name)));
  const lines = auditLines(deps.audit, parsed.ok ? parsed.value.filter : {});
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await lines.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(`${value}\n`));
    },
    cancel: async () => {
      await lines.return(undefined);
    },
  });
  return new Response(body, {
    headers: {
      ...HEADERS,
      "content-type": "application/jsonl",
      "content-disposition": 'attachment; filename="audit.jsonl"',
    },
  });
};
