import { connect, Socket } from "node:net";
import type { DatabaseHost } from "./database-url.ts";
import type { SilenceWatch } from "./silence-watch.ts";

/** The driver's connection options. */
type Place = {
  readonly path: string | false;
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly ssl: unknown;
};

/**
 * Creates the sockets of a pool and watches them; `choose` selects the server when there are several. If it cannot
 * connect, it returns a socket that fails later: if it threw, the driver would permanently lose a place in its pool.
 */
export function watchedSocket(
  watch: SilenceWatch,
  choose?: () => Promise<DatabaseHost>,
): (place: Place) => Socket | Promise<Socket> {
  const open = (socket: Socket, at: DatabaseHost, ssl: unknown): Socket => {
    // The driver reads the name when it checks a certificate.
    watch.add(Object.assign(socket, at), ssl !== false);
    return socket;
  };
  return ({ path, host: [host = "localhost"], port: [port = 5432], ssl }) => {
    if (choose === undefined) {
      const socket = path === false ? connect({ host, port }) : connect({ path });
      return open(socket, { host, port }, ssl);
    }
    return choose().then(
      (at) => open(connect({ host: at.host, port: at.port }), at, ssl),
      failed,
    );
  };
}

function failed(reason: unknown): Socket {
  const socket = new Socket();
  const error = reason instanceof Error ? reason : new Error("no server");
  setImmediate(() => socket.destroy(error));
  return socket;
}
