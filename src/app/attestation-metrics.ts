import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { VendorEvent } from "../attest/vendor/calls.ts";
import type { AttestationEvent } from "../attest/verdict.ts";

/** How many attestations got a verdict. */
export type AttestationCount = AttestationEvent & { readonly count: number };

/** Figures of device attestation. */
export type AttestationMetrics = {
  readonly attested: (event: AttestationEvent) => void;
  readonly vendorAsked: (event: VendorEvent) => void;
  /** Attestations by verdict, of this process since its start. */
  readonly attestationCounts: () => readonly AttestationCount[];
  /** Hands over how many breakers towards a vendor are open. */
  readonly watchBreakers: (open: (vendor: VendorEvent["vendor"]) => number) => void;
};

const VENDORS = ["apple", "google"] as const;
const LATENCIES = [0.05, 0.1, 0.25, 0.5, 1, 2, 3];

/** Registers the figures. */
export function attestationMetrics(registry: Registry): AttestationMetrics {
  const registers = [registry];
  const verdicts = new Counter({
    name: "wayfarer_attestation_total",
    help: "Device attestations by verdict.",
    labelNames: ["platform", "kind", "verdict"],
    registers,
  });
  const latency = new Histogram({
    name: "wayfarer_attestation_vendor_duration_seconds",
    help: "How long the server of a vendor took.",
    labelNames: ["vendor", "outcome"],
    buckets: LATENCIES,
    registers,
  });
  const counts = new Map<string, AttestationCount>();
  return {
    attested: ({ platform, kind, verdict }) => {
      verdicts.inc({ platform, kind, verdict });
      const name = `${platform} ${kind} ${verdict}`;
      const count = (counts.get(name)?.count ?? 0) + 1;
      counts.set(name, { platform, kind, verdict, count });
    },
    vendorAsked: ({ vendor, outcome, seconds }) => latency.observe({ vendor, outcome }, seconds),
    attestationCounts: () => [...counts.values()],
    watchBreakers: (open) => {
      new Gauge({
        name: "wayfarer_attestation_breakers_open",
        help: "Breakers towards a vendor that are open: it is not asked for a while.",
        labelNames: ["vendor"],
        registers,
        collect() {
          for (const vendor of VENDORS) this.set({ vendor }, open(vendor));
        },
      });
    },
  };
}
