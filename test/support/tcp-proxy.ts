import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** What becomes of one connection. */
export type Fate = {
  /** After so many bytes, both ways together, it breaks in the middle of whatever it carries. Absent: never. */
  readonly breaksAfter?: number;
  /** How much goes on at once, in bytes, and how long each piece takes, in milliseconds. Absent: as it comes. */
  readonly pieces?: { readonly bytes: number; readonly ms: number };
};

/** A way to a port, which a test breaks and slows down. */
export type TcpProxy = {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** From the next connection on; those that are open keep their fate. */
  setWeather(next: () => Fate): void;
  /** Resolves once so many bytes more went through, both ways together. */
  carried(bytes: number): Promise<void>;
  /** How often it broke a connection. */
  broken(): number;
};

const CALM = (): Fate => ({});

/** Listens on a port of its own, and carries what comes to another on this machine; closed with the test. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  let weather: () => Fate = CALM;
  let total = 0;
  let broken = 0;
  const sockets = new Set<Socket>();
  const waiting = new Set<{ readonly at: number; readonly tell: () => void }>();

  const carry = (chunk: Uint8Array): void => {
    total += chunk.length;
    for (const one of waiting) {
      if (total < one.at) continue;
      waiting.delete(one);
      one.tell();
    }
  };

  const server = createServer((near) => {
    const far = connect(targetPort, "127.0.0.1");
    const fate = weather();
    let room = fate.breaksAfter ?? Infinity;
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    for (const [from, to] of [[near, far], [far, near]] as const) {
      sockets.add(from);
      from.on("error", end);
      from.on("close", () => {
        sockets.delete(from);
        end();
      });
      from.on("end", () => to.end());
      from.on("data", (chunk: Uint8Array) => {
        from.pause();
        const whole = chunk.length < room;
        const part = whole ? chunk : chunk.subarray(0, room);
        room -= part.length;
        inPieces(to, part, fate.pieces, () => {
          carry(part);
          if (whole) return void from.resume();
          broken += 1;
          end();
        });
      });
    }
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(async () => {
    sockets.forEach((socket) => socket.destroy());
    await new Promise((closed) => server.close(closed));
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    setWeather: (next) => {
      weather = next;
    },
    carried: (bytes) => new Promise((tell) => waiting.add({ at: total + bytes, tell })),
    broken: () => broken,
  };
}

/** Writes piece by piece; `done` once all is handed on, never if the other end is gone. */
function inPieces(to: Socket, bytes: Uint8Array, pieces: Fate["pieces"], done: () => void): void {
  const size = pieces?.bytes ?? bytes.length;
  const next = (): void => inPieces(to, bytes.subarray(size), pieces, done);
  if (to.destroyed) return;
  to.write(bytes.subarray(0, size), () => {
    if (bytes.length <= size) done();
    else setTimeout(next, pieces?.ms ?? 0);
  });
}
