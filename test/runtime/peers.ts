import { type ClientHttp2Session, connect } from "node:http2";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { onTestFinished } from "vitest";

/** A plain HTTP/2 client. */
export function http2Session(origin: string, options: ConnectionOptions = {}): ClientHttp2Session {
  const session = connect(origin, options);
  session.on("error", () => {});
  onTestFinished(() => session.destroy());
  return session;
}

/** A response as an HTTP/2 client sees it. */
export type Seen = {
  readonly status: number;
  readonly text: string;
  readonly trailers: Readonly<Record<string, unknown>>;
};

/** Sends one request; rejects when the stream breaks. */
export function http2Request(
  session: ClientHttp2Session,
  headers: Readonly<Record<string, string>>,
  body?: Uint8Array,
): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers, { endStream: body === undefined });
    let status = 0;
    let text = "";
    let trailers: Readonly<Record<string, unknown>> = {};
    stream.setEncoding("utf8");
    stream.on("response", (received) => status = Number(received[":status"]));
    stream.on("trailers", (received) => trailers = received);
    stream.on("data", (chunk: string) => text += chunk);
    stream.on("end", () => {
      if (status === 0) reject(new Error("no answer"));
      else resolve({ status, text, trailers });
    });
    stream.on("error", reject);
    stream.on("close", () => reject(new Error(`stream closed with ${stream.rstCode}`)));
    if (body !== undefined) stream.end(body);
  });
}

/** A TCP connection, and everything it receives until it is closed. */
export type Wire = { readonly socket: Socket; readonly said: Promise<string> };

export function wire(port: number, tls?: ConnectionOptions): Wire {
  const socket = tls === undefined
    ? connectTcp({ host: "127.0.0.1", port })
    : connectTls({ host: "127.0.0.1", port, ...tls });
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on("error", () => {});
  const said = new Promise<string>((resolve) => {
    let text = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => text += chunk);
    socket.on("close", () => resolve(text));
  });
  return { socket, said };
}

/** Writes byte by byte, each in its own packet. */
export async function trickle(socket: Socket, text: string): Promise<void> {
  socket.setNoDelay(true);
  for (const byte of Buffer.from(text, "latin1")) {
    await new Promise<void>((resolve) => socket.write(Uint8Array.of(byte), () => resolve()));
    await new Promise((resolve) => setImmediate(resolve));
  }
}
