import type { Socket } from "node:net";

/** Ends connections that do not answer, whatever the reason: a frozen server, a path that drops packets. */
export type SilenceWatch = {
  /** From now on, a statement that gets no byte back in time ends this connection. `tls`: TLS is put on top of it. */
  add(socket: Socket, tls: boolean): void;
  /** How many connections there are, and on how many of them an answer is awaited. */
  counts(): { readonly open: number; readonly busy: number };
};

/** What is known of one connection. */
type Watched = {
  readonly tls: boolean;
  /** When the oldest write was made that no byte followed; undefined when none is awaited. */
  awaitedSince: number | undefined;
  /** When the last byte came. */
  readAt: number;
  bytesRead: number;
  bytesWritten: number;
};

/** How often connections are looked at, in milliseconds: a bound is kept within this. */
const LOOK_MS = 250;

/**
 * Watches the connections of a pool. One on which we wrote and nothing came back for `boundMs` is destroyed, so that the
 * driver rejects its statements and makes a new one. Idle ones that were silent just as long go with it: whatever ended
 * one may have ended all, and the next statement must not find out anew. The driver knows no such bound, and the server's own time-outs
 * are of no use when the server does not run or its answers do not arrive. `elapsedMs` only goes forward.
 */
export function watchSilence(boundMs: number, elapsedMs: () => number): SilenceWatch {
  const sockets = new Map<Socket, Watched>();
  let timer: ReturnType<typeof setInterval> | undefined;

  const look = (): void => {
    const now = elapsedMs();
    let silentSince = -Infinity;
    for (const [socket, state] of sockets) {
      if (state.tls) readCounters(socket, state, now);
      if (state.awaitedSince !== undefined && now - state.awaitedSince > boundMs) {
        silentSince = Math.max(silentSince, state.awaitedSince);
        socket.destroy();
      }
      if (socket.destroyed) sockets.delete(socket);
    }
    for (const [socket, { awaitedSince, readAt }] of sockets) {
      if (awaitedSince === undefined && readAt < silentSince) socket.destroy();
    }
    if (sockets.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  return {
    add: (socket, tls) => {
      const state: Watched = {
        tls,
        awaitedSince: undefined,
        readAt: elapsedMs(),
        bytesRead: 0,
        bytesWritten: 0,
      };
      sockets.set(socket, state);
      if (!tls) {
        onWrite(socket, () => state.awaitedSince ??= elapsedMs());
        socket.on("data", () => noteRead(state, elapsedMs()));
      }
      timer ??= unrefed(setInterval(look, LOOK_MS));
    },
    counts: () => {
      const open = [...sockets].filter(([socket]) => !socket.destroyed);
      const busy = open.filter(([, { awaitedSince }]) => awaitedSince !== undefined);
      return { open: open.length, busy: busy.length };
    },
  };
}

/** Below TLS no event tells of bytes, only the counters do. */
function readCounters(socket: Socket, state: Watched, now: number): void {
  const { bytesRead, bytesWritten } = socket;
  if (bytesRead !== state.bytesRead) noteRead(state, now);
  else if (bytesWritten !== state.bytesWritten) state.awaitedSince ??= now;
  state.bytesRead = bytesRead;
  state.bytesWritten = bytesWritten;
}

function noteRead(state: Watched, now: number): void {
  state.awaitedSince = undefined;
  state.readAt = now;
}

/** Calls `note` at every write. */
function onWrite(socket: Socket, note: () => void): void {
  const write = socket.write;
  Object.defineProperty(socket, "write", {
    configurable: true,
    // Node itself puts another one in place once the other side has ended.
    writable: true,
    value: (...values: unknown[]): unknown => {
      note();
      return Reflect.apply(write, socket, values);
    },
  });
}

function unrefed(timer: ReturnType<typeof setInterval>): ReturnType<typeof setInterval> {
  if (typeof timer === "object") timer.unref();
  return timer;
}
