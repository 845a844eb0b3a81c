import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { RandomBytes } from "../../src/device/tek.ts";

/** Bytes that look random and are the same in every run. */
export function seededRandom(seed: string): RandomBytes {
  let calls = 0;
  return (count) => {
    const name = `${seed} ${calls++} `;
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at += 32) {
      const block = createHash("sha256").update(name + at).digest();
      bytes.set(block.subarray(0, count - at), at);
    }
    return bytes;
  };
}

/** A request as the test server received it. */
export type Got = {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
};

/** Starts a real HTTP server that runs until the end of the test. */
export async function serve(
  answer: (got: Got, response: ServerResponse) => void,
): Promise<{ readonly url: string; readonly got: readonly Got[] }> {
  const got: Got[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => body += chunk);
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const one = { method, url, headers, body };
      got.push(one);
      answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, got };
}
