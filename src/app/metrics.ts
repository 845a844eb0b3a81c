import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ExportEvent } from "../export/events.ts";
import type { PublishEvent } from "../publish/route.ts";
import { type AttestationMetrics, attestationMetrics } from "./attestation-metrics.ts";
import type { JobOutcome } from "../store/job-run.ts";
import type { PeerFigures } from "./peer-figures.ts";
import { peerGauges } from "./peer-gauges.ts";
import { processGauges, type ProcessSources } from "./process-gauges.ts";

/** What is counted. One function for each event of the business; labels are names of ours, never data from outside. */
export type Metrics = AttestationMetrics & {
  readonly publishAnswered: (event: PublishEvent) => void;
  readonly exportReported: (event: ExportEvent) => void;
  readonly jobEnded: (name: string, outcome: JobOutcome, seconds: number) => void;
  /** Sets what is looked up for each scrape; without it, those figures are not there. */
  readonly setFound: (found?: Found) => void;
  /** From now on tells of the process too. */
  readonly watchProcess: (sources: ProcessSources) => void;
  /** Prometheus text exposition. */
  readonly text: () => Promise<string>;
  readonly contentType: string;
};

/** What is looked up for a scrape. */
export type Found = {
  /** Seconds that each series of exports is behind. */
  readonly exports: readonly (readonly [name: string, seconds: number])[];
  readonly peers: PeerFigures;
  /** When the newest stored backup was begun, UTC seconds. */
  readonly newestBackupAt?: number;
};

const NOTHING: Found = { exports: [], peers: { directions: [], keys: [], verdicts: [] } };
const LATENCIES = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** Metrics of one process. */
export function openMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name, help, labelNames, registers });
  const publishes = counter("wayfarer_publish_requests_total", "Publish requests answered.", [
    "api",
    "kind",
    "code",
  ]);
  const keys = counter("wayfarer_published_keys_total", "Keys stored or revised by publishes.", [
    "change",
  ]);
  const latency = new Histogram({
    name: "wayfarer_publish_duration_seconds",
    help: "From the first byte of a publish to its answer.",
    buckets: LATENCIES,
    registers,
  });
  const files = counter("wayfarer_export_files_total", "Export files written.", ["config"]);
  const exported = counter("wayfarer_exported_keys_total", "Keys in export files written.", [
    "config",
  ]);
  const exportFailures = counter("wayfarer_export_failures_total", "Exports that went wrong.", [
    "config",
    "kind",
  ]);
  const jobs = counter("wayfarer_job_runs_total", "Runs of background jobs.", ["job", "result"]);
  const jobSeconds = new Gauge({
    name: "wayfarer_job_last_duration_seconds",
    help: "How long the last run of a job took.",
    labelNames: ["job"],
    registers,
  });
  const backup = new Gauge({
    name: "wayfarer_backup_newest_timestamp_seconds",
    help: "When the newest whole backup in BACKUP_BUCKET was begun, in seconds since 1970.",
    registers,
  });
  const lag = new Gauge({
    name: "wayfarer_lag_seconds",
    help: "How far an export is behind.",
    labelNames: ["kind", "name"],
    registers,
  });
  const setPeers = peerGauges(registry);
  const attestations = attestationMetrics(registry);
  return {
    ...attestations,
    publishAnswered: ({ api, kind, code, inserted, revised, durationMs }) => {
      publishes.inc({ api, kind, code });
      if (inserted > 0) keys.inc({ change: "inserted" }, inserted);
      if (revised > 0) keys.inc({ change: "revised" }, revised);
      latency.observe(durationMs / 1000);
    },
    exportReported: (event) => {
      const { config, kind } = event;
      if (event.kind !== "file-written") return exportFailures.inc({ config, kind });
      files.inc({ config });
      exported.inc({ config }, event.keyCount + event.revisedKeyCount);
    },
    jobEnded: (job, result, seconds) => {
      jobs.inc({ job, result });
      jobSeconds.set({ job }, seconds);
    },
    setFound: ({ exports, peers, newestBackupAt } = NOTHING) => {
      backup.reset();
      if (newestBackupAt !== undefined) backup.set({}, newestBackupAt);
      lag.reset();
      for (const [name, seconds] of exports) lag.set({ kind: "export", name }, seconds);
      setPeers(peers);
    },
    watchProcess: (sources) => processGauges(registry, sources),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
