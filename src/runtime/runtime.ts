/** What differs between Node and Deno, as one port. `node.ts` and `deno.ts` are the only files that know which is which. */

/** What a handler may know of the connection that a request came on. */
export type Connection = {
  /** Sets an HTTP/2 trailer of the answer; absent where the connection cannot carry one. */
  readonly setTrailer?: (name: string, value: string) => void;
  /** SHA-256 of the client's TLS certificate, lower-case hex, when it showed a valid one. */
  readonly clientCertificateFingerprint?: string;
  /**
   * DER of the client's TLS certificate, whoever signed it: the client proved that it has the private key, and nothing
   * else was checked.
   */
  readonly clientCertificate?: Uint8Array<ArrayBuffer>;
  /** IP address at the other end of the connection. */
  readonly remoteAddress?: string;
};

/** A fetch-style handler. */
export type Handler = (request: Request, connection: Connection) => Response | Promise<Response>;

/** A server that accepts connections. */
export type Listening = {
  /** The port that was given, also when 0 was asked for. */
  readonly port: number;
  /**
   * Shows another certificate from the next connection on; clients are asked for certificates as before. Throws
   * `invalid_configuration` when the key is not the certificate's, and `internal` where there is no TLS.
   */
  renewTls(tls: Pick<NonNullable<ListenOptions["tls"]>, "cert" | "key" | "clientCa">): void;
  /** Stops accepting, lets what runs finish for at most `timeoutMs`, then ends it. */
  close(timeoutMs: number): Promise<void>;
};

/** Where and how to listen. */
export type ListenOptions = {
  readonly host: string;
  readonly port: number;
  /**
   * PEM certificate chain and key: TLS in place of cleartext. `clientCa`: ask clients for certificates (mutual TLS);
   * `askClients`: ask for them also where none is trusted by its authority.
   */
  readonly tls?: {
    readonly cert: string;
    readonly key: string;
    readonly clientCa?: string;
    readonly askClients?: boolean;
  };
  /** Overrides of {@link DEFAULT_LIMITS}. */
  readonly limits?: Partial<EdgeLimits>;
};

/** What one client may take of the server before a handler has a say. Times in milliseconds. */
export type EdgeLimits = {
  /** From the TCP connection to its first bytes, or to the end of the TLS handshake. */
  readonly firstByteMs: number;
  /** From the start of an HTTP/1.1 request to the end of its headers. */
  readonly headersMs: number;
  /** From the start of a request to the end of its body. */
  readonly requestMs: number;
  /** How long an HTTP/1.1 connection may wait for its next request. */
  readonly keepAliveMs: number;
  /** How long a connection may be silent, requests in flight included. */
  readonly silentMs: number;
  /** Size of all headers of one request, in bytes. */
  readonly maxHeaderBytes: number;
  /** How much of a body that a handler left unread is read on, and how long, so that the answer arrives. */
  readonly maxDrainBytes: number;
  readonly drainMs: number;
  /** Connections at a time; more are not accepted. */
  readonly maxConnections: number;
  /** With more connections than this, requests are refused at their head. */
  readonly busyConnections: number;
  /** While the turns of the event loop are late by more than this, requests are refused at their head. */
  readonly busyLoopMs: number;
  /** Requests in flight on one HTTP/2 connection. */
  readonly maxStreams: number;
  /** Requests that one HTTP/2 connection may take back before it is closed. */
  readonly maxResets: number;
};

export const DEFAULT_LIMITS: EdgeLimits = {
  firstByteMs: 10_000,
  headersMs: 15_000,
  requestMs: 60_000,
  keepAliveMs: 20_000,
  silentMs: 120_000,
  maxHeaderBytes: 16_384,
  maxDrainBytes: 8 * 1024 * 1024,
  drainMs: 500,
  maxConnections: 10_000,
  busyConnections: 5000,
  busyLoopMs: 400,
  maxStreams: 128,
  maxResets: 200,
};

/** What a client proves itself with in mutual TLS: a PEM certificate chain and its private key. */
export type TlsIdentity = { readonly cert: string; readonly key: string };

/**
 * The standard `fetch`, but it connects to one of `addresses` and nowhere else; TLS checks the name in the URL all the
 * same. Over https it shows `identity` to servers that ask for a certificate. It follows no redirect.
 */
export type PinnedFetch = (
  url: string,
  init: RequestInit,
  addresses: readonly string[],
  identity?: TlsIdentity,
) => Promise<Response>;

/** One POST over HTTP/2. */
export type Http2Request = {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Largest body of the answer. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** The address to connect to for a host name; rejects when it must not be spoken to. Default: whatever the system says. */
  resolve?(host: string): Promise<string>;
  /** PEM certificates of authorities to trust in place of the system's. */
  readonly ca?: string;
  /** Shown over https to servers that ask for a certificate. */
  readonly identity?: TlsIdentity;
};

/** Its answer. */
export type Http2Answer = {
  readonly status: number;
  readonly headers: Headers;
  /** Absent where the runtime cannot see them. */
  readonly trailers?: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
};

/**
 * Sends the request. Rejects with the signal's reason, or with an AppError: `fetch_failed`, `limit_exceeded`,
 * `fetch_refused`.
 */
export type Http2Exchange = (request: Http2Request) => Promise<Http2Answer>;

/** The port. */
export type Runtime = {
  readonly name: "node" | "deno";
  /** The Web Cryptography API, each operation done by the implementation that is fastest for it here. */
  readonly crypto: Crypto;
  /** Serves HTTP/1.1 and, where the runtime can, HTTP/2 on one port. Rejects when the port is taken. */
  listen(handler: Handler, options: ListenOptions): Promise<Listening>;
  /** Unary HTTP/2 calls, for native gRPC as a client. */
  readonly exchange: Http2Exchange;
  /** Whether native gRPC (HTTP/2 trailers) can be served, and if not, why. */
  readonly trailers: { readonly ok: true } | { readonly ok: false; readonly reason: string };
};
