import { collectDefaultMetrics, Gauge, type Registry } from "prom-client";

/** How the process stands; asked at each scrape. */
export type ProcessSources = {
  /** Connections to the database by pool. */
  readonly connections: () => Readonly<
    Record<string, { readonly open: number; readonly busy: number }>
  >;
  /** Publish requests by what is done with them. */
  readonly publishes: () => Readonly<Record<string, number>>;
  /** Seconds that the database's clock is ahead of ours; undefined before it was read. */
  readonly clockOffsetSeconds: () => number | undefined;
  /** Whether the clocks are so far apart that nothing is deleted or closed. */
  readonly clocksApart: () => boolean;
};

/** Figures of this process: those of prom-client (memory, heap, descriptors, loop delay), and of its work now. */
export function processGauges(registry: Registry, sources: ProcessSources): void {
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: "wayfarer_database_connections",
    help: "Connections to the database; busy: an answer is awaited.",
    labelNames: ["pool", "state"],
    registers,
    collect() {
      for (const [pool, counts] of Object.entries(sources.connections())) {
        for (const [state, count] of Object.entries(counts)) this.set({ pool, state }, count);
      }
    },
  });
  new Gauge({
    name: "wayfarer_publish_requests_in_flight",
    help: "Publish requests, chaff included, whose body is being received or that are worked on.",
    labelNames: ["state"],
    registers,
    collect() {
      for (const [state, count] of Object.entries(sources.publishes())) this.set({ state }, count);
    },
  });
  new Gauge({
    name: "wayfarer_clock_offset_seconds",
    help: "How far the database's clock is ahead of this process's.",
    registers,
    collect() {
      const offset = sources.clockOffsetSeconds();
      if (offset === undefined) this.reset();
      else this.set(offset);
    },
  });
  new Gauge({
    name: "wayfarer_clocks_apart",
    help: "1 while clocks disagree and nothing is deleted, closed or released.",
    registers,
    collect() {
      this.set(sources.clocksApart() ? 1 : 0);
    },
  });
}
