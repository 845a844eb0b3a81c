import { startDeadline, within } from "./bounds/deadline.ts";
import { AppError, asAppError } from "./errors.ts";
import { errorFields, type Log } from "./observe/log.ts";
import { storeFailure } from "./store/failure.ts";
import type { JobRun, JobRuns } from "./store/job-run.ts";

/** Work in the background. */
export type Job = {
  readonly name: string;
  /** How often it looks for work, in milliseconds. */
  readonly intervalMs: number;
  /** It is aborted after that long. */
  readonly timeoutMs: number;
  /**
   * Looks for work and does it, also when other processes do the same at the same time. Answers what it did, as
   * counts by name; all zero means there was nothing to do.
   */
  readonly run: JobWork;
  /** What is done instead when somebody asks for it now, rather than when its turn comes. */
  readonly runNow?: JobWork;
};

/** Does a job's work; see {@link Job}. */
export type JobWork = (signal: AbortSignal) => Promise<Readonly<Record<string, unknown>>>;

/** What came of one run. */
export type JobResult = {
  readonly name: string;
  readonly ok: boolean;
  /** Stable code of the failure. */
  readonly code?: string;
  readonly error?: string;
  readonly detail: Readonly<Record<string, unknown>>;
};

/** The jobs of this process. */
export type Jobs = {
  readonly names: readonly string[];
  /** Runs each job at its interval until {@link stop}. */
  start(): void;
  /** Runs one now; the same one never runs twice at once in a process. Undefined for an unknown name. */
  run(name: string, signal?: AbortSignal): Promise<JobResult> | undefined;
  /** Starts none any more, and waits for those that run, at most `timeoutMs`, then aborts them. */
  stop(timeoutMs: number): Promise<void>;
};

/** What jobs need. */
export type JobsDependencies = {
  readonly runs: JobRuns;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly clockMs: () => number;
  /** Told of every run. */
  readonly ended: (name: string, ok: boolean, seconds: number) => void;
};

/** How soon a job that failed for the first time is tried again. */
const RETRY_MS = 10_000;
/** How long a job may take to end once it is aborted. */
const ABORT_MS = 2000;

/** Jobs on their schedule. A job that fails is tried again after ten seconds, then after
 * twice as long each time, at its next turn at the latest; the others do not notice. */
export function scheduleJobs(jobs: readonly Job[], deps: JobsDependencies): Jobs {
  const stopping = new AbortController();
  const running = new Map<string, Promise<JobResult>>();
  const timers = new Set<ReturnType<typeof setTimeout>>();
  let stopped = false;

  const begin = (job: Job, work: JobWork, signal?: AbortSignal): Promise<JobResult> => {
    const already = running.get(job.name);
    if (already !== undefined) return already.then(() => begin(job, work, signal));
    const signals = [stopping.signal, ...(signal === undefined ? [] : [signal])];
    const run = runOnce({ ...job, run: work }, deps, signals)
      .finally(() => running.delete(job.name));
    running.set(job.name, run);
    return run;
  };
  const repeat = (job: Job, delayMs: number, before = 0): void => {
    let failures = before;
    if (stopped) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      begin(job, job.run).then(({ ok }) => {
        failures = ok ? 0 : failures + 1;
        const soon = ok ? Infinity : RETRY_MS * 2 ** Math.min(failures - 1, 20);
        repeat(job, Math.min(job.intervalMs, soon), failures);
      });
    }, delayMs);
    timers.add(timer);
  };
  return {
    names: jobs.map((job) => job.name),
    start: () => jobs.forEach((job) => repeat(job, 0)),
    run: (name, signal) => {
      const job = jobs.find((one) => one.name === name);
      return job === undefined ? undefined : begin(job, job.runNow ?? job.run, signal);
    },
    stop: async (timeoutMs) => {
      stopped = true;
      timers.forEach((timer) => clearTimeout(timer));
      const end = setTimeout(() => stopping.abort(new AppError("canceled")), timeoutMs);
      // A job that does not heed its signal must not keep the process from ending.
      await within(
        timeoutMs + ABORT_MS,
        () => Promise.all(running.values()),
        () => undefined,
      );
      clearTimeout(end);
    },
  };
}

async function runOnce(
  job: Job,
  deps: JobsDependencies,
  signals: readonly AbortSignal[],
): Promise<JobResult> {
  const { log, clockMs } = deps;
  const deadline = startDeadline(job.timeoutMs, { canceledBy: signals });
  const startedAt = Math.floor(clockMs() / 1000);
  let ok = false;
  const record = async (result: JobResult): Promise<JobResult> => {
    const run: JobRun = {
      name: job.name,
      startedAt,
      finishedAt: Math.floor(clockMs() / 1000),
      detail: result.detail,
      ...(result.code === undefined ? {} : { error: result.code }),
    };
    await deps.runs.add(run).catch((error) => log.error("job-run-not-kept", errorFields(error)));
    return result;
  };
  try {
    const detail = await job.run(deadline.signal);
    ok = true;
    const result: JobResult = { name: job.name, ok: true, detail };
    const counts = Object.values(detail);
    if (!counts.some((count) => count !== 0 && count !== false)) return result;
    log.info("job-done", { job: job.name, detail: JSON.stringify(detail) });
    return await record(result);
  } catch (error) {
    const known = asAppError(storeFailure(error));
    log.error("job-failed", { job: job.name, ...errorFields(error) });
    return await record({
      name: job.name,
      ok: false,
      code: known.code,
      error: known.message,
      detail: {},
    });
  } finally {
    deadline.end();
    deps.ended(job.name, ok, clockMs() / 1000 - startedAt);
  }
}
