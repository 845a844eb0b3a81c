import { AppError } from "../errors.ts";
import type { PublishEvent } from "../publish/route.ts";

/** Whether publishes are being stored, as those of the last seconds tell. */
export type PublishHealth = {
  answered(event: PublishEvent): void;
  /** Throws `unavailable` when the newest publishes failed for reasons of ours, and none was stored since. */
  require(): void;
};

/** How long failures count after the last one, in milliseconds. Then the next publishes tell anew. */
const FAILURES_COUNT_MS = 10_000;
/** So many failures without a success in between mean that it is not the one request. */
const FAILURES = 3;
const OURS: readonly string[] = ["database_unavailable", "key_unavailable", "internal"];

/** Learns from answers. `elapsedMs` only goes forward. */
export function publishHealth(elapsedMs: () => number): PublishHealth {
  let failures = 0;
  let lastFailure = -Infinity;
  let code = "";
  return {
    answered: (event) => {
      if (event.kind !== "publish") return;
      if (event.code === "ok" || event.code === "partial_failure") failures = 0;
      if (!OURS.includes(event.code)) return;
      failures += 1;
      lastFailure = elapsedMs();
      code = event.code;
    },
    require: () => {
      if (failures < FAILURES || elapsedMs() - lastFailure > FAILURES_COUNT_MS) return;
      throw new AppError("unavailable", `the newest publishes were refused with ${code}`);
    },
  };
}
