import { once } from "node:events";
import type { ClientHttp2Session } from "node:http2";
import { beforeEach, describe, expect, it } from "vitest";
import { EnvironmentReader } from "../../src/config/environment.ts";
import { publishSettings } from "../../src/config/publish.ts";
import { publishRoute } from "../../src/publish/route.ts";
import { DEFAULT_LIMITS } from "../../src/runtime/runtime.ts";
import { listening } from "../runtime/listening.ts";
import { http2Session, wire } from "../runtime/peers.ts";
import { useDatabase } from "../support/database.ts";
import { type Answer, makeWorld, NOON, type World } from "./world.ts";

/** What a client sees of an answer until the server lets go of its request. */
type Seen = {
  readonly status: number;
  readonly version: string | undefined;
  readonly json: Answer;
};
type Sent = {
  /** What is announced, if anything. */
  readonly contentLength?: number;
  readonly bytes: number;
  /** Whether that is all. */
  readonly ends: boolean;
};

/** Over HTTP/1.1, until the connection is closed. */
async function overHttp1(port: number, { contentLength, bytes, ends }: Sent): Promise<Seen> {
  const { socket, said } = wire(port);
  const framing = contentLength === undefined
    ? "transfer-encoding: chunked"
    : `content-length: ${contentLength}`;
  const body = " ".repeat(bytes);
  socket.write(
    `POST /v1/publish HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n${framing}\r\n\r\n`,
  );
  socket.write(contentLength === undefined ? `${bytes.toString(16)}\r\n${body}\r\n` : body);
  if (ends && contentLength === undefined) socket.write("0\r\n\r\n");
  if (ends) socket.end();
  const [head = "", text = ""] = (await said).split("\r\n\r\n");
  return {
    status: Number(head.split(" ")[1]),
    version: /^x-api-version: (.*)$/im.exec(head)?.[1],
    json: JSON.parse(text) as Answer,
  };
}

/** Over HTTP/2, until the stream is closed. */
async function overHttp2(port: number, { contentLength, bytes, ends }: Sent): Promise<Seen> {
  const session: ClientHttp2Session = http2Session(`http://127.0.0.1:${port}`);
  const stream = session.request({
    ":method": "POST",
    ":path": "/v1/publish",
    "content-type": "application/json",
    ...(contentLength === undefined ? {} : { "content-length": String(contentLength) }),
  });
  let seen = { status: 0, version: "" };
  let text = "";
  stream.on("error", () => {});
  stream.on("response", (headers) => {
    seen = { status: Number(headers[":status"]), version: String(headers["x-api-version"]) };
  });
  stream.setEncoding("utf8");
  stream.on("data", (part: string) => text += part);
  stream.write(" ".repeat(bytes));
  if (ends) stream.end();
  await once(stream, "close");
  return { ...seen, json: JSON.parse(text) as Answer };
}

describe.each([["HTTP/1.1", overHttp1], ["HTTP/2", overHttp2]])("a body over %s", (_, send) => {
  const database = useDatabase();
  let world: World;
  let port: number;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeWorld(database(), { bodyTimeoutMs: 50 });
    ({ port } = await listening(publishRoute(world.deps)));
  });

  it.each<[string, Sent]>([
    ["announced", { contentLength: 70_000, bytes: 70_000, ends: true }],
    ["announced, and never sent whole", { contentLength: 70_000, bytes: 10, ends: false }],
    ["of unknown length", { bytes: 70_000, ends: true }],
    ["without an end", { bytes: 70_000, ends: false }],
  ])("that is too large is refused with 413, padded: %s", async (_, sent) => {
    const { status, version, json } = await send(port, sent);
    expect([status, version, json.code, json.error]).toEqual([
      413,
      "v1",
      "bad_request",
      "the body is larger than 64000 bytes",
    ]);
    expect(json.padding.length).toBeGreaterThan(1_300);
  });

  it.each<[string, Sent]>([
    ["announced", { contentLength: 500, bytes: 10, ends: false }],
    ["of unknown length", { bytes: 10, ends: false }],
  ])(
    "that is too slow is refused with 408, padded, and waited for no longer: %s",
    async (_, sent) => {
      const { status, version, json } = await send(port, sent);
      expect([status, version, json.code, json.error]).toEqual([
        408,
        "v1",
        "bad_request",
        "the body took longer than 0.05 s",
      ]);
      expect(json.padding.length).toBeGreaterThan(1_300);
      expect(world.deps.admission).toEqual({ receiving: 0, inFlight: 0 });
    },
  );
});

describe("PUBLISH_BODY_TIMEOUT", () => {
  const read = (value: string) => {
    const reader = new EnvironmentReader({ PUBLISH_BODY_TIMEOUT: value });
    return { ms: publishSettings(reader, 3600).bodyTimeoutMs, faults: reader.faults };
  };

  it("ends before the server's own patience, which begins with the headers", () => {
    expect(read("45s")).toEqual({ ms: 45_000, faults: [] });
    expect(DEFAULT_LIMITS.headersMs + 45_000).toBeLessThanOrEqual(DEFAULT_LIMITS.requestMs);
    expect(read("46s").faults).toEqual([
      "PUBLISH_BODY_TIMEOUT must be a duration from 100ms to 45s, such as 15s",
    ]);
  });
});
