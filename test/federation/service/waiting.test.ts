import { beforeEach, describe, expect, it } from "vitest";
import { type PeerClient, peerClient } from "../../../federation/client/peer-client.ts";
import { connectClient } from "../../../federation/rpc/connect-client.ts";
import { grpcClient } from "../../../federation/rpc/grpc-client.ts";
import { asServerId } from "../../../src/model/ids.ts";
import { currentRuntime } from "../../../src/runtime/current.ts";
import { gate, listening } from "../../runtime/listening.ts";
import { useDatabase } from "../../support/database.ts";
import { insertExposures } from "../../support/exposure-rows.ts";
import { keyBytes, NOW, peerOf, regionNames, showing } from "../support.ts";
import { newWorld, type World } from "../world.ts";

const HOME = asServerId("https://home.example");
const AWAY = asServerId("https://away.example");
const PULLS = 30;
const KEYS = 60;
const runtime = currentRuntime();
const { signal } = new AbortController();
const send = { regions: regionNames(1), maxKeysPerSecond: 500 };

/** On real connections; the time that calls wait passes at once, and none while they work. */
describe("calls that come faster than the rate of their peer", () => {
  const databases = [useDatabase(), useDatabase()] as const;
  let whileWaiting: () => Promise<void>;
  let world: World;
  let token: () => Promise<string>;
  let port: number;

  beforeEach(async () => {
    whileWaiting = () => Promise.resolve();
    world = newWorld(NOW + 60, () => whileWaiting());
    await Promise.all(databases.map((database) => database().clear()));
    const home = await world.server(HOME, databases[0]());
    const away = await world.server(AWAY, databases[1]());
    home.agreements.push(peerOf({ name: "away", serverId: AWAY, send }));
    token = () => away.token(HOME);
    await insertExposures(
      home.database,
      Array.from(
        { length: KEYS },
        (_, index) => ({ key: keyBytes(index), created_at: NOW - 3600 }),
      ),
    );
    ({ port } = await listening(world.handlers.get(HOME) ?? (() => new Response())));
  });

  const pull = async (client: PeerClient) => {
    const answer = await client.fetch(
      { includeRegions: send.regions, maxExposureKeys: 100 },
      signal,
    );
    return answer.ok ? answer.value.keys.length : answer;
  };
  const clients = {
    connect: () => connectClient({ baseUrl: `http://127.0.0.1:${port}`, fetch }),
    grpc: () => grpcClient({ baseUrl: `http://127.0.0.1:${port}`, exchange: runtime.exchange }),
  };
  const names = runtime.trailers.ok ? ["connect", "grpc"] as const : ["connect"] as const;

  it.each(names)("are all answered, 30 of them side by side over %s", async (name) => {
    const client = peerClient(clients[name](), showing(token));
    const answers = await Promise.all(Array.from({ length: PULLS }, () => pull(client)));
    expect(answers).toEqual(answers.map(() => KEYS));
    expect(world.waits.length).toBeGreaterThan(0);
  });

  it("hold no connection to the database while they wait", async () => {
    const held = gate();
    const eight = gate();
    whileWaiting = async () => {
      if (world.waits.length === 8) eight.open();
      await held.passed;
    };
    const client = peerClient(clients.connect(), showing(token));
    const answers = Array.from({ length: PULLS }, () => pull(client));
    await eight.passed;
    const [open] = await databases[0]().bulk<{ count: number }[]>`
      select count(*)::int as count from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'`;
    expect(open?.count).toBe(0);
    held.open();
    expect(await Promise.all(answers)).toEqual(answers.map(() => KEYS));
  });
});
