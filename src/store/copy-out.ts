import type { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import type { Sql, Transaction } from "./sql.ts";

/** Bytes taken in one turn of the event loop. */
const BYTES_A_TURN = 64 * 1024;

/** Yields what a `copy … to stdout` statement sends, at the pace of the consumer, who must read to the end. */
export async function* copyOut(
  sql: Sql | Transaction,
  statement: string,
): AsyncGenerator<Uint8Array> {
  const stream: Readable = await sql.unsafe(statement).readable();
  let thisTurn = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    thisTurn += chunk.length;
    if (thisTurn >= BYTES_A_TURN) {
      // Unless nobody reads for a moment, so that the driver pauses its socket, megabytes come in one turn.
      thisTurn = 0;
      await setImmediate();
    }
    yield chunk;
  }
  // The driver pauses its socket for a full stream and resumes it when the stream is read. The last rows may have filled
  // it: then nobody reads again, and the response to the next statement would not arrive.
  stream._read(0);
}
