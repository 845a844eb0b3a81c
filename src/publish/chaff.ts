import { encodeBase64 } from "../bytes/base64.ts";
import type { Randomness } from "./answer.ts";

/** What somebody who watches the network sees of an answer, padding aside. */
export type Trace = {
  /** Bytes of its body without what its padding holds. */
  readonly bytes: number;
  /** Milliseconds to it from the last byte of the request's body. */
  readonly latencyMs: number;
};

/** How many real answers are remembered. */
export const CHAFF_RING_SIZE = 100;

/** Recent real answers, to draw answers to chaff from. */
export type ChaffRing = {
  record(trace: Trace): void;
  /** One like those remembered, or {@link firstTrace} while there is none. */
  draw(random: () => number): Trace;
};

/** A ring of the last {@link CHAFF_RING_SIZE} real answers. */
export function chaffRing(): ChaffRing {
  const ring: Trace[] = [];
  let next = 0;
  let byLatency: readonly Trace[] | undefined;
  return {
    record: (trace) => {
      ring[next] = trace;
      next = (next + 1) % CHAFF_RING_SIZE;
      byLatency = undefined;
    },
    draw: (random) => {
      byLatency ??= [...ring].sort((left, right) => left.latencyMs - right.latencyMs);
      // Anywhere between two neighbours: exactly the latency of an answer before would give chaff away.
      const place = random() * (byLatency.length - 1);
      const lower = byLatency[Math.floor(place)];
      if (lower === undefined) return firstTrace(random);
      const upper = byLatency[Math.ceil(place)] ?? lower;
      const { bytes, latencyMs } = lower;
      return { bytes, latencyMs: latencyMs + (place % 1) * (upper.latencyMs - latencyMs) };
    },
  };
}

/** Chaff looks like this before there was anything real: a token's worth of bytes and a database's worth of time. */
function firstTrace(random: () => number): Trace {
  return { bytes: FIRST_BYTES, latencyMs: FIRST_LATENCY_MS * (0.5 + random()) };
}

const FIRST_BYTES = 1_203;
const FIRST_LATENCY_MS = 20;

const EMPTY = '{"padding":""}';

/** `{"padding": …}` with `pad` and, in place of what a real answer tells, other base64: `bytes` in all beside `pad`. */
export function chaffText(
  bytes: number,
  pad: string,
  { randomBytes }: Pick<Randomness, "randomBytes">,
): string {
  const room = Math.max(0, bytes - EMPTY.length);
  const groups = Math.floor(room / 4);
  const text = `{"padding":"${encodeBase64(randomBytes(groups * 3))}${pad}"}`;
  return text + " ".repeat(room - groups * 4);
}
