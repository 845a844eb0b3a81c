/** Batches as a client of the European gateway keeps them: on their way out, and for the audit. */

import type { PeerCursors } from "./peer-sync.ts";

/** A signed batch to send. */
export type NewOutgoingBatch = {
  readonly peer: string;
  /** What {@link PeerCursors} the place in our feed moves to once nothing of the batch is left, and what it belongs to. */
  readonly next: PeerCursors;
  readonly filters: string;
  readonly tag: string;
  /** A DiagnosisKeyBatch in protobuf, in the order of the signature. */
  readonly keys: Uint8Array;
  readonly keyCount: number;
  readonly signature: string;
  /** Indices of keys that the gateway could not store when they were sent before. */
  readonly failedBefore: readonly number[];
  /** The gateway may have these keys already, from before the agreement was changed. */
  readonly known: boolean;
};

/** A batch that is noted. */
export type OutgoingBatch = NewOutgoingBatch & {
  readonly id: number;
  /** How often it was sent. More than 0: what is sent now is a repeat. */
  readonly sent: number;
  /** Seconds until a repeat may begin: an upload whose answer was lost may still be at work. */
  readonly waitSeconds: number;
  /** How often a repeat found part of it still being stored. */
  readonly unsettled: number;
  /** Why it is held back. */
  readonly held?: string;
};

/** Batches on their way out. */
export type OutgoingBatches = {
  /** The batch of a peer that goes next. */
  first(peer: string): Promise<OutgoingBatch | undefined>;
  /** Notes batches before anything is sent. */
  add(batches: readonly NewOutgoingBatch[]): Promise<void>;
  /** Notes that sending begins. */
  begin(id: number): Promise<void>;
  /** Notes that nothing of it can have been stored. */
  undo(id: number): Promise<void>;
  /** Notes that a repeat found part of it still being stored. */
  unsettle(id: number): Promise<void>;
  hold(id: number, reason: string): Promise<void>;
  /** Forgets a peer's batches; `knownUntil`: keys of windows before it may be at the gateway. */
  discard(peer: string, knownUntil: number): Promise<void>;
  /** The end of the windows whose keys the gateway may have already; 0 when there are none. */
  knownUntil(peer: string): Promise<number>;
};

/** What is known of the signature of a country's part of a batch. */
export type SignatureState = "verified" | "failed" | "unchecked" | "own";

/** Keys of one country in one batch of a gateway, and what became of them. */
export type BatchRecord = {
  readonly peer: string;
  readonly direction: "pull" | "push";
  readonly tag: string;
  readonly origin: string;
  readonly keys: number;
  readonly signature: SignatureState;
  /** Why the signature failed. */
  readonly fault?: string;
  /** How many got which verdict. */
  readonly verdicts: Readonly<Record<string, number>>;
};
