import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { timeoutOf } from "../../../federation/rpc/timeout.ts";
import { encodeFrame } from "../../../federation/rpc/frame.ts";
import { decodeGrpcMessage, encodeGrpcMessage } from "../../../federation/rpc/status.ts";
import type { Handler } from "../../../src/runtime/runtime.ts";
import { listening } from "../../runtime/listening.ts";
import { readGrpcWeb } from "./callers.ts";
import { echoServer, SAY } from "./echo.ts";

const text = (value: string) => new TextEncoder().encode(value);

/** Calls the handler itself, as a connection without trailers would. */
async function post(headers: Record<string, string>, body: BodyInit, method = "POST") {
  const { handler } = echoServer({ maxBytes: 1024 });
  return await ask(handler, headers, body, method);
}

async function ask(
  handler: Handler,
  headers: Record<string, string>,
  body: BodyInit,
  method = "POST",
) {
  const hasBody = method !== "GET";
  const request = new Request(`http://localhost${SAY}`, {
    method,
    headers,
    ...(hasBody ? { body } : {}),
  });
  return await handler(request, {});
}

async function web(body: BodyInit, headers: Record<string, string> = {}) {
  const response = await post({ "content-type": "application/grpc-web", ...headers }, body);
  expect(response.status).toBe(200);
  return readGrpcWeb(Buffer.from(await response.arrayBuffer()));
}

test("anything but POST is 405", async () => {
  const response = await post({ "content-type": "application/grpc" }, "", "GET");
  expect(response.status).toBe(405);
  expect(response.headers.get("allow")).toBe("POST");
});

test.each([
  "text/plain",
  "",
  "application/grpc-web-text",
  "application/connect+proto",
  "application/grpcx",
])(
  "content type %j is 415",
  async (type) => {
    const response = await post({ "content-type": type }, text("x"));
    expect(response.status).toBe(415);
    expect(response.headers.get("accept-post")).toContain("application/proto");
  },
);

test("native gRPC without trailers is UNIMPLEMENTED in the headers", async () => {
  const response = await post({ "content-type": "application/grpc" }, encodeFrame(text("x")));
  expect(response.status).toBe(200);
  expect(response.headers.get("grpc-status")).toBe("12");
  expect(response.headers.get("grpc-message")).toContain("use gRPC-Web or Connect");
  expect(response.headers.get("content-type")).toBe("application/grpc");
  expect((await response.arrayBuffer()).byteLength).toBe(0);
});

test.each<[string, Uint8Array<ArrayBuffer>, number, string]>([
  ["no message", new Uint8Array(0), 3, "wanted exactly one message, got 0"],
  [
    "two messages",
    new Uint8Array([...encodeFrame(text("a")), ...encodeFrame(text("b"))]),
    3,
    "wanted exactly one message, got 2",
  ],
  ["half a frame", new Uint8Array(3), 3, "the body ends within a frame"],
  ["half a message", Uint8Array.of(0, 0, 0, 0, 9, 1), 3, "the body ends within a message"],
  [
    "a length of 4 GiB",
    Uint8Array.of(0, 255, 255, 255, 255, 1),
    3,
    "the body ends within a message",
  ],
  ["unknown flags", encodeFrame(text("a"), 2), 13, "a frame has unknown flags"],
  ["trailers", encodeFrame(text("a"), 0x80), 13, "a frame has unknown flags"],
  [
    "nameless compression",
    encodeFrame(text("a"), 1),
    13,
    "a message is marked as compressed, but grpc-encoding names nothing",
  ],
])("a body of %s is refused", async (_, body, status, said) => {
  expect(await web(body)).toEqual({ status, text: said });
});

test("a compression that is not gzip is UNIMPLEMENTED, and gzip is offered", async () => {
  const headers = { "content-type": "application/grpc-web", "grpc-encoding": "br" };
  const response = await post(headers, encodeFrame(text("a"), 1));
  expect(response.headers.get("grpc-accept-encoding")).toBe("identity,gzip");
  const said = readGrpcWeb(Buffer.from(await response.arrayBuffer()));
  expect(said).toEqual({ status: 12, text: "compression must be gzip or identity" });
});

test("a broken gzip message is refused", async () => {
  const said = await web(encodeFrame(text("not gzip"), 1), { "grpc-encoding": "gzip" });
  expect(said).toEqual({ status: 3, text: "not valid gzip" });
});

test.each([
  [{ "content-encoding": "br" }, 501, "unimplemented", "content-encoding must be gzip or identity"],
  [{ "content-encoding": "gzip" }, 400, "invalid_argument", "not valid gzip"],
  [
    { "connect-protocol-version": "2" },
    400,
    "invalid_argument",
    "connect-protocol-version must be 1",
  ],
  [
    { "connect-timeout-ms": "1.5" },
    400,
    "invalid_argument",
    "connect-timeout-ms must be up to 10 digits",
  ],
  [{ "connect-timeout-ms": "0" }, 504, "deadline_exceeded", "deadline exceeded"],
  [{ "content-length": "5000" }, 429, "resource_exhausted", "more than 1024 bytes"],
])("Connect with %j is refused", async (headers, status, code, message) => {
  const response = await post({ "content-type": "application/proto", ...headers }, text("x"));
  expect(response.status).toBe(status);
  expect(await response.json()).toEqual({ code, message });
});

test.each(["", "{", "[]", "null", '{"text"', "\xff"])("the JSON %j is refused", async (json) => {
  const response = await post({ "content-type": "application/json" }, Buffer.from(json, "latin1"));
  expect(await response.json()).toMatchObject({ code: "invalid_argument" });
});

test("a refusal's headers reach the caller", async () => {
  const response = await post(
    { "content-type": "application/proto" },
    text("refuse unavailable later"),
  );
  expect(response.headers.get("retry-after")).toBe("7");
});

test("a body that breaks off is canceled", async () => {
  const body = new ReadableStream({ start: (sink) => sink.error(new Error("gone")) });
  const { handler } = echoServer();
  const init = {
    method: "POST",
    body,
    duplex: "half",
    headers: { "content-type": "application/proto" },
  };
  const response = await handler(new Request(`http://localhost${SAY}`, init), {});
  expect(await response.json()).toEqual({ code: "canceled", message: "the request broke off" });
});

test.each([
  ["1H", 3_600_000],
  ["2M", 120_000],
  ["3S", 3_000],
  ["4m", 4],
  ["299924u", 300],
  ["1n", 1],
  ["0n", 0],
  ["99999999H", 359_999_996_400_000],
])("grpc-timeout %s is %d ms", (value, timeoutMs) => {
  expect(timeoutOf(new Headers({ "grpc-timeout": value }))).toEqual({ ok: true, value: timeoutMs });
});

test.each(["", "1", "S", "123456789S", "-1S", "1.5S", "1s"])(
  "grpc-timeout %j is refused",
  (value) => {
    expect(timeoutOf(new Headers({ "grpc-timeout": value }))).toMatchObject({
      code: "invalid_argument",
    });
  },
);

test.each([
  ["plain ~ text", "plain ~ text"],
  ["100 %\n", "100 %25%0A"],
  ["größer", "gr%C3%B6%C3%9Fer"],
])("grpc-message %j is sent as %j", (value, encoded) => {
  expect(encodeGrpcMessage(value)).toBe(encoded);
  expect(decodeGrpcMessage(encoded)).toBe(value);
});

test.each([["%", "%"], ["%zz", "%zz"], ["a%4", "a%4"]])(
  "the broken grpc-message %j stays",
  (value, decoded) => {
    expect(decodeGrpcMessage(value)).toBe(decoded);
  },
);

test("curl calls with JSON", async () => {
  const { port } = await listening(echoServer().handler);
  const args = ["-s", "-H", "content-type: application/json", "-d", '{"text":"hello"}'];
  const { stdout } = await promisify(execFile)("curl", [...args, `http://127.0.0.1:${port}${SAY}`]);
  expect(stdout).toBe('{"text":"hello"}');
});
