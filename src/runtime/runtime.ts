/** The port for what differs between Node and Deno. Only `node.ts` and `deno.ts` know which runtime is which. */

/** What a handler knows about the connection of a request. */
export type Connection = {
  /** Sets an HTTP/2 trailer of the response; absent if the connection cannot carry one. */
  readonly setTrailer?: (name: string, value: string) => void;
  /** SHA-256 of the client's TLS certificate in lower-case hex, if it presented a valid one. */
  readonly clientCertificateFingerprint?: string;
  /**
   * DER of the client's TLS certificate, whoever signed it. Only possession of the private key was checked.
   */
  readonly clientCertificate?: Uint8Array<ArrayBuffer>;
  /** IP address at the other end of the connection. */
  readonly remoteAddress?: string;
};

/** A fetch-style handler. */
export type Handler = (request: Request, connection: Connection) => Response | Promise<Response>;

/** A server that accepts connections. */
export type Listening = {
  /** The actual port, even if 0 was requested. */
  readonly port: number;
  /**
   * Presents another certificate from the next connection on; client certificates are requested as before. Throws
   * `invalid_configuration` when the key does not match the certificate, and `internal` if there is no TLS.
   */
  renewTls(tls: Pick<NonNullable<ListenOptions["tls"]>, "cert" | "key" | "clientCa">): void;
  /** Stops accepting, lets requests finish for at most `timeoutMs`, then ends them. */
  close(timeoutMs: number): Promise<void>;
};

/** Where and how to listen. */
export type ListenOptions = {
  readonly host: string;
  readonly port: number;
  /**
   * PEM certificate chain and key: TLS in place of cleartext. `clientCa`: request client certificates (mutual TLS);
   * `askClients`: request them even without a trusted authority.
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

/** Limits for one client, enforced before a handler runs. Times in milliseconds. */
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
  /** How many bytes of an unread body to drain, and for how long, so that the response arrives. */
  readonly maxDrainBytes: number;
  readonly drainMs: number;
  /** The most connections at a time; further ones are not accepted. */
  readonly maxConnections: number;
  /** With more connections than this, requests are refused at their head. */
  readonly busyConnections: number;
  /** While the event loop is late by more than this, requests are refused at their head. */
  readonly busyLoopMs: number;
  /** Requests in flight on one HTTP/2 connection. */
  readonly maxStreams: number;
  /** Requests that a client may reset on one HTTP/2 connection before it is closed. */
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

/** The client's credentials in mutual TLS: a PEM certificate chain and its private key. */
export type TlsIdentity = { readonly cert: string; readonly key: string };

/**
 * The standard `fetch`, but it connects only to one of `addresses`; TLS still checks the name in the URL. Over https it
 * presents `identity` to servers that request a certificate. It follows no redirect.
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
  /** Largest response body. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /**
   * Returns the address to connect to for a host name; rejects if it is not allowed. Default: the system's resolver.
   */
  resolve?(host: string): Promise<string>;
  /** PEM certificates of authorities to trust in place of the system's. */
  readonly ca?: string;
  /** Presented over https to servers that request a certificate. */
  readonly identity?: TlsIdentity;
};

/** The response to an {@link Http2Request}. */
export type Http2Answer = {
  readonly status: number;
  readonly headers: Headers;
  /** Absent if the runtime cannot read them. */
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
  /** The Web Cryptography API; each operation uses the fastest implementation on this runtime. */
  readonly crypto: Crypto;
  /** Serves HTTP/1.1 and, if the runtime can, HTTP/2 on one port. Rejects when the port is taken. */
  listen(handler: Handler, options: ListenOptions): Promise<Listening>;
  /** Unary HTTP/2 calls, for native gRPC as a client. */
  readonly exchange: Http2Exchange;
  /** Whether native gRPC (HTTP/2 trailers) can be served, and if not, why. */
  readonly trailers: { readonly ok: true } | { readonly ok: false; readonly reason: string };
};
