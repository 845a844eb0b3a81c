import { AppError } from "../errors.ts";
import { jsonAnswer } from "./answer.ts";

/** A check that must pass before the server is ready; throws when it fails. The text of an AppError is public. */
export type ReadinessCheck = { readonly name: string; readonly check: () => Promise<void> };

/** `/healthz` and `/readyz`. */
export type Health = {
  /** 200 as long as this process answers at all. */
  live(): Response;
  /** 200 when every check passes, else 503 with the failed checks and the reasons; 503 while draining. */
  ready(): Promise<Response>;
  /** Reports not ready from now on, so that no new requests arrive. */
  drain(): void;
};

/** How long the result of a check is cached, in milliseconds, because a check may write to storage. */
const RESULT_HOLDS_MS = 1000;

/** The result of a check; `reason` is public. */
type Result = { readonly ok: boolean; readonly reason?: string };

function failureOf(error: unknown): Result {
  const known = error instanceof AppError && error.code !== "internal";
  return { ok: false, ...(known ? { reason: error.message } : {}) };
}

/** Health of a process. Responses are public, so they hold no foreign errors. `elapsedMs` is a monotonic clock. */
export function health(checks: readonly ReadinessCheck[], elapsedMs: () => number): Health {
  let draining = false;
  const results = new Map<string, { until: number; readonly result: Promise<Result> }>();
  const resultOf = ({ name, check }: ReadinessCheck): Promise<Result> => {
    const known = results.get(name);
    if (known !== undefined && elapsedMs() < known.until) return known.result;
    const result = check().then((): Result => ({ ok: true }), failureOf);
    const fresh = { until: Infinity, result };
    results.set(name, fresh);
    result.then(() => fresh.until = elapsedMs() + RESULT_HOLDS_MS);
    return result;
  };
  return {
    live: () => jsonAnswer(200, { status: "ok" }),
    ready: async () => {
      if (draining) return jsonAnswer(503, { status: "draining" });
      const found = await Promise.all(
        checks.map(async (check) => [check.name, await resultOf(check)] as const),
      );
      const failed = found.some(([, { ok }]) => !ok);
      const reasons = found.flatMap(([name, { reason }]) =>
        reason === undefined ? [] : [[name, reason]]
      );
      return jsonAnswer(failed ? 503 : 200, {
        status: failed ? "failed" : "ok",
        checks: Object.fromEntries(found.map(([name, { ok }]) => [name, ok ? "ok" : "failed"])),
        ...(reasons.length === 0 ? {} : { reasons: Object.fromEntries(reasons) }),
      });
    },
    drain: () => {
      draining = true;
    },
  };
}
