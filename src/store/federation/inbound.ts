import { Buffer } from "node:buffer";
import { AppError } from "../../errors.ts";
import type { DayDigest } from "../../model/feed.ts";
import type { AcceptableKey, KeySender, StoredState } from "../../model/inbound-key.ts";
import type { Direction, PageRecord, PeerCursors } from "../../model/peer-sync.ts";
import type { ReportType } from "../../model/report-type.ts";
import { type Database, sqlState } from "../database.ts";
import type { Transaction } from "../sql.ts";
import { storeFailure } from "../failure.ts";
import { insertPage } from "./page.ts";
import { currentWindowSql } from "../exposure/closed-window-watermark.ts";

/** What one batch of received keys does; all of it happens, or nothing. */
export type InboundTransaction = {
  /** Inserts keys that are not there; embargoed ones get a later window. Answers, in hex, those that were there. */
  insert(peer: KeySender, keys: readonly AcceptableKey[]): Promise<ReadonlySet<string>>;
  /** Locks and reads those of the keys that are there, by hex. */
  lock(peer: KeySender, keys: readonly AcceptableKey[]): Promise<ReadonlyMap<string, StoredState>>;
  /** Revises locked keys. */
  revise(keys: readonly AcceptableKey[]): Promise<void>;
  /** Moves a place that has this version. Throws `version_conflict` when somebody else moved it. */
  moveCursor(
    peer: string,
    direction: Direction,
    filters: string,
    cursors: PeerCursors,
    version: number,
  ): Promise<void>;
  /** Adds to what was pulled, per day; `anew` forgets what was there. */
  addDigests(peer: string, digests: readonly DayDigest[], anew: boolean): Promise<void>;
  addPage(page: PageRecord): Promise<void>;
};

/** Where received keys go. */
export type InboundStore = {
  /** Throws `database_unavailable` when the database cannot be reached or is too slow. */
  transaction<T>(work: (transaction: InboundTransaction) => Promise<T>): Promise<T>;
};

const SERIALIZATION_FAILURE = "40001";
const DEADLOCK_DETECTED = "40P01";
const MAX_ATTEMPTS = 5;
const PREPARED = { prepare: true } as const;

/**
 * Received keys in the database. Background work has a pool of its own, but its writes are bounded like those of a
 * request: `writeTimeoutMs`, half of WINDOW_GRACE, since a window waits for whoever writes.
 */
export function federationInbound(
  { bulk }: Database,
  settings: { readonly windowSeconds: number; readonly writeTimeoutMs: number },
): InboundStore {
  const insert = insertSql(settings.windowSeconds);
  const revise = reviseSql(settings.windowSeconds);
  const bound = `set local statement_timeout = ${Math.floor(settings.writeTimeoutMs)}`;
  const once = async <T>(work: (transaction: InboundTransaction) => Promise<T>): Promise<T> => {
    const done = await bulk.begin(async (sql) => {
      await sql.unsafe(bound);
      return { value: await work(inboundTransaction(sql, insert, revise)) };
    });
    return done.value;
  };
  return {
    transaction: async (work) => {
      for (let attempt = 1;; attempt++) {
        try {
          return await once(work);
        } catch (error) {
          const state = sqlState(error);
          const again = state === SERIALIZATION_FAILURE || state === DEADLOCK_DETECTED;
          if (!again || attempt === MAX_ATTEMPTS) throw storeFailure(error);
        }
      }
    },
  };
}

function inboundTransaction(
  sql: Transaction,
  insertText: string,
  reviseText: string,
): InboundTransaction {
  return {
    insert: async (peer, keys) => {
      if (keys.length === 0) return new Set();
      const rows = await sql.unsafe<{ key: Uint8Array }[]>(
        insertText,
        [...columnsOf(keys), peer.name, peer.serverId],
        PREPARED,
      );
      return new Set(rows.map(({ key }) => hexOf(key)));
    },
    lock: async (peer, keys) => {
      const rows = await sql.unsafe<LockedRow[]>(
        LOCK,
        [byteaArray(keys), peer.name, peer.serverId],
        PREPARED,
      );
      return new Map(rows.map((row) => [hexOf(row.key), storedState(row)]));
    },
    revise: async (keys) => {
      if (keys.length > 0) await sql.unsafe(reviseText, columnsOf(keys), PREPARED);
    },
    moveCursor: async (peer, direction, filters, { keys, revised }, version) => {
      const moved = await sql`
        insert into peer_cursor (peer, direction, filters, key_timestamp, key_token,
                                 revised_timestamp, revised_token, version)
        values (${peer}, ${direction}, ${filters}, ${keys.timestamp}, ${keys.nextToken},
                ${revised.timestamp}, ${revised.nextToken}, 1)
        on conflict (peer, direction) do update
        set filters = excluded.filters, version = peer_cursor.version + 1,
            key_timestamp = excluded.key_timestamp, key_token = excluded.key_token,
            revised_timestamp = excluded.revised_timestamp, revised_token = excluded.revised_token
        where peer_cursor.version = ${version}`;
      if (moved.count !== 1) {
        throw new AppError("version_conflict", "another process goes on with this peer");
      }
    },
    addDigests: async (peer, digests, anew) => {
      if (anew) await sql`delete from peer_digest where peer = ${peer}`;
      if (digests.length === 0) return;
      const known = await sql<{ day: number; digest: Uint8Array }[]>`
        select day, digest from peer_digest
        where peer = ${peer} and day = any(${digests.map(({ day }) => day)}::int[])
        order by day for update`;
      const before = new Map(known.map(({ day, digest }) => [day, digest]));
      const sums = digests.map(({ day, digest }) => xor(digest, before.get(day)));
      await sql`
        insert into peer_digest (peer, day, count, digest)
        select ${peer}, * from unnest(
          ${digests.map(({ day }) => day)}::int[], ${digests.map(({ count }) => count)}::int[],
          ${sql.array(sums.map((sum) => Buffer.from(sum)))}::bytea[])
        on conflict (peer, day) do update
        set count = peer_digest.count + excluded.count, digest = excluded.digest`;
    },
    addPage: (page) => insertPage(sql, page),
  };
}

type LockedRow = {
  key: Uint8Array;
  interval_number: number;
  interval_count: number;
  from_peer: boolean;
  report_type: ReportType;
  revised_report_type: ReportType | null;
};

const LOCK = `select key, interval_number, interval_count, report_type, revised_report_type,
    source = 'peer' and case when source_server is null then source_name is not distinct from $2::text
      else source_server = $3::text end as from_peer
  from exposure where key = any($1::bytea[]) order by key for update`;

const SENT =
  `unnest($1::bytea[], $2::int[], $3::smallint[], $4::smallint[], $5::text[], $6::smallint[],
    $7::text[], $8::boolean[], $9::text[], $10::smallint[])
  as sent(key, start, count, risk, type, dsos, regions, traveler, home, hops)`;

function insertSql(windowSeconds: number): string {
  const length = Math.floor(windowSeconds);
  const current = currentWindowSql(length);
  const validUntil = "((sent.start + sent.count)::bigint * 600)";
  // As in publish: a key that could still be replayed waits until its end and one window more.
  return `with stored as (
      insert into exposure (key, interval_number, interval_count, transmission_risk, report_type,
        days_since_onset, regions, traveler, home_server, hops, source, source_name,
        source_server, created_at)
      select sent.key, sent.start, sent.count, sent.risk, sent.type, sent.dsos,
        sent.regions::text[], sent.traveler, sent.home, sent.hops, 'peer', $11::text, $12::text,
        case when ${validUntil} > wayfarer_now()
          then greatest((${validUntil} + ${length}) / ${length} * ${length}, ${current})
          else ${current} end
      from ${SENT} on conflict (key) do nothing returning key
    ) select unnest($1::bytea[]) as key except select key from stored`;
}

/** A key that is not shown yet keeps its window: being revised must not release it before its time. */
function reviseSql(windowSeconds: number): string {
  return `update exposure set
      revised_at = greatest(${currentWindowSql(windowSeconds)}, exposure.created_at),
      revised_report_type = sent.type,
      revised_transmission_risk = sent.risk,
      revised_days_since_onset = sent.dsos,
      regions = exposure.regions || array(
        select region from unnest(sent.regions::text[]) as region
        where region <> all(exposure.regions))
    from ${SENT} where exposure.key = sent.key and exposure.revised_at is null`;
}

/** Parameters 1 to 10 of {@link SENT}: one array literal a column, which is what costs least on the way. */
function columnsOf(keys: readonly AcceptableKey[]): string[] {
  const column = (cell: (key: AcceptableKey) => string | number) => `{${keys.map(cell).join(",")}}`;
  return [
    byteaArray(keys),
    column((key) => key.intervalNumber),
    column((key) => key.intervalCount),
    column((key) => key.transmissionRisk),
    column((key) => key.reportType),
    column((key) => key.daysSinceOnset ?? "null"),
    column((key) => quoted(`{${key.regions.map(quoted).join(",")}}`)),
    column((key) => key.traveler ? "t" : "f"),
    column((key) => quoted(key.homeServer)),
    column((key) => key.hops),
  ];
}

const byteaArray = (keys: readonly { readonly key: Uint8Array }[]): string =>
  `{${keys.map(({ key }) => `"\\\\x${hexOf(key)}"`).join(",")}}`;

/** A text as an element of an array literal. */
const quoted = (text: string): string => `"${text.replace(/[\\"]/g, "\\$&")}"`;

const hexOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");

function storedState(row: LockedRow): StoredState {
  return {
    intervalNumber: row.interval_number,
    intervalCount: row.interval_count,
    fromPeer: row.from_peer,
    reportType: row.report_type,
    ...(row.revised_report_type === null ? {} : { revisedTo: row.revised_report_type }),
  };
}

function xor(left: Uint8Array, right: Uint8Array | undefined): Uint8Array {
  return right === undefined ? left : left.map((byte, at) => byte ^ (right[at] ?? 0));
}
