import { mayAct } from "../../model/actor.ts";
import type { JobRun } from "../../store/job-run.ts";
import { pageAnswer, seeOther } from "../answer.ts";
import type { Call, Handler } from "../call.ts";
import { ActionButton } from "../parts/form.tsx";
import type { Children, Html } from "../parts/html.ts";
import { Page } from "../parts/page.tsx";
import { Empty, State } from "../parts/status.tsx";
import { StackTable } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { count, length } from "../parts/words.ts";
import { JustDone } from "./saved.tsx";
import { textOf } from "./daily-figures.ts";
import { NotFound } from "./refusals.tsx";

/** What each job does, as a sentence. */
const PURPOSES: Readonly<Record<string, string>> = {
  export: "Makes the files that phones download.",
  import: "Reads other servers' files into ours.",
  mirror: "Copies other servers' files.",
  retention: "Deletes what is past CLEANUP_TTL.",
  "rotate-keys": "Renews the keys of revision tokens.",
  "refresh-jwks": "Reads the issuers' public keys.",
  statistics: "Sums the statistics up.",
  "federation-pull": "Fetches peers' keys.",
  "federation-push": "Hands our keys over to peers.",
  "federation-upkeep": "Renews our token keys and forgets old pages.",
  "admin-upkeep": "Forgets old sessions and audit rows.",
  revocation: "Goes on with revocations in bulk.",
};

/** `GET /console/jobs`: how the background jobs run. */
export const jobsPage: Handler = async (call) => {
  const { deps, visit } = call;
  const newest = new Map((await deps.jobRuns.newest()).map((run) => [run.name, run]));
  const jobs = deps.jobs.toSorted((a, b) => a.name < b.name ? -1 : 1);
  return await pageAnswer(
    <Page
      visit={visit}
      title="Jobs"
      at="/console/jobs"
      lead="Work in the background. A job that fails is tried again at its next turn."
      asOf
    >
      <JustDone call={call} />
      <section class="part card flush">
        <h2 class="hide">All jobs</h2>
        {jobs.length === 0
          ? (
            <Empty title="No jobs">
              <p>This process has none: ROLES says what it does.</p>
            </Empty>
          )
          : (
            <StackTable
              caption="Background jobs"
              columns={COLUMNS}
              rows={jobs.map(({ name, intervalMs }) =>
                rowOf(call, name, intervalMs, newest.get(name))
              )}
            />
          )}
      </section>
    </Page>,
  );
};

const COLUMNS = ["Job", "Last run that did something", "What it did", "Looks every", "Now"].map(
  (name) => ({ name }),
);

function rowOf(
  call: Call,
  name: string,
  intervalMs: number,
  run: JobRun | undefined,
): readonly Children[] {
  const { visit } = call;
  return [
    <>
      {name}
      <small>{PURPOSES[name]}</small>
    </>,
    run === undefined ? <State tone="off">nothing to do so far</State> : (
      <>
        <State tone={run.error === undefined ? "ok" : "bad"}>
          {run.error === undefined ? "done" : "failed"}
        </State>
        <small>
          <Time at={run.finishedAt} now={visit.now} />, took{" "}
          {length(run.finishedAt - run.startedAt)}
        </small>
      </>
    ),
    run === undefined ? "" : <Result run={run} />,
    length(intervalMs / 1000),
    mayAct(visit.session.role, "operator")
      ? (
        <ActionButton
          csrf={visit.csrf}
          action={`/console/jobs/${name}`}
          name="Run now"
          kind="quiet slim"
        />
      )
      : "",
  ];
}

function Result({ run }: { readonly run: JobRun }): Html {
  if (run.error !== undefined) {
    return (
      <>
        {textOf(run.error)} <code>{run.error}</code>
      </>
    );
  }
  const counts = Object.entries(run.detail).filter(([, value]) => value !== 0 && value !== false);
  return (
    <>
      {counts.map(([what, value]) =>
        `${what} ${typeof value === "number" ? count(value) : JSON.stringify(value)}`
      ).join(", ")}
    </>
  );
}

/** `POST /console/jobs/:name`: runs a job now. */
export const runJob: Handler = async ({ deps, visit, request, form, param }) => {
  const name = param("name");
  const run = deps.runJob(name, request.signal);
  if (run === undefined) {
    const list = { name: "All jobs", href: "/console/jobs" };
    return await pageAnswer(
      <NotFound
        visit={visit}
        what={`There is no job named ${name} in this process.`}
        list={list}
      />,
      404,
    );
  }
  await deps.audit.add(visit.actor, [{ action: "run", kind: "Job", name }]);
  const { ok } = await run;
  const back = form.get("back") === "exports" ? "/console/exports" : "/console/jobs";
  return seeOther(`${back}?done=${ok ? "ran" : "failed"}`);
};
