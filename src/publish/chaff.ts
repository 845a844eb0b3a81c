import { encodeBase64 } from "../keys/base64.ts";
import type { Randomness } from "./answer.ts";

/** What somebody who watches the network sees of an answer. */
export type Trace = {
  /** Bytes of its body. */
  readonly bytes: number;
  /** Milliseconds from the request to it. */
  readonly latencyMs: number;
};

/** How many real answers are remembered. */
export const CHAFF_RING_SIZE = 100;

/** Recent real answers, to draw answers to chaff from. */
export type ChaffRing = {
  record(trace: Trace): void;
  /** One of the remembered, or `fallback` while there is none. */
  draw(random: () => number, fallback: Trace): Trace;
};

/** A ring of the last {@link CHAFF_RING_SIZE} real answers. Size and latency are drawn together, as they came. */
export function chaffRing(): ChaffRing {
  const ring: Trace[] = [];
  let next = 0;
  return {
    record: (trace) => {
      ring[next] = trace;
      next = (next + 1) % CHAFF_RING_SIZE;
    },
    draw: (random, fallback) => ring[Math.floor(random() * ring.length)] ?? fallback,
  };
}

const EMPTY = '{"padding":""}';

/** `{"padding": …}` of exactly so many bytes, if that is enough for the empty one. */
export function chaffText(bytes: number, { randomBytes }: Randomness): string {
  const room = Math.max(0, bytes - EMPTY.length);
  const groups = Math.floor(room / 4);
  const text = `{"padding":"${encodeBase64(randomBytes(groups * 3))}"}`;
  return text + " ".repeat(room - groups * 4);
}
