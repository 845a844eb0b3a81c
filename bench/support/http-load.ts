import { Buffer } from "node:buffer";
import { connect } from "node:net";

/** What a load did. */
export type LoadResult = {
  readonly perSecond: number;
  /** Milliseconds, ascending. */
  readonly latencies: readonly number[];
  readonly failures: number;
};

/** An HTTP/1.1 request as bytes, so that the load costs next to nothing while it runs. */
export function requestBytes(path: string, body: string): Uint8Array {
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/**
 * Sends all requests over `clients` connections to 127.0.0.1:`port`, each after the answer to the one before.
 * With `perSecond`, requests start at that rate instead, and latency counts from when each was due.
 */
export async function load(
  port: number,
  requests: readonly Uint8Array[],
  clients: number,
  perSecond?: number,
): Promise<LoadResult> {
  const latencies: number[] = [];
  let failures = 0;
  let next = 0;
  const started = performance.now();
  const dueAt = (index: number): number =>
    perSecond === undefined ? performance.now() : started + index * 1000 / perSecond;
  await Promise.all(Array.from({ length: clients }, async () => {
    const client = await openClient(port);
    for (let index = next++; index < requests.length; index = next++) {
      const due = dueAt(index);
      const wait = due - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      const status = await client.send(requests[index] ?? new Uint8Array());
      latencies.push(performance.now() - due);
      if (status !== 200) failures += 1;
    }
    client.close();
  }));
  const seconds = (performance.now() - started) / 1000;
  latencies.sort((left, right) => left - right);
  return { perSecond: requests.length / seconds, latencies, failures };
}

/** The value below which a share of an ascending list lies. */
export function percentile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? 0;
}

type Client = { send(request: Uint8Array): Promise<number>; close(): void };

const LENGTH = /\r\ncontent-length: (\d+)\r\n/i;

function openClient(port: number): Promise<Client> {
  const socket = connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  let waiting: ((status: number) => void) | undefined;
  let head = "";
  let remaining = -1;
  const finish = (status: number): void => {
    head = "";
    remaining = -1;
    waiting?.(status);
  };
  socket.on("data", (chunk) => {
    if (remaining < 0) {
      head += chunk.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = LENGTH.exec(head.slice(0, end + 2))?.[1];
      remaining = Number(length) - (head.length - end - 4);
    } else remaining -= chunk.length;
    if (remaining <= 0) finish(Number(head.slice(9, 12)));
  });
  socket.on("error", () => finish(0));
  return new Promise((open) => {
    socket.once("connect", () =>
      open({
        send: (request) =>
          new Promise((tell) => {
            waiting = tell;
            socket.write(request);
          }),
        close: () => socket.destroy(),
      }));
  });
}
