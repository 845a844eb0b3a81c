import { describe, expect, test } from "vitest";
import { currentRuntime } from "../../src/runtime/current.ts";
import { pinnedFetch } from "../../src/runtime/pinned-fetch.ts";
import type { Handler, Listening } from "../../src/runtime/runtime.ts";
import { AUTHORITY, CLIENT, SERVER } from "./certificates.ts";
import { gate, listening } from "./listening.ts";

const { cert, key, fingerprint } = CLIENT;
const identity = { cert, key };
const { exchange } = currentRuntime();

/** A server that requests client certificates and returns what it received. */
const server = (handler: Handler = mirror): Promise<Listening> =>
  listening(handler, { tls: { ...SERVER, clientCa: AUTHORITY } });

const mirror: Handler = async (request, { clientCertificateFingerprint = "none" }) =>
  new Response(`${request.method} ${await request.text()} ${clientCertificateFingerprint}`, {
    status: 418,
    headers: { "x-seen": request.headers.get("x-said") ?? "", "x-host": new URL(request.url).host },
  });

describe("a fetch with our own certificate", () => {
  const call = (port: number, init: RequestInit = {}, ca: string | undefined = AUTHORITY) =>
    pinnedFetch(ca === undefined ? {} : { ca })(
      `https://localhost:${port}/path?query`,
      init,
      ["127.0.0.1"],
      identity,
    );

  test("presents it, and carries a complete request and response", async () => {
    const { port } = await server();
    const headers = { "x-said": "word" };
    const answer = await call(port, { method: "POST", body: new Uint8Array([65, 66]), headers });
    expect(answer.status).toBe(418);
    expect(await answer.text()).toBe(`POST AB ${fingerprint}`);
    expect(answer.headers.get("x-seen")).toBe("word");
    expect(answer.headers.get("x-host")).toBe(`localhost:${port}`);
  });

  test.each([204, 304, 302])("returns %i unchanged, and does not follow it", async (status) => {
    const { port } = await server(() =>
      new Response(null, { status, headers: { location: "https://elsewhere.example/" } })
    );
    const answer = await call(port);
    expect(answer.status).toBe(status);
    expect(await answer.text()).toBe("");
  });

  test("trusts no server of an unknown authority", async () => {
    const { port } = await server();
    const other = pinnedFetch()(
      `https://localhost:${port}/`,
      {},
      ["127.0.0.1"],
      identity,
    );
    await expect(other).rejects.toThrow();
  });

  test("checks the name in the URL, whatever the address", async () => {
    const { port } = await server();
    const other = pinnedFetch({ ca: AUTHORITY })(
      `https://other.localhost:${port}/`,
      {},
      ["127.0.0.1"],
      identity,
    );
    await expect(other).rejects.toThrow();
  });

  test("ends when its signal aborts, before the response and during it", async () => {
    const asked = gate();
    const never = await server(() => {
      asked.open();
      return new Promise(() => {});
    });
    const before = new AbortController();
    const waiting = call(never.port, { signal: before.signal });
    await asked.passed;
    before.abort();
    await expect(waiting).rejects.toThrow();

    const endless = await server(() => new Response(new ReadableStream({ pull: trickle })));
    const within = new AbortController();
    const answer = await call(endless.port, { signal: within.signal });
    const reading = answer.text();
    within.abort();
    await expect(reading).rejects.toThrow();
  });

  test("receives no more of a response than is read", async () => {
    const { port } = await server(() => new Response(new ReadableStream({ pull: trickle })));
    const reader = (await call(port)).body?.getReader();
    expect((await reader?.read())?.value?.byteLength).toBeGreaterThan(0);
    await reader?.cancel();
    expect(await reader?.read()).toEqual({ done: true, value: undefined });
  });
});

function trickle(controller: ReadableStreamDefaultController<Uint8Array>): void {
  controller.enqueue(new Uint8Array(1000));
}

test("native gRPC also presents our own certificate", async () => {
  const { port } = await server();
  const { body } = await exchange({
    url: new URL(`https://localhost:${port}/`),
    headers: {},
    body: new Uint8Array(0),
    maxBytes: 1000,
    signal: new AbortController().signal,
    ca: AUTHORITY,
    identity,
  });
  expect(new TextDecoder().decode(body)).toBe(`POST  ${fingerprint}`);
});
