import type { TestDatabase } from "../support/database.ts";

/**
 * What must have arrived, told by two databases and the agreements alone. Written from the specification, without the
 * policy's code, so that both would have to be wrong in the same way.
 */

/** What one server may send, and the other takes, as the two agreements say. */
export type Direction = {
  /** The sender's ID, and what the receiver calls it. */
  readonly from: { readonly id: string; readonly name: string };
  readonly sends: {
    readonly regions: readonly string[];
    readonly excludeRegions: readonly string[];
    readonly onlyTravelers: boolean;
  };
  readonly takes: {
    readonly regions: readonly string[];
    readonly onlyTravelers: boolean;
    readonly acceptSelfReport: boolean;
    readonly acceptClinical: boolean;
    readonly assignRegions: Readonly<Record<string, string>>;
  };
};

/** A row as it is stored. */
export type StoredKey = {
  readonly key: string;
  readonly start: number;
  readonly count: number;
  readonly risk: number;
  readonly type: string;
  readonly dsos: number | null;
  readonly regions: readonly string[];
  readonly traveler: boolean;
  readonly source: string;
  readonly source_name: string | null;
  readonly home_server: string | null;
  readonly hops: number;
  readonly created_at: number;
  readonly revised_at: number | null;
  readonly revised_type: string | null;
  readonly revised_risk: number | null;
  readonly revised_dsos: number | null;
};

/** All that a server has, by key, and its database's time. */
export async function storedKeys(
  { bulk }: TestDatabase,
): Promise<{ readonly now: number; readonly keys: ReadonlyMap<string, StoredKey> }> {
  const [{ now } = { now: 0 }] = await bulk<{ now: number }[]>`select wayfarer_now() as now`;
  const rows = await bulk<StoredKey[]>`
    select encode(key, 'hex') as key, interval_number as start, interval_count as count,
           transmission_risk as risk, report_type as type, days_since_onset as dsos, regions,
           traveler, source, source_name, home_server, hops, created_at, revised_at,
           revised_report_type as revised_type, revised_transmission_risk as revised_risk,
           revised_days_since_onset as revised_dsos
    from exposure`;
  return { now, keys: new Map(rows.map((row) => [row.key, row])) };
}

/** 360 hours. */
const MAX_AGE_SECONDS = 1_296_000;

type Arrived = Omit<StoredKey, "created_at" | "revised_at"> & { readonly revised: boolean };

/** Whether a key is shown to a peer that asks for what it takes (pull), or gets what it may have (push). */
function isShown(row: StoredKey, now: number, direction: Direction, way: "pull" | "push"): boolean {
  const { sends, takes } = direction;
  if (row.source !== "local") return false;
  if (row.created_at > now) return false;
  if ((row.start + row.count) * 600 < now - MAX_AGE_SECONDS) return false;
  if (!row.traveler && sends.onlyTravelers) return false;
  if (!row.traveler && takes.onlyTravelers && way === "pull") return false;
  if (row.regions.some((region) => sends.excludeRegions.includes(region))) return false;
  return row.regions.some((region) =>
    sends.regions.includes(region) && (way === "push" || takes.regions.includes(region))
  );
}

/** How many keys, and how many revisions of keys. */
export type Shown = { readonly keys: number; readonly revised: number };

/** What a server must show to its peer, once. */
export async function shown(
  sender: TestDatabase,
  direction: Direction,
  way: "pull" | "push",
): Promise<Shown> {
  const { now, keys } = await storedKeys(sender);
  const rows = [...keys.values()].filter((row) => isShown(row, now, direction, way));
  return { keys: rows.length, revised: rows.filter((row) => row.revised_at !== null).length };
}

/** How a key of the sender must look at the receiver; undefined when it must not be there. */
function expectedKey(row: StoredKey, now: number, direction: Direction): Arrived | undefined {
  const { from, sends, takes } = direction;
  if (!isShown(row, now, direction, "push")) return undefined;
  if (!row.traveler && takes.onlyTravelers) return undefined;
  const regions = row.regions
    .filter((region) => sends.regions.includes(region) && takes.regions.includes(region))
    .map((region) => takes.assignRegions[region] ?? region);
  if (regions.length === 0) return undefined;
  const taken = (type: string | null): boolean =>
    type === "confirmed" || (type === "likely" && takes.acceptClinical) ||
    (type === "user-report" && takes.acceptSelfReport);
  const first = taken(row.type);
  const revision = row.revised_type !== null &&
    (taken(row.revised_type) || (row.revised_type === "negative" && first));
  if (!first && !revision) return undefined;
  const revisedRisk = riskOf(row.revised_risk ?? row.risk, row.revised_type);
  const dsos = credible(row.dsos);
  const revisedDsos = credible(row.revised_dsos);
  const arrived: Arrived = {
    ...row,
    risk: riskOf(row.risk, row.type),
    dsos,
    regions,
    source: "peer",
    source_name: from.name,
    home_server: from.id,
    hops: 1,
    revised: first && revision,
    revised_type: null,
    revised_risk: null,
    revised_dsos: null,
  };
  // What was refused at first comes as what it is now.
  if (!first) {
    return { ...arrived, type: row.revised_type ?? "", risk: revisedRisk, dsos: revisedDsos };
  }
  if (!revision) return arrived;
  const { revised_type } = row;
  return { ...arrived, revised_type, revised_dsos: revisedDsos, revised_risk: revisedRisk };
}

/** As in a publish: 0 lets the server choose by report type. */
const CHOSEN_RISKS: ReadonlyMap<string | null, number> = new Map([
  ["confirmed", 2],
  ["likely", 4],
  ["user-report", 5],
  ["negative", 6],
]);
const riskOf = (risk: number, type: string | null): number =>
  risk === 0 ? CHOSEN_RISKS.get(type) ?? 0 : risk;

const credible = (dsos: number | null): number | null =>
  dsos !== null && dsos >= -14 && dsos <= 14 ? dsos : null;

const textOf = (key: Arrived): string =>
  JSON.stringify([
    ...[key.key, key.start, key.count, key.risk, key.type, key.dsos, [...key.regions].sort()],
    ...[key.traveler, key.source, key.source_name, key.home_server, key.hops],
    ...[key.revised, key.revised_type, key.revised_risk, key.revised_dsos],
  ]);

/** Where the receiver differs from what must be: both lists are empty when it holds exactly that. */
export type Difference = {
  readonly expected: number;
  readonly revised: number;
  readonly missing: readonly string[];
  readonly tooMuch: readonly string[];
};

/** Compares what a direction has brought with what it must bring. Both must be at rest. */
export async function difference(
  sender: TestDatabase,
  receiver: TestDatabase,
  direction: Direction,
): Promise<Difference> {
  const [here, there] = await Promise.all([storedKeys(sender), storedKeys(receiver)]);
  const wanted = new Set<string>();
  let revised = 0;
  for (const row of here.keys.values()) {
    const key = expectedKey(row, here.now, direction);
    // Published at both: it is the receiver's own, and the sender has no say in it.
    if (key === undefined || there.keys.get(row.key)?.source === "local") continue;
    wanted.add(textOf(key));
    if (key.revised) revised += 1;
  }
  const tooMuch: string[] = [];
  const found = new Set<string>();
  for (const row of there.keys.values()) {
    if (row.source === "local" || row.source === "generated") continue;
    const text = textOf({ ...row, revised: row.revised_at !== null });
    // Arrives after it was shown, so that no export of the receiver misses it.
    const sent = here.keys.get(row.key);
    const late = sent !== undefined && row.created_at > sent.created_at &&
      (row.revised_at ?? Infinity) > (sent.revised_at ?? 0);
    if (wanted.has(text) && late) found.add(text);
    else tooMuch.push(text);
  }
  const missing = [...wanted].filter((text) => !found.has(text));
  return { expected: wanted.size, revised, missing, tooMuch };
}
