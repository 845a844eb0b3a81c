import { createPrivateKey, X509Certificate } from "node:crypto";
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from "node:net";
import { createServer as createTlsServer, Server as TlsServer } from "node:tls";
import { fetchListener } from "./fetch-listener.ts";
import { sniffHttp2 } from "./first-bytes.ts";
import { http1Side } from "./http1-side.ts";
import { http2Side } from "./http2-side.ts";
import { measureLoopDelay, refuseWhenOverloaded } from "./overload.ts";
import { AppError } from "../errors.ts";
import { listenError, tlsError } from "./listen-error.ts";
import {
  DEFAULT_LIMITS,
  type EdgeLimits,
  type Handler,
  type Listening,
  type ListenOptions,
} from "./runtime.ts";

/**
 * Serves HTTP/1.1 and HTTP/2 on one port, distinguished by ALPN over TLS and by the first bytes in cleartext. With
 * `tls.clientCa`, client certificates are requested but not required.
 *
 * @throws AppError `invalid_configuration` when the port, the address or the certificate cannot be used
 */
export async function listenOnEdge(handler: Handler, options: ListenOptions): Promise<Listening> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const accepted = new Connections();
  const delay = measureLoopDelay();
  const listener = refuseWhenOverloaded(fetchListener(handler, limits), limits, {
    loopDelayMs: delay.ms,
    connections: () => accepted.count(),
  });
  const sides = { http1: http1Side(listener, limits), http2: http2Side(listener, limits) };
  const spoken = new Connections();
  const serve = (socket: Socket, isHttp2: boolean) => {
    if (!spoken.add(socket)) return;
    (isHttp2 ? sides.http2 : sides.http1).accept(socket);
  };
  const front = options.tls === undefined
    ? cleartextFront(limits, serve)
    : tlsFront(options.tls, limits, serve);
  front.maxConnections = limits.maxConnections;
  front.on("connection", (socket: Socket) => accepted.add(socket));
  await startListening(front, options);
  // From here on only accept() can fail, when file descriptors run out; that is temporary.
  front.on("error", () => {});

  const close = async (timeoutMs: number) => {
    const closed = new Promise<void>((resolve) => front.close(() => resolve()));
    const force = setTimeout(() => spoken.destroy(), timeoutMs);
    sides.http1.drain();
    sides.http2.drain();
    await spoken.gone();
    clearTimeout(force);
    accepted.destroy();
    delay.stop();
    await closed;
  };
  let closing: Promise<void> | undefined;
  return {
    port: portOf(front),
    renewTls: (tls) => {
      if (!(front instanceof TlsServer)) throw new AppError("internal", "there is no TLS here");
      const { cert, key, clientCa } = tls;
      checked(
        tls,
        () =>
          front.setSecureContext({
            cert,
            key,
            ...(clientCa === undefined ? {} : { ca: clientCa }),
          }),
      );
    },
    close: (timeoutMs) => closing ??= close(timeoutMs),
  };
}

/** The open connections. A broken connection is not an error: its "close" event follows. */
class Connections {
  readonly #open = new Set<Socket>();
  #gone: (() => void) | undefined;

  /** Whether the connection is still open. */
  add(socket: Socket): boolean {
    socket.on("error", () => {});
    if (socket.destroyed) return false;
    this.#open.add(socket);
    socket.once("close", () => {
      this.#open.delete(socket);
      if (this.#open.size === 0) this.#gone?.();
    });
    return true;
  }

  count(): number {
    return this.#open.size;
  }

  destroy(): void {
    for (const socket of this.#open) socket.destroy();
  }

  gone(): Promise<void> {
    return new Promise((resolve) => {
      this.#gone = resolve;
      if (this.#open.size === 0) resolve();
    });
  }
}

type Serve = (socket: Socket, isHttp2: boolean) => void;

function cleartextFront(limits: EdgeLimits, serve: Serve): Server {
  return createTcpServer({ noDelay: true }, (socket) => {
    sniffHttp2(socket, limits.firstByteMs, (isHttp2) => serve(socket, isHttp2));
  });
}

function tlsFront(
  tls: NonNullable<ListenOptions["tls"]>,
  limits: EdgeLimits,
  serve: Serve,
): Server {
  const { cert, key, clientCa, askClients = false } = tls;
  const clients = clientCa === undefined && !askClients ? {} : {
    ...(clientCa === undefined ? {} : { ca: clientCa }),
    requestCert: true,
    rejectUnauthorized: false,
  };
  const front = checked(tls, () =>
    createTlsServer({
      cert,
      key,
      ...clients,
      ALPNProtocols: ["h2", "http/1.1"],
      handshakeTimeout: limits.firstByteMs,
      noDelay: true,
    }, (socket) => serve(socket, socket.alpnProtocol === "h2")));
  // A handshake that fails or takes too long is only reported; the connection stays open, so close it here.
  front.on("tlsClientError", (_, socket) => socket.destroy());
  return front;
}

/** Runs `make` if the certificate and its key match. (Deno detects a mismatch only at the first handshake.) */
function checked<T>(
  tls: Pick<NonNullable<ListenOptions["tls"]>, "cert" | "key" | "clientCa">,
  make: () => T,
): T {
  try {
    const fits = new X509Certificate(tls.cert).checkPrivateKey(createPrivateKey(tls.key));
    if (!fits) throw new TypeError("the key does not match the certificate");
    if (tls.clientCa !== undefined) new X509Certificate(tls.clientCa);
    return make();
  } catch (error) {
    throw tlsError(error);
  }
}

function startListening(front: Server, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(listenError(error, host, port));
    front.once("error", failed);
    front.listen({ host, port }, () => {
      front.off("error", failed);
      resolve();
    });
  });
}

function portOf(front: Server): number {
  const address: AddressInfo | string | null = front.address();
  if (address === null || typeof address === "string") throw new TypeError("not a TCP server");
  return address.port;
}
