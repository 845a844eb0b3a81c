import { Gauge, type Registry } from "prom-client";
import type { SyncState } from "../model/peer-sync.ts";
import type { PeerFigures } from "./peer-figures.ts";

const STATES: readonly SyncState[] = ["ok", "behind", "failing", "refused"];

/** A number of a direction each. */
const NUMBERS = [
  ["lagSeconds", "wayfarer_peer_lag_seconds", "How far a direction is behind now."],
  ["lagKeys", "wayfarer_peer_lag_keys", "Keys still to come, where that is known."],
  ["sinceSuccess", "wayfarer_peer_since_success_seconds", "Since the last success."],
  ["untilNextTry", "wayfarer_peer_next_try_seconds", "Until the next try; negative: overdue."],
  ["failures", "wayfarer_peer_failures", "Failures in a row."],
] as const;

/**
 * Gauges of peers in a registry. The answer sets them all anew: what is not in the figures is gone, so that a peer
 * that was removed, or a direction that was switched off, does not stay as it was last.
 */
export function peerGauges(registry: Registry): (figures: PeerFigures) => void {
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const place: ("peer" | "direction")[] = ["peer", "direction"];
  const state = gauge("wayfarer_peer_state", "1 for the state that a direction of a peer is in.", [
    ...place,
    "state",
  ]);
  const numbers = NUMBERS.map(([member, name, help]) =>
    [member, gauge(name, help, place)] as const
  );
  const keys = gauge("wayfarer_peer_keys_today", "Keys sent and received since midnight UTC.", [
    "peer",
    "kind",
    "change",
  ]);
  const verdicts = gauge("wayfarer_peer_verdicts_today", "Verdicts on them since midnight UTC.", [
    "peer",
    "kind",
    "verdict",
  ]);
  return (figures) => {
    [state, keys, verdicts, ...numbers.map(([, one]) => one)].forEach((one) => one.reset());
    for (const found of figures.directions) {
      const { peer, direction } = found;
      for (const one of STATES) {
        state.set({ peer, direction, state: one }, found.state === one ? 1 : 0);
      }
      for (const [member, one] of numbers) {
        const value = found[member];
        if (value !== undefined) one.set({ peer, direction }, value);
      }
    }
    for (const { peer, kind, what, count } of figures.keys) {
      keys.set({ peer, kind, change: what }, count);
    }
    for (const { peer, kind, what, count } of figures.verdicts) {
      verdicts.set({ peer, kind, verdict: what }, count);
    }
  };
}
