import type { Socket } from "node:net";

/** Ends connections that do not answer for any reason, such as a frozen server or dropped packets. */
export type SilenceWatch = {
  /** Watches a connection: a statement without a response byte in time ends it. `tls`: TLS runs on top of it. */
  add(socket: Socket, tls: boolean): void;
  /** The number of connections, and of those that await a response. */
  counts(): { readonly open: number; readonly busy: number };
};

/** The state of one connection. */
type Watched = {
  readonly tls: boolean;
  /** Time of the oldest write that no byte followed; undefined when no response is awaited. */
  awaitedSince: number | undefined;
  /** Time of the last received byte. */
  readAt: number;
  bytesRead: number;
  bytesWritten: number;
};

/** How often connections are checked, in milliseconds, and so the precision of the bound. */
const LOOK_MS = 250;

/**
 * Watches the connections of a pool. Destroys a connection when no response follows a write for `boundMs`, so that the
 * driver rejects its statements and opens a new one. Also destroys idle connections that were silent for as long: they
 * may be dead for the same reason, and the next statement should not have to wait to find out. The driver has no such
 * bound, and the server's own time-outs do not help when the server does not run or its responses do not arrive.
 * `elapsedMs` is a monotonic clock.
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

/** Below TLS no event reports bytes; only the counters change. */
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
    // Node replaces the method once the other side has ended.
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
