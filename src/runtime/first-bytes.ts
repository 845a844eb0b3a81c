import type { Socket } from "node:net";

/** The preface of an HTTP/2 client with prior knowledge; no HTTP/1.1 method starts like it (RFC 9113, 3.4). */
const PREFACE = "PRI";

/**
 * Reads the first bytes of a cleartext connection, puts them back, and reports whether they are HTTP/2.
 * A connection that sends nothing within `timeoutMs`, or ends before that, is destroyed and never reported.
 */
export function sniffHttp2(
  socket: Socket,
  timeoutMs: number,
  found: (isHttp2: boolean) => void,
): void {
  let seen: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  const stop = () => {
    clearTimeout(timer);
    socket.off("readable", look);
    socket.off("close", stop);
    socket.off("end", giveUp);
  };
  const giveUp = () => {
    stop();
    socket.destroy();
  };
  const look = () => {
    const chunk: unknown = socket.read();
    if (!(chunk instanceof Uint8Array)) return;
    seen = Buffer.concat([seen, chunk]);
    const start = seen.toString("latin1", 0, PREFACE.length);
    if (start.length < PREFACE.length && PREFACE.startsWith(start)) return;
    stop();
    socket.unshift(seen);
    found(start === PREFACE);
  };
  socket.on("readable", look);
  socket.on("close", stop);
  socket.on("end", giveUp);
}
