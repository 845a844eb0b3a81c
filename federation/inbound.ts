import { encodeHex } from "../src/bytes/base64.ts";
import type { BatchRecord, NewOutgoingBatch } from "../src/model/efgs-batch.ts";
import type { DayDigest } from "../src/model/feed.ts";
import { asSeconds, type ServerId } from "../src/model/ids.ts";
import type { FederatedKey, StoredKey } from "../src/model/exposure.ts";
import type { Direction, KeySender, PageRecord, PeerCursors } from "../src/model/peer-sync.ts";
import type { Peer } from "../src/model/resource/peer.ts";
import { revisionStep } from "../src/model/revision.ts";
import { acceptanceOf, type ReceivedKey, type RefusalReason } from "./policy/acceptance.ts";

/** What a batch does in the database; see src/store/federation/inbound.ts. */
export type InboundTransaction = {
  insert(peer: KeySender, keys: readonly FederatedKey[]): Promise<ReadonlySet<string>>;
  addRegions(peer: KeySender, keys: readonly FederatedKey[]): Promise<void>;
  lock(peer: KeySender, keys: readonly FederatedKey[]): Promise<ReadonlyMap<string, StoredKey>>;
  revise(keys: readonly FederatedKey[]): Promise<void>;
  moveCursor(
    peer: string,
    direction: Direction,
    filters: string,
    cursors: PeerCursors,
    version: number,
  ): Promise<void>;
  addDigests(
    peer: string,
    digests: readonly DayDigest[],
    forget: "all" | readonly number[],
  ): Promise<void>;
  addPage(page: PageRecord): Promise<void>;
  addBatches(batches: readonly BatchRecord[]): Promise<void>;
  settleOutgoing(id: number, rest: readonly NewOutgoingBatch[]): Promise<number>;
};

/** Where received keys go. */
export type InboundStore = {
  transaction<T>(work: (transaction: InboundTransaction) => Promise<T>): Promise<T>;
};

/** What receiving needs. */
export type InboundDependencies = {
  readonly inbound: InboundStore;
  /** Our own name. */
  readonly serverId: ServerId;
  /** Milliseconds since the epoch. */
  readonly clockMs: () => number;
  /** MAX_INTERVAL_AGE_ON_PUBLISH. */
  readonly maxAgeSeconds: number;
};

/** What became of a key. */
export type KeyVerdict =
  | { readonly kind: "stored" | "revised" | "duplicate" }
  | { readonly kind: "refused"; readonly reason: RefusalReason };

/** Keys of one page or batch, in the order in which they came. */
export type ReceivedBatch = {
  readonly keys: readonly ReceivedKey[];
  readonly revised: readonly ReceivedKey[];
};

/** What became of them, in the same order, and how often each verdict was given. */
export type BatchVerdicts = {
  readonly keys: readonly KeyVerdict[];
  readonly revised: readonly KeyVerdict[];
  readonly counts: Readonly<Record<string, number>>;
};

/** A batch that was judged, for {@link storeBatch}. */
export type JudgedBatch = {
  readonly keys: Judged;
  readonly revised: Judged;
  /** A key that is there already and comes as confirmed revises it, where it may. */
  readonly confirmsKnown?: boolean;
};

/** Judges the keys of a batch one by one: bad ones are refused, and stop nothing. */
export function judgeBatch(
  deps: InboundDependencies,
  peer: Peer,
  batch: ReceivedBatch,
): JudgedBatch {
  const context = {
    peer,
    serverId: deps.serverId,
    now: asSeconds(deps.clockMs() / 1000),
    maxAgeSeconds: deps.maxAgeSeconds,
  };
  return {
    keys: judge(batch.keys, (key) => acceptanceOf(key, false, context)),
    revised: judge(batch.revised, (key) => acceptanceOf(key, true, context)),
  };
}

/**
 * Stores what was accepted of a batch in one transaction, together with whatever `beside` writes, with the window of
 * this moment. A key that is there already gets its regions besides. A revision of a key that we never had (it may have been refused as what it was before) is stored as a
 * new key, unless it revokes.
 */
export async function storeBatch(
  deps: InboundDependencies,
  peer: Peer,
  { keys, revised, confirmsKnown = false }: JudgedBatch,
  beside: (transaction: InboundTransaction, verdicts: BatchVerdicts) => Promise<void>,
): Promise<BatchVerdicts> {
  return await deps.inbound.transaction(async (transaction) => {
    const known = await transaction.insert(peer, inOrder(keys.accepted));
    await addRegions(transaction, peer, keys.accepted, known);
    const again = confirmsKnown ? confirmationsIn(keys.accepted, known) : new Map();
    const confirmed = await applyRevisions(transaction, peer, again);
    const revisions = await applyRevisions(transaction, peer, revised.accepted);
    const verdicts: Pick<BatchVerdicts, "keys" | "revised"> = {
      keys: keys.verdicts.map((verdict, index) => {
        const hex = keys.hexes[index] ?? "";
        if (verdict !== undefined) return verdict;
        if (!known.has(hex)) return { kind: "stored" };
        return confirmed.get(hex)?.kind === "revised" ? { kind: "revised" } : DUPLICATE;
      }),
      revised: revised.verdicts.map((verdict, index) =>
        verdict ?? revisions.get(revised.hexes[index] ?? "") ?? DUPLICATE
      ),
    };
    const whole = { ...verdicts, counts: countsOf([...verdicts.keys, ...verdicts.revised]) };
    await beside(transaction, whole);
    return whole;
  });
}

const DUPLICATE: KeyVerdict = { kind: "duplicate" };

type Judged = {
  /** By hex, each once. */
  readonly accepted: ReadonlyMap<string, FederatedKey>;
  readonly hexes: readonly string[];
  /** Undefined where the database has the last word. */
  readonly verdicts: readonly (KeyVerdict | undefined)[];
};

function judge(
  received: readonly ReceivedKey[],
  decide: (key: ReceivedKey) => ReturnType<typeof acceptanceOf>,
): Judged {
  const accepted = new Map<string, FederatedKey>();
  const hexes: string[] = [];
  const verdicts = received.map((one): KeyVerdict | undefined => {
    const acceptance = decide(one);
    const hex = acceptance.ok ? encodeHex(one.key) : "";
    hexes.push(hex);
    if (!acceptance.ok) return { kind: "refused", reason: acceptance.reason };
    if (accepted.has(hex)) return DUPLICATE;
    accepted.set(hex, acceptance.key);
    return undefined;
  });
  return { accepted, hexes, verdicts };
}

/** Everybody locks keys in this order. */
const inOrder = (keys: ReadonlyMap<string, FederatedKey>): FederatedKey[] =>
  [...keys.keys()].sort().flatMap((hex) => keys.get(hex) ?? []);

/** Whoever brings a key again brings it for regions of its own. */
async function addRegions(
  transaction: InboundTransaction,
  peer: Peer,
  accepted: ReadonlyMap<string, FederatedKey>,
  known: ReadonlySet<string>,
): Promise<void> {
  if (known.size === 0) return;
  const again = new Map([...accepted].filter(([hex]) => known.has(hex)));
  const stored = await transaction.lock(peer, inOrder(again));
  const more = [...again].filter(([hex, { regions }]) => {
    const has = new Set(stored.get(hex)?.regions);
    return regions.some((region) => !has.has(region));
  });
  await transaction.addRegions(peer, inOrder(new Map(more)));
}

function confirmationsIn(
  accepted: ReadonlyMap<string, FederatedKey>,
  known: ReadonlySet<string>,
): ReadonlyMap<string, FederatedKey> {
  return new Map(
    [...accepted].filter(([hex, { reportType }]) => known.has(hex) && reportType === "confirmed"),
  );
}

async function applyRevisions(
  transaction: InboundTransaction,
  peer: Peer,
  wanted: ReadonlyMap<string, FederatedKey>,
): Promise<ReadonlyMap<string, KeyVerdict>> {
  const verdicts = new Map<string, KeyVerdict>();
  if (wanted.size === 0) return verdicts;
  const known = await transaction.lock(peer, inOrder(wanted));
  const unknown = new Map<string, FederatedKey>();
  const revise: FederatedKey[] = [];
  for (const [hex, key] of wanted) {
    const stored = known.get(hex);
    const verdict = stored === undefined ? unknownVerdict(key) : revisionVerdict(stored, key);
    if (verdict.kind === "stored") unknown.set(hex, key);
    if (verdict.kind === "revised") revise.push(key);
    verdicts.set(hex, verdict);
  }
  await transaction.revise(revise);
  if (unknown.size === 0) return verdicts;
  for (const hex of await transaction.insert(peer, inOrder(unknown))) {
    verdicts.set(hex, DUPLICATE);
  }
  return verdicts;
}

function unknownVerdict(key: FederatedKey): KeyVerdict {
  return key.reportType === "negative"
    ? { kind: "refused", reason: "revoked" }
    : { kind: "stored" };
}

function revisionVerdict(stored: StoredKey, key: FederatedKey): KeyVerdict {
  const { reportType, revisedTo } = stored;
  const step = revisionStep(
    { reportType, ...(revisedTo === undefined ? {} : { revisedTo }) },
    key.reportType,
  );
  if (step.kind === "unchanged") return DUPLICATE;
  if (!stored.sameSource || stored.homeServer !== key.homeServer) {
    return { kind: "refused", reason: "other_source" };
  }
  if (
    stored.intervalNumber !== key.intervalNumber || stored.intervalCount !== key.intervalCount
  ) return { kind: "refused", reason: "interval_changed" };
  if (step.kind === "already-revised") return { kind: "refused", reason: "already_revised" };
  if (step.kind === "not-allowed") return { kind: "refused", reason: "transition" };
  return { kind: "revised" };
}

function countsOf(verdicts: readonly KeyVerdict[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const verdict of verdicts) {
    const name = verdict.kind === "refused" ? verdict.reason : verdict.kind;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
