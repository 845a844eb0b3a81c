import type { Region, ServerId } from "./ids.ts";
import type { ReportType } from "./report-type.ts";

/** A key from another server that may be stored. */
export type AcceptableKey = {
  /** 16 bytes. */
  readonly key: Uint8Array;
  readonly intervalNumber: number;
  readonly intervalCount: number;
  readonly transmissionRisk: number;
  readonly reportType: ReportType;
  readonly daysSinceOnset?: number;
  /** In our names. */
  readonly regions: readonly Region[];
  readonly traveler: boolean;
  readonly homeServer: ServerId;
  /** Servers that it crossed, the sender included. */
  readonly hops: number;
};

/** Whom a key comes from: the server, which alone may revise it, and the agreement's name. */
export type KeySender = { readonly name: string; readonly serverId: ServerId };

/** What is stored of a key that a peer revises. */
export type StoredState = {
  readonly intervalNumber: number;
  readonly intervalCount: number;
  /** Whether it came from the same peer. */
  readonly fromPeer: boolean;
  readonly reportType: ReportType;
  readonly revisedTo?: ReportType;
};
