import { describe, expect, test } from "vitest";
import { listening } from "../../runtime/listening.ts";
import { CALLERS } from "./callers.ts";
import { echoServer } from "./echo.ts";

const LIMIT = 64 * 1024;

async function start(options: Parameters<typeof echoServer>[0] = {}) {
  const { handler, events } = echoServer({ maxBytes: LIMIT, ...options });
  return { port: (await listening(handler)).port, events };
}

describe.each(CALLERS)("$name", ({ say, verbatim }) => {
  test("gets an answer", async () => {
    const { port } = await start();
    expect(await say(port, "grüß Gott")).toEqual({ status: 0, text: "grüß Gott" });
  });

  test("gets a large answer", async () => {
    const { port } = await start();
    expect((await say(port, "large 3000000")).text).toHaveLength(3_000_000);
  });

  test("gets an empty answer", async () => {
    const { port } = await start();
    expect(await say(port, "")).toEqual({ status: 0, text: "" });
  });

  test.each([
    ["invalid_argument", 3],
    ["permission_denied", 7],
    ["resource_exhausted", 8],
    ["unavailable", 14],
    ["unauthenticated", 16],
  ])("is refused with %s", async (code, status) => {
    const { port, events } = await start();
    const text = "100 % größer\r\nthan ~ 日本";
    const said = await say(port, `refuse ${code} ${text}`);
    expect(said.status).toBe(status);
    if (verbatim) expect(said.text).toBe(text);
    else expect(said.text).toBe(`the peer answered ${code}: 100 % größer than ~ 日本`);
    expect(events.thrown).toEqual([]);
  });

  test("learns the code and text of an error that was thrown", async () => {
    const { port, events } = await start();
    const said = await say(port, "throw permission_denied not yours");
    expect(said.status).toBe(7);
    expect(said.text).toContain("not yours");
    expect(events.thrown).toEqual([]);
  });

  test("learns nothing of an unknown error but the request's id", async () => {
    const { port, events } = await start();
    const { status, text } = await say(port, "throw");
    expect(text).toContain("internal error, request r-1");
    expect(text).not.toContain("secret");
    // What is INTERNAL at a peer is to our clients a failed fetch.
    expect(status).toBe(verbatim ? 13 : 14);
    expect(events.thrown).toMatchObject([{ message: "secret" }]);
  });

  test("is told of an unknown method", async () => {
    const { port } = await start();
    const said = await say(port, "", { path: "/test.Echo/Shout" });
    expect(said.status).toBe(12);
    expect(said.text).toContain("no such method");
  });

  test("passes its deadline on", async () => {
    const { port, events } = await start();
    // Long enough for the call to arrive on a busy machine.
    expect(await say(port, "wait", { timeoutMs: 1_000 })).toMatchObject({ status: 4 });
    // Whichever of the two sees it first tells the server.
    expect(await events.aborted).toMatchObject({
      code: expect.stringMatching(/^(deadline_exceeded|canceled)$/),
    });
  });

  test("is bound by the server's deadline", async () => {
    const { port, events } = await start({ maxTimeoutMs: 50 });
    const said = await say(port, "wait");
    expect(said.status).toBe(4);
    expect(said.text).toContain("deadline exceeded");
    expect(await events.aborted).toMatchObject({ code: "deadline_exceeded" });
  });

  test("cancels", async () => {
    const { port, events } = await start();
    const canceling = new AbortController();
    const said = say(port, "wait", { signal: canceling.signal }).catch(() => ({ status: 1 }));
    await events.waiting;
    canceling.abort();
    expect(await events.aborted).toMatchObject({ code: "canceled" });
    expect((await said).status).toBe(1);
  });

  test("is refused when its message is too large", async () => {
    const { port, events } = await start();
    const said = await say(port, "x".repeat(LIMIT + 1));
    expect(said.status).toBe(8);
    expect(said.text).toContain(`more than ${LIMIT} bytes`);
    expect(events.calls).toEqual([]);
  });

  test("is refused when its message is much too large", async () => {
    const { port } = await start();
    expect((await say(port, "x".repeat(2_000_000))).status).toBe(8);
  });

  test("is told when its message cannot be read", async () => {
    const { port } = await start();
    const said = await say(port, Uint8Array.of(0xff, 0xfe));
    expect(said.status).toBe(3);
    expect(said.text).toContain("the message cannot be read");
  });
});

describe.each(CALLERS.filter(({ gzips }) => gzips))("$name", ({ say }) => {
  test("may send gzip", async () => {
    const { port } = await start();
    const text = "x".repeat(1_000);
    expect(await say(port, text, { gzip: true })).toEqual({ status: 0, text });
  });

  test("is refused when its message unpacks to too much", async () => {
    const { port } = await start();
    const said = await say(port, "x".repeat(20_000_000), { gzip: true });
    expect(said.status).toBe(8);
    expect(said.text).toContain(`more than ${LIMIT} bytes when unpacked`);
  });
});
