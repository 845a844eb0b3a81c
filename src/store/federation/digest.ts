import { Buffer } from "node:buffer";
import type { DayDigest, Selection } from "../../model/feed.ts";
import type { Database } from "../database.ts";
import type { Sql } from "../sql.ts";
import { feedDigests } from "../exposure/feed-rows.ts";

/** Digests of the feed. */
export type FederationDigests = {
  /** Of what goes out in windows within [from, until), per UTC day of the keys. */
  digests(selection: Selection, from: number, until: number): Promise<readonly DayDigest[]>;
  /** Of what was pulled from a peer. */
  pulled(peer: string): Promise<readonly DayDigest[]>;
};

type Row = { day: number; count: number; a: string; b: string; c: string; d: string };

/** Digests of the feed, computed in the database: an XOR of SHA-256, as four numbers of 64 bits. */
export function federationDigests({ bulk }: Database): FederationDigests {
  return {
    digests: async (selection, from, until) => {
      if (selection.regions.length === 0) return [];
      const rows = await bulk<Row[]>`
        with sent as (${feedDigests(bulk, selection, from, until)})
        select day, count(*) as count,
               ${xorOf(bulk, 1)}::text as a, ${xorOf(bulk, 9)}::text as b,
               ${xorOf(bulk, 17)}::text as c, ${xorOf(bulk, 25)}::text as d
        from sent group by 1 order by 1`;
      return rows.map(({ day, count, a, b, c, d }) => ({
        day,
        count,
        digest: joined([a, b, c, d]),
      }));
    },
    pulled: (peer) =>
      bulk<DayDigest[]>`
        select day, count, digest from peer_digest where peer = ${peer} order by day`,
  };
}

/** The XOR of eight bytes of each digest, from a place on. */
function xorOf(sql: Sql, from: number) {
  const part = `encode(substr(digest, ${from}, 8), 'hex')`;
  return sql.unsafe(`bit_xor(('x' || ${part})::bit(64)::bigint)`);
}

function joined(parts: readonly string[]): Uint8Array {
  const digest = Buffer.alloc(32);
  parts.forEach((part, index) => digest.writeBigInt64BE(BigInt(part), index * 8));
  return digest;
}
