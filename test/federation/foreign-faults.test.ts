import { describe, expect, it } from "vitest";
import { encodeHex } from "../../src/bytes/base64.ts";
import type { SyncStatus } from "../../src/model/peer-sync.ts";
import { answering, key, last, ourSide, state } from "./foreign/our-side.ts";
import { type ForeignAnswer, hasForeignPeers } from "./foreign/python.ts";
import { NOW } from "./support.ts";

const MINUTE = 60;
/** Pages of 10, 5, 3, 2 and 1: smaller ones do not help. */
const SIZES = 5;

/** gRPC's C core with Google's protobuf, by way of Python: nothing of it is ours, nor JavaScript. */
describe.runIf(hasForeignPeers())("a foreign server that fails", () => {
  const { agree, stored, storedNumbers, world } = ourSide();

  it.each<[string, SyncStatus["state"], string]>([
    ["UNAVAILABLE", "failing", "unavailable: the peer answered unavailable: not today"],
    [
      "PERMISSION_DENIED",
      "refused",
      "permission_denied: the peer answered permission_denied: not today",
    ],
    ["UNAUTHENTICATED", "refused", "unauthenticated: the peer answered unauthenticated: not today"],
    ["INTERNAL", "failing", "fetch_failed: the peer answered internal: not today"],
    ["UNKNOWN", "failing", "fetch_failed: the peer answered unknown: not today"],
    [
      "INVALID_ARGUMENT",
      "failing",
      "invalid_argument: the peer answered invalid_argument: not today",
    ],
    ["UNIMPLEMENTED", "failing", "unimplemented: the peer answered unimplemented: not today"],
  ])("that answers %s is %s, and tried again later", async (name, standing, error) => {
    const server = await answering({ status: name, text: "not today" }, last([key(1)]));
    const pull = agree(server);
    expect((await pull()).status).toMatchObject({ state: standing, failures: 1, error });
    await world().setTime(NOW + 2 * MINUTE);
    expect((await pull()).status).toMatchObject({ state: "ok", failures: 0 });
    expect(await storedNumbers()).toEqual([1]);
    expect((await server.finish()).length).toBe(2);
  });

  it("that answers RESOURCE_EXHAUSTED and no more is asked for smaller pages", async () => {
    const status = { status: "RESOURCE_EXHAUSTED", text: "not today" };
    const server = await answering(status, status, last([key(1)]));
    expect((await agree(server)()).status).toMatchObject({ state: "ok", failures: 0 });
    expect(await storedNumbers()).toEqual([1]);
    expect((await server.finish()).map(({ request }) => request?.maxExposureKeys))
      .toEqual([10, 5, 3]);
  });

  it("that fails between two pages is asked for the second one alone", async () => {
    const server = await answering(
      { page: { keys: [key(1)], partialResponse: true, nextFetchState: state(NOW, "1") } },
      { status: "UNAVAILABLE" },
      last([key(2)]),
    );
    const pull = agree(server);
    expect((await pull()).status).toMatchObject({ state: "failing" });
    expect(await storedNumbers()).toEqual([1]);
    await world().setTime(NOW + 2 * MINUTE);
    expect((await pull()).status).toMatchObject({ state: "ok" });
    expect(await storedNumbers()).toEqual([1, 2]);
    expect((await server.finish()).map(({ echoed }) => echoed)).toEqual([undefined, true, true]);
  });

  it.each([["at once", false], ["after its headers", true]])(
    "that says %s how long to wait is waited for",
    async (_, headersFirst) => {
      const server = await answering({
        status: "RESOURCE_EXHAUSTED",
        trailers: { "retry-after": "30" },
        headersFirst,
      });
      expect((await agree(server)()).status).toMatchObject({
        state: "behind",
        nextTryAt: NOW + MINUTE + 30,
      });
    },
  );

  it("that stalls is given up at the deadline, and sees the call end", async () => {
    const server = await answering({ stall: true });
    expect((await agree(server, {}, { timeoutMs: 2_000 })()).status).toMatchObject({
      state: "failing",
      error: expect.stringMatching(/^deadline_exceeded/),
    });
    expect((await server.finish()).at(-1)).toMatchObject({ ended: true });
  });

  it("that stalls sees the call end when we stop", async () => {
    const server = await answering({ stall: true });
    const stop = new AbortController();
    const pulled = agree(server)(stop.signal);
    await server.called(1);
    stop.abort();
    expect((await pulled).status).toMatchObject({ state: "behind", failures: 0 });
    const [, stalled] = await server.finish();
    expect(stalled).toMatchObject({ ended: true });
    expect(stalled?.patience).toBeGreaterThan(1);
  });

  it.each<[string, ForeignAnswer, string, number?]>([
    [
      "rubbish",
      { raw: encodeHex(new Uint8Array(64).fill(0xff)) },
      "fetch_failed: the answer is not the message that was asked for",
    ],
    [
      "a message cut short",
      { raw: "0a64" },
      "fetch_failed: the answer is not the message that was asked for",
    ],
    ["nothing", { raw: "" }, "fetch_failed: the peer sent no state to go on from"],
    [
      "5 MiB",
      { padding: 5 * 1024 * 1024 },
      "limit_exceeded: the answer is larger than 4194309 bytes",
      SIZES,
    ],
    [
      "5 MiB in some KiB",
      { padding: 5 * 1024 * 1024, gzip: true },
      "limit_exceeded: the answer has more than 4194304 bytes when unpacked",
      SIZES,
    ],
  ])("that answers %s fails, and nothing else does", async (_, answer, error, calls = 1) => {
    const server = await answering(answer);
    expect((await agree(server)()).status).toMatchObject({ state: "failing", error });
    expect(await stored()).toEqual([]);
    expect((await server.finish()).length).toBe(calls);
  });
});
