import type { Database } from "./database.ts";

/** How a run of a background job ended; `nothing`: there was nothing to do. */
export type JobOutcome = "done" | "nothing" | "partly" | "failed";

/** A run of a background job that did something or failed. */
export type JobRun = {
  readonly name: string;
  /** UTC seconds. */
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly outcome: JobOutcome;
  /** The stable code of the failure. */
  readonly error?: string;
  /** The reason of the failure, or the parts that failed. */
  readonly reason?: string;
  /** The results: counts by name. */
  readonly detail: Readonly<Record<string, unknown>>;
};

/** The history of background jobs. */
export type JobRuns = {
  add(run: JobRun): Promise<void>;
  /** The newest run of each job. */
  newest(): Promise<readonly JobRun[]>;
};

type Row = {
  name: string;
  started_at: number;
  finished_at: number;
  error: string | null;
  /** The counts, with outcome and reason. */
  detail: Record<string, unknown> | null;
};

/** The history of background jobs in the database. */
export function jobRuns({ bulk: sql }: Database): JobRuns {
  return {
    add: async (run) => {
      const { outcome, reason } = run;
      const detail = JSON.stringify({ ...run.detail, outcome, reason });
      await sql`
        insert into job_run (name, started_at, finished_at, error, detail)
        values (${run.name}, ${run.startedAt}, ${run.finishedAt}, ${run.error ?? null},
                ${detail}::text::jsonb)`;
    },
    newest: async () => {
      const rows = await sql<Row[]>`
        select distinct on (name) name, started_at, finished_at, error, detail
        from job_run order by name, id desc`;
      return rows.map(runOf);
    },
  };
}

function runOf({ name, started_at, finished_at, error, detail: kept }: Row): JobRun {
  const { outcome, reason, ...detail } = kept ?? {};
  return {
    name,
    startedAt: started_at,
    finishedAt: finished_at,
    // Rows of an older version have none.
    outcome: outcome === "partly" ? "partly" : error === null ? "done" : "failed",
    ...(error === null ? {} : { error }),
    ...(typeof reason === "string" ? { reason } : {}),
    detail,
  };
}
