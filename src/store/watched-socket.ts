import { connect, Socket } from "node:net";
import type { DatabaseHost } from "./database-url.ts";
import type { SilenceWatch } from "./silence-watch.ts";

/** What the driver says of where to connect. */
type Place = {
  readonly path: string | false;
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly ssl: unknown;
};

/**
 * Makes the sockets of a pool and has them watched; `choose` tells the server when there are several. A socket that cannot
 * connect must be one that fails later: the driver loses a place of its pool for good when this throws.
 */
export function watchedSocket(
  watch: SilenceWatch,
  choose?: () => Promise<DatabaseHost>,
): (place: Place) => Socket | Promise<Socket> {
  const open = (socket: Socket, at: DatabaseHost, ssl: unknown): Socket => {
    // The driver asks for the name when it checks a certificate.
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
