import { beforeEach, describe, expect, it } from "vitest";
import { clientOpener } from "../../federation/client/peer-client.ts";
import type { RpcClient, RpcRefusal } from "../../federation/rpc/client.ts";
import { accept, refuse } from "../../src/errors.ts";
import { peerOf, showing } from "./support.ts";

const { signal } = new AbortController();
const empty = accept(new Uint8Array(0));

describe("clientOpener()", () => {
  const calls: string[] = [];
  let connectFails: RpcRefusal | undefined;
  const rpc = (protocol: string, answer: () => ReturnType<RpcClient>): RpcClient => (path) => {
    calls.push(`${protocol} ${path.split("/").at(-1)}`);
    return answer();
  };
  const opener = () =>
    clientOpener({
      connect: () => rpc("connect", () => Promise.resolve(connectFails ?? empty)),
      grpc: () => rpc("grpc", () => Promise.resolve(empty)),
    }, () => showing(() => Promise.resolve("token")));

  beforeEach(() => {
    calls.length = 0;
    connectFails = undefined;
  });

  it("speaks what the agreement says, without asking", async () => {
    const open = opener();
    for (const protocol of ["connect", "grpc"] as const) {
      const opened = await open(peerOf({ protocol }), signal);
      expect(opened.protocol).toBe(protocol);
      await opened.client.fetch({}, signal);
    }
    expect(calls).toEqual(["connect Fetch", "grpc Fetch"]);
  });

  it("auto: speaks Connect where Describe is answered over it, and asks once", async () => {
    const open = opener();
    for (let again = 0; again < 3; again++) {
      const { protocol, client } = await open(peerOf(), signal);
      expect(protocol).toBe("connect");
      await client.fetch({}, signal);
    }
    expect(calls).toEqual([
      "connect Describe",
      "connect Fetch",
      "connect Fetch",
      "connect Fetch",
    ]);
  });

  it.each(
    ["unimplemented", "fetch_failed", "unavailable", "deadline_exceeded"] as const,
  )("auto: speaks native gRPC after %s, and asks again each time", async (code) => {
    const open = opener();
    connectFails = refuse(code);
    expect((await open(peerOf(), signal)).protocol).toBe("grpc");
    expect((await open(peerOf(), signal)).protocol).toBe("grpc");
    connectFails = undefined;
    expect((await open(peerOf(), signal)).protocol).toBe("connect");
    expect(calls).toEqual(["connect Describe", "connect Describe", "connect Describe"]);
  });

  it.each(["unauthenticated", "permission_denied", "resource_exhausted"] as const)(
    "auto: one that answers %s over Connect speaks it",
    async (code) => {
      connectFails = refuse(code);
      expect((await opener()(peerOf(), signal)).protocol).toBe("connect");
    },
  );

  it.each<["fetch_failed" | "resource_exhausted", string]>([
    ["fetch_failed", "grpc"],
    ["resource_exhausted", "connect"],
  ])("auto: after a call that fails with %s goes on with %s", async (code, protocol) => {
    const open = opener();
    const { client } = await open(peerOf(), signal);
    // A server of ours was replaced by one that speaks native gRPC alone.
    connectFails = refuse(code);
    expect(await client.push({ batchId: "1" }, signal)).toMatchObject({ code });
    expect((await open(peerOf(), signal)).protocol).toBe(protocol);
  });
});
