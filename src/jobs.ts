import { startDeadline, within } from "./bounds/deadline.ts";
import { AppError, asAppError, ERRORS } from "./errors.ts";
import { errorFields, type Log } from "./observe/log.ts";
import { storeFailure } from "./store/failure.ts";
import type { JobOutcome, JobRun, JobRuns } from "./store/job-run.ts";

/** Work in the background. */
export type Job = {
  readonly name: string;
  /** How often it looks for work, in milliseconds. */
  readonly intervalMs: number;
  /** It is aborted after that long. */
  readonly timeoutMs: number;
  /**
   * Looks for work and does it, also when other processes do the same at the same time. Answers what it did, as
   * counts by name; all zero means there was nothing to do. A count named `failed` and every call of `noteFailure`
   * say that some of the work could not be done.
   */
  readonly run: JobWork;
  /** What is done instead when somebody asks for it now, rather than when its turn comes. */
  readonly runNow?: JobWork;
};

/** Does a job's work; see {@link Job}. */
export type JobWork = (
  signal: AbortSignal,
  noteFailure: NoteFailure,
) => Promise<Readonly<Record<string, unknown>>>;

/** Takes why a part of the work could not be done: a public text that names the resource and the cause. */
export type NoteFailure = (reason: string) => void;

/** What came of one run. */
export type JobResult = {
  readonly name: string;
  /** Whether it did all of its work, or had none. */
  readonly ok: boolean;
  readonly outcome: JobOutcome;
  /** Stable code of the failure. */
  readonly code?: string;
  /** Why it failed, or which parts did. */
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
  readonly ended: (name: string, outcome: JobOutcome, seconds: number) => void;
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
  const reasons: string[] = [];
  let result: JobResult;
  try {
    const detail = await job.run(deadline.signal, (reason) => reasons.push(reason));
    if (deadline.signal.aborted) reasons.push("it was stopped before its end");
    result = resultOf(job.name, detail, reasons);
    tell(log, result);
  } catch (error) {
    const { code, message } = asAppError(storeFailure(error));
    log.error("job-failed", { job: job.name, ...errorFields(error) });
    result = { name: job.name, ok: false, outcome: "failed", code, error: message, detail: {} };
  } finally {
    deadline.end();
  }
  deps.ended(job.name, result.outcome, clockMs() / 1000 - startedAt);
  if (result.outcome === "nothing") return result;
  const run: JobRun = {
    name: job.name,
    startedAt,
    finishedAt: Math.floor(clockMs() / 1000),
    outcome: result.outcome,
    detail: result.detail,
    ...(result.code === undefined ? {} : { error: result.code }),
    ...(result.error === undefined ? {} : { reason: result.error }),
  };
  await deps.runs.add(run).catch((error) => log.error("job-run-not-kept", errorFields(error)));
  return result;
}

/** Reasons told one by one; more are counted. */
const MAX_REASONS = 3;

/** The result of work that was not thrown out of: it may still have failed, in whole or in part. */
function resultOf(
  name: string,
  detail: JobResult["detail"],
  reasons: readonly string[],
): JobResult {
  const { failed = 0, ...done } = detail;
  const did = Object.values(done).some((count) => count !== 0 && count !== false);
  if (reasons.length === 0 && failed === 0) {
    return { name, ok: true, outcome: did ? "done" : "nothing", detail };
  }
  const more = reasons.length - MAX_REASONS;
  const error = [
    ...(reasons.length === 0 ? [ERRORS.job_incomplete.text] : reasons.slice(0, MAX_REASONS)),
    ...(more > 0 ? [`and ${more} more`] : []),
  ].join("; ");
  return {
    name,
    ok: false,
    outcome: did ? "partly" : "failed",
    code: "job_incomplete",
    error,
    detail,
  };
}

function tell(log: Log, { name, outcome, code, error, detail }: JobResult): void {
  if (outcome === "nothing") return;
  const fields = { job: name, detail: JSON.stringify(detail) };
  if (outcome === "done") log.info("job-done", fields);
  else {log[outcome === "partly" ? "warn" : "error"](
      `job-${outcome === "partly" ? "incomplete" : "failed"}`,
      { ...fields, code, reason: error },
    );}
}
