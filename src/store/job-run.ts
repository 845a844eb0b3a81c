import type { Database } from "./database.ts";

/** One run of a background job that did something, or failed. */
export type JobRun = {
  readonly name: string;
  /** UTC seconds. */
  readonly startedAt: number;
  readonly finishedAt: number;
  /** Stable code of its failure. */
  readonly error?: string;
  /** What it did: counts by name. */
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
  detail: Record<string, unknown> | null;
};

/** The history of background jobs in the database. */
export function jobRuns({ bulk: sql }: Database): JobRuns {
  return {
    add: async (run) => {
      await sql`
        insert into job_run (name, started_at, finished_at, error, detail)
        values (${run.name}, ${run.startedAt}, ${run.finishedAt}, ${run.error ?? null},
                ${JSON.stringify(run.detail)}::text::jsonb)`;
    },
    newest: async () => {
      const rows = await sql<Row[]>`
        select distinct on (name) name, started_at, finished_at, error, detail
        from job_run order by name, id desc`;
      return rows.map((row) => ({
        name: row.name,
        startedAt: row.started_at,
        finishedAt: row.finished_at,
        ...(row.error === null ? {} : { error: row.error }),
        detail: row.detail ?? {},
      }));
    },
  };
}
