import { Buffer } from "node:buffer";
import { AppError } from "../../errors.ts";
import type { BatchRecord, NewOutgoingBatch } from "../../model/efgs-batch.ts";
import type { DayDigest } from "../../model/feed.ts";
import type { FederatedKey, StoredKey } from "../../model/exposure.ts";
import type { Direction, KeySender, PageRecord, PeerCursors } from "../../model/peer-sync.ts";
import { type Database, sqlState } from "../database.ts";
import type { Transaction } from "../sql.ts";
import { insertBatchRecords } from "../efgs/batch-records.ts";
import { settleOutgoing } from "../efgs/outgoing.ts";
import { storeFailure } from "../failure.ts";
import { insertPage } from "./page.ts";
import { addRegionsSql } from "../exposure/add-regions.ts";
import { columnArrays, sentRows, sentValue } from "../exposure/array-literal.ts";
import { KEY_COLUMNS, REVISION_COLUMNS } from "../exposure/columns.ts";
import { storedKeys } from "../exposure/stored-keys.ts";
import { insertExposuresSql, reviseExposuresSql } from "../exposure/write.ts";

/** What one batch of received keys does; all of it happens, or nothing. */
export type InboundTransaction = {
  /** Inserts keys that are not there; embargoed ones get a later window. Answers, in hex, those that were there. */
  insert(peer: KeySender, keys: readonly FederatedKey[]): Promise<ReadonlySet<string>>;
  /** Adds the regions of locked keys to those that they have already, whoever brought them. */
  addRegions(peer: KeySender, keys: readonly FederatedKey[]): Promise<void>;
  /** Locks and reads those of the keys that are there, by hex. */
  lock(peer: KeySender, keys: readonly FederatedKey[]): Promise<ReadonlyMap<string, StoredKey>>;
  /** Revises locked keys. */
  revise(keys: readonly FederatedKey[]): Promise<void>;
  /** Moves a place that has this version. Throws `version_conflict` when somebody else moved it. */
  moveCursor(
    peer: string,
    direction: Direction,
    filters: string,
    cursors: PeerCursors,
    version: number,
  ): Promise<void>;
  /** Adds to what was pulled, per day, and forgets what was there of all days or some. */
  addDigests(
    peer: string,
    digests: readonly DayDigest[],
    forget: "all" | readonly number[],
  ): Promise<void>;
  addPage(page: PageRecord): Promise<void>;
  /** Adds to the audit of batches. */
  addBatches(batches: readonly BatchRecord[]): Promise<void>;
  /** Takes an outgoing batch away, notes what of it is to be sent again; how many batches of its peer are left. */
  settleOutgoing(id: number, rest: readonly NewOutgoingBatch[]): Promise<number>;
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
  settings: {
    readonly windowSeconds: number;
    readonly writeTimeoutMs: number;
    /** UTC seconds by this process's clock. */
    readonly processSeconds: () => number;
  },
): InboundStore {
  const { windowSeconds } = settings;
  const texts = {
    insert: insertSql(windowSeconds),
    revise: reviseExposuresSql(sentRows(REVISED), REVISED, windowSeconds),
    addRegions: addSql(windowSeconds),
  };
  const bound = `set local statement_timeout = ${Math.floor(settings.writeTimeoutMs)}`;
  const once = async <T>(work: (transaction: InboundTransaction) => Promise<T>): Promise<T> => {
    const done = await bulk.begin(async (sql) => {
      await sql.unsafe(bound);
      return {
        value: await work(inboundTransaction(sql, texts, settings.processSeconds)),
      };
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
  texts: Readonly<Record<"insert" | "revise" | "addRegions", string>>,
  processSeconds: () => number,
): InboundTransaction {
  return {
    insert: async (peer, keys) => {
      if (keys.length === 0) return new Set();
      const rows = await sql.unsafe<{ hex: string }[]>(
        texts.insert,
        [
          ...columnArrays(RECEIVED, [{ common: {}, rows: keys }]),
          peer.name,
          peer.serverId,
          processSeconds(),
        ],
        PREPARED,
      );
      return new Set(rows.map(({ hex }) => hex));
    },
    addRegions: async (peer, keys) => {
      if (keys.length === 0) return;
      await sql.unsafe(
        texts.addRegions,
        [...columnArrays(REGIONS, [{ common: {}, rows: keys }]), peer.name, peer.serverId],
        PREPARED,
      );
    },
    lock: ({ name, serverId }, keys) =>
      storedKeys(sql, { kind: "peer", name, serverId }, keys, { lock: true }),
    revise: async (keys) => {
      if (keys.length === 0) return;
      await sql.unsafe(texts.revise, columnArrays(REVISED, [{ common: {}, rows: keys }]), PREPARED);
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
    addDigests: async (peer, digests, forget) => {
      if (forget === "all") await sql`delete from peer_digest where peer = ${peer}`;
      else if (forget.length > 0) {
        await sql`
          delete from peer_digest where peer = ${peer} and day = any(${[...forget]}::int[])`;
      }
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
    addBatches: (batches) => insertBatchRecords(sql, batches),
    settleOutgoing: (id, rest) => settleOutgoing(sql, id, rest),
  };
}

const RECEIVED = [...KEY_COLUMNS, "onset_told", "home_server", "hops"] as const;
const REVISED = [...REVISION_COLUMNS, "onset_told"] as const;
const REGIONS = ["key", "interval_number", "interval_count", "regions"] as const;

/** Parameters: the arrays of REGIONS, the peer's name and server. */
function addSql(windowSeconds: number): string {
  const sent = REGIONS.map((column) => `${sentValue(column)} as ${column}`).join(", ");
  return addRegionsSql(`select ${sent} from ${sentRows(REGIONS)}`, {
    source: "'peer'",
    source_name: `$${REGIONS.length + 1}::text`,
    source_server: `$${REGIONS.length + 2}::text`,
  }, windowSeconds);
}

/** Answers, in hex, the keys that are stored already. Parameters: the arrays of RECEIVED, the peer's name and server, our clock. */
function insertSql(windowSeconds: number): string {
  const insert = insertExposuresSql({
    from: sentRows(RECEIVED),
    columns: RECEIVED,
    values: {
      source: "'peer'",
      source_name: `$${RECEIVED.length + 1}::text`,
      source_server: `$${RECEIVED.length + 2}::text`,
    },
    processNow: `$${RECEIVED.length + 3}::bigint`,
  }, { windowSeconds, releaseSameDayKeys: false });
  return `with stored as (${insert} on conflict (key) do nothing returning key)
    select encode(key, 'hex') as hex
    from (select unnest($1::bytea[]) as key except select key from stored) as known`;
}

function xor(left: Uint8Array, right: Uint8Array | undefined): Uint8Array {
  return right === undefined ? left : left.map((byte, at) => byte ^ (right[at] ?? 0));
}
