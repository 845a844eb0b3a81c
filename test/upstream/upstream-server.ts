import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Answers one request. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Another server on 127.0.0.1, whose files a test sets. */
export type UpstreamServer = {
  readonly url: string;
  /** The requested paths, in order. */
  readonly asked: string[];
  /** Sets the content of a path; undefined means 404. Bytes are served with a strong entity tag. */
  set(path: string, answer: Uint8Array | string | Answer | undefined): void;
  /** The index at `/index.txt`. */
  index(...lines: readonly string[]): void;
  close(): Promise<void>;
};

/** Starts a server. */
export async function openUpstream(): Promise<UpstreamServer> {
  const answers = new Map<string, Uint8Array | string | Answer>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    asked.push(path);
    const answer = answers.get(path);
    if (answer === undefined) response.writeHead(404).end("no such file");
    else if (typeof answer === "function") answer(request, response);
    else serve(request, response, Buffer.from(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const set: UpstreamServer["set"] = (path, answer) => {
    if (answer === undefined) answers.delete(path);
    else answers.set(path, answer);
  };
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    set,
    index: (...lines) => set("/index.txt", lines.join("\n")),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function serve(request: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
  const etag = `"${bytes.length}-${
    bytes.toString("hex").slice(0, 4000).split("").reduce(
      (sum, char) => (sum * 31 + char.charCodeAt(0)) % 1_000_000_007,
      7,
    )
  }"`;
  if (request.headers["if-none-match"] === etag) {
    response.writeHead(304, { etag }).end();
    return;
  }
  response.writeHead(200, { etag, "content-length": bytes.length }).end(bytes);
}
