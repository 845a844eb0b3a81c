import { AppError } from "../errors.ts";
import { within } from "../bounds/deadline.ts";
import type { ReadinessCheck } from "../http/health.ts";
import { agreedTime } from "../store/agreed-time.ts";
import { clocksApart } from "../store/clocks.ts";
import type { ExportStatus } from "../store/export/status.ts";
import { storeFailure } from "../store/failure.ts";
import { probePublish } from "../store/exposure/readiness-probe.ts";
import type { PublishHealth } from "./publish-health.ts";
import type { Foundation } from "./foundation.ts";

/** What readiness asks beside the foundation. */
export type ReadinessSources = {
  readonly publishes: PublishHealth;
  readonly exports: () => Promise<readonly ExportStatus[]>;
};

/** Bound on each check, in milliseconds. */
const CHECK_MS = 1800;
/** An export that is behind by more than this, or by five turns of its job, is late. */
const LATE_SECONDS = 900;
const LATE_TURNS = 5;

/** What `/readyz` asks: would a publish sent now be stored, and are the exports on time? */
export function readinessChecks(
  foundation: Foundation,
  { publishes, exports }: ReadinessSources,
): readonly ReadinessCheck[] {
  const { config, database, blobs, clocks } = foundation;
  const time = agreedTime(database, clocks);
  const late = Math.max(LATE_SECONDS, LATE_TURNS * config.jobIntervalMs / 1000);
  const checks: Readonly<Record<string, () => Promise<void>>> = {
    database: () => probePublish(database),
    storage: () => blobs.check(config.exportBucket),
    clocks: async () => {
      await time();
      requireSmallSkew(foundation);
    },
    publishes: () => Promise.resolve(publishes.require()),
    exports: async () => requireOnTime(await exports(), late),
  };
  return Object.entries(checks).map(([name, check]) => ({
    name,
    check: () =>
      within(CHECK_MS, check).catch((cause) => {
        throw storeFailure(cause);
      }),
  }));
}

function requireSmallSkew({ clocks, clocksAgree }: Foundation): void {
  if (clocksAgree()) return;
  throw clocksApart({ kind: "apart", seconds: clocks.newest()?.offsetSeconds ?? 0 });
}

function requireOnTime(statuses: readonly ExportStatus[], lateSeconds: number): void {
  const [worst] = [...statuses].sort((a, b) => b.lagSeconds - a.lagSeconds);
  if (worst === undefined || worst.lagSeconds <= lateSeconds) return;
  throw new AppError(
    "unavailable",
    worst.closedUntil === undefined
      ? `the export ${worst.config} is ${worst.lagSeconds} s behind: look at /admin/api/v1/status`
      : `windows are closed until ${
        new Date(worst.closedUntil * 1000).toISOString()
      }, ahead of the clock: ` +
        'look at docs/operators.md, "Clocks"',
  );
}
