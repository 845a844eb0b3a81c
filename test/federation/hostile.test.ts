import { readFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { useDatabase } from "../support/database.ts";
import { type RealServer, realServer, until } from "./real-server.ts";
import { fillWindow } from "./storm-keys.ts";

/** A server that does what it likes with each connection once something was asked; ended with the test. */
async function hostileServer(answer: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    socket.once("data", () => {
      socket.resume();
      answer(socket);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(async () => {
    sockets.forEach((socket) => socket.destroy());
    await new Promise((closed) => server.close(closed));
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}

const MIB = 2 ** 20;
const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/proto\r\n";
const CHUNK = new Uint8Array(65_536).fill(0x0a);

/** Writes on as long as somebody reads. */
function flood(socket: Socket): void {
  const more = (): void => {
    while (!socket.destroyed && socket.bytesWritten < 1024 * MIB) {
      if (!socket.write(CHUNK)) return;
    }
    socket.end();
  };
  socket.on("drain", more);
  socket.write(`${HEAD}\r\n`);
  more();
}

const agreement = (name: string, serverId: string, ours: string, theirs: string) => ({
  kind: "Peer",
  name,
  serverId,
  protocol: "connect",
  send: { regions: [`${ours}1`], onlyTravelers: false },
  accept: { regions: [`${theirs}1`], acceptClinical: true, acceptSelfReport: true },
  pull: { enabled: true, interval: "1s" },
  push: { enabled: true, interval: "1s" },
});

const arrived = async ({ database }: RealServer): Promise<number> => {
  const [row] = await database.bulk<{ count: number }[]>`
    select count(*) as count from exposure where source = 'peer'`;
  return row?.count ?? 0;
};

/** What is said of peers that fail; of the silent one when its time is over. */
const FAILURES: Readonly<Record<string, unknown>> = {
  garbage: expect.stringMatching(/^wrong_protocol: 127\.0\.0\.1:\d+ answers in another protocol: /),
  garbled: "fetch_failed: the answer is not the message that was asked for",
  broken: expect.stringMatching(
    /^connection_failed: 127\.0\.0\.1:\d+ cannot be reached, or closed /,
  ),
  endless: "limit_exceeded: the answer has more than 4194304 bytes",
};

type Failure = { readonly peer: string; readonly state: string; readonly error: string };

const failures = async ({ database }: RealServer): Promise<readonly Failure[]> =>
  await database.bulk<Failure[]>`
    select peer, state, error from peer_state where peer <> 'silent' and error is not null`;

/** Of the process, in MiB: what it has, and what it had at most. */
async function memory(
  server: RealServer,
): Promise<{ readonly now: number; readonly most: number }> {
  const status = await readFile(`/proc/${server.pid()}/status`, "utf8");
  const figure = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
  return { now: figure("VmRSS"), most: figure("VmHWM") };
}

describe("a server in a process of its own, among hostile peers", () => {
  const databases = [useDatabase(), useDatabase()] as const;

  it("exchanges keys with the good one all the while, and keeps its memory", async () => {
    const flooded: Socket[] = [];
    const hostile = {
      silent: await hostileServer(() => {}),
      garbage: await hostileServer((socket) => {
        socket.end(crypto.getRandomValues(new Uint8Array(10_000)));
      }),
      garbled: await hostileServer((socket) => {
        socket.end(`${HEAD}content-length: 7\r\n\r\ngarbled`);
      }),
      broken: await hostileServer((socket) => {
        socket.end(`${HEAD}content-length: 100\r\n\r\nhalf`);
      }),
      endless: await hostileServer((socket) => {
        flooded.push(socket);
        flood(socket);
      }),
    };
    const [us, good] = await Promise.all([
      realServer("us", databases[0]()),
      realServer("good", databases[1]()),
    ]);
    const window = { count: 300, at: -30 };
    await Promise.all([
      good.apply([agreement("us", us.id, "G", "U")]),
      us.apply([agreement("good", good.id, "U", "G")]),
      fillWindow(good.database, { ...window, letter: "G", regions: "G" }),
      fillWindow(us.database, { ...window, letter: "U", regions: "U" }),
    ]);
    await Promise.all([us.start(), good.start()]);
    await until(
      "keys were exchanged",
      20_000,
      async () => await arrived(us) > 100 && await arrived(good) > 100,
    );
    const before = await memory(us);

    await us.apply(
      Object.entries(hostile).map(([name, url]) => agreement(name, url, "U", "G")),
    );
    await until("the endless answer has begun", 20_000, () => Promise.resolve(flooded.length > 3));
    const had = await Promise.all([us, good].map(arrived));
    await Promise.all([
      fillWindow(good.database, { ...window, letter: "H", regions: "G", at: 2 }),
      fillWindow(us.database, { ...window, letter: "V", regions: "U", at: 2 }),
    ]);
    // A call that is never answered is given up after 20 s: nobody waits for that.
    await until(
      "keys are exchanged among hostile peers",
      15_000,
      async () =>
        await arrived(us) > (had[0] ?? 0) + 100 && await arrived(good) > (had[1] ?? 0) + 100,
    );
    const loud = Object.keys(FAILURES).length * 2;
    await until("the others have failed", 20_000, async () => (await failures(us)).length >= loud);
    for (const { peer, state, error } of await failures(us)) {
      expect({ peer, state, error }).toEqual({ peer, state: "failing", error: FAILURES[peer] });
    }
    for (const { bytesWritten } of flooded) expect(bytesWritten / MIB).toBeLessThan(32);
    expect((await memory(us)).most - before.now).toBeLessThan(200);
  }, 90_000);
});
