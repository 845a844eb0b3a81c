import { beforeEach, describe, expect, it, vi } from "vitest";
import { peerCommand } from "../../src/cli/peer.ts";
import { type Ran, runCommand } from "../support/command-io.ts";
import { useDatabase } from "../support/database.ts";
import { insertExposures } from "../support/exposure-rows.ts";
import { startServer, type TestServer } from "../support/server.ts";

const databases = [useDatabase(), useDatabase()] as const;

describe("wayfarer peer, with servers that run", () => {
  beforeEach(async () => {
    for (const database of databases) await database().clear();
  });
  const bothServers = () => Promise.all([startServer(databases[0]()), startServer(databases[1]())]);

  const peer = (server: TestServer, args: readonly string[], json = false): Promise<Ran> =>
    runCommand(peerCommand, args, { env: server.settings, json });
  const answered = async (server: TestServer, ...args: string[]): Promise<string> => {
    const { status, out, err, error } = await peer(server, args);
    expect({ status, out, err, error }).toEqual({ status: 0, out, err: [], error: undefined });
    return out.join("\n");
  };

  it("add writes a draft with everything off, once", async () => {
    const [home, away] = await bothServers();
    const name = `127.0.0.1-${new URL(away.url).port}`;
    const added = await peer(home, ["add", away.url]);
    expect(added.status).toBe(0);
    expect(added.out.join("\n")).toContain(`serverId: ${away.url}`);
    expect(added.err.join("\n")).toMatch(/it speaks "connect", "grpc"; everything is off/);
    expect(added.err.join("\n")).toContain('\\"kty\\":\\"EC\\"');
    expect(await answered(home, "list")).toBe(
      `${name}  ${away.url}  auto  sends -  accepts -  on: nothing`,
    );
    const [listed] = JSON.parse((await peer(home, ["list"], true)).out.join(""));
    expect(listed).toMatchObject({ pull: { enabled: false }, push: { enabled: false } });
    expect((await peer(home, ["add", away.url])).error).toMatchObject({
      code: "usage",
      message: `there is an agreement with it already: ${name}`,
    });
    expect(await answered(home, "status")).toBe(
      `${name}  ${away.url}  auto\n  pull: off\n  push: off\n` +
        "  calls us: last fetched never, last pushed never",
    );
    expect((await peer(home, ["sync", name])).err).toEqual([
      "neither pull nor push is switched on for this peer",
    ]);
  });

  it("sync moves keys, status tells so on both sides, revoke ends it", async () => {
    const [home, away] = await bothServers();
    await insertExposures(
      home.database,
      [0, 1].map((one) => ({
        key: new Uint8Array(16).fill(one),
        created_at: Math.floor(Date.now() / 600_000) * 600 - 3600,
      })),
    );
    const sla = { name: "sla", serverId: away.url, send: { regions: ["R0"] } };
    await home.apply([{ ...sla, push: { enabled: true } }]);
    await away.apply([{ name: "mag", serverId: home.url, accept: { regions: ["R0"] } }]);
    expect(await answered(home, "status", "sla")).toContain("push: not tried yet");

    expect(await answered(home, "sync", "sla")).toBe("push: keys 2, stored 2");
    const sent = await answered(home, "status", "sla");
    expect(sent).toMatch(/\n {2}push: ok, last success 2.*Z, next try 2.*Z, 0 s behind, 0 keys/);
    expect(sent).toMatch(/\n {2}2.*Z push, \d+ ms: 2 keys, 0 revised {2}stored 2\n/);
    expect(sent).toMatch(/\n {2}\d{4}-\d\d-\d\d push: 2 keys, 0 revised {2}stored 2$/);
    const got = await answered(away, "status", "mag");
    expect(got).toMatch(
      /pull: off\n {2}push: off\n {2}calls us: last fetched never, last pushed 2/,
    );
    expect(got).toMatch(/\n {2}2.*Z pushed, \d+ ms: 2 keys, 0 revised {2}stored 2\n/);
    const [json] = JSON.parse((await peer(away, ["status"], true)).out.join(""));
    expect(json).toMatchObject({ name: "mag", lastPages: [{ kind: "pushed", keys: 2 }] });

    await home.apply([{ ...sla, push: { enabled: true }, thru: "2020-01-01T00:00:00Z" }]);
    expect(await answered(home, "status", "sla")).toContain("push: not in force");
    await home.apply([{ ...sla, push: { enabled: true } }]);
    expect(await answered(away, "revoke", "mag")).toBe("- Peer/mag");
    expect(await answered(away, "list")).toBe("");
    // The server there hears of the change within seconds.
    await vi.waitFor(async () => {
      await home.database.bulk`delete from peer_cursor`;
      const { status, out } = await peer(home, ["sync", "sla"]);
      expect({ status, said: out.join() }).toEqual({
        status: 1,
        said: expect.stringMatching(/^push: unauthenticated: .*the token is not accepted/),
      });
    }, { timeout: 10_000, interval: 200 });
    expect(await answered(home, "status", "sla")).toMatch(
      /push: refused, .* the token is not accepted/,
    );
  }, 60_000);

  it("names what is wrong with what it was given", async () => {
    const home = await startServer(databases[0]());
    const wrong: readonly (readonly [string[], string, string | RegExp])[] = [
      [["add"], "usage", "peer add: give the URL of a server"],
      [["sync"], "usage", "peer sync: give the name of a peer"],
      [["dance"], "usage", "peer dance: must be one of add, list, status, sync, batches, revoke"],
      [["status", "nobody"], "not_found", 'there is no peer named nobody: "wayfarer peer list"'],
      [["sync", "nobody"], "not_found", 'there is no peer named nobody: "wayfarer peer list"'],
      [["revoke", "nobody"], "not_found", 'there is no peer named nobody: "wayfarer peer list"'],
      [
        ["add", "http://127.0.0.1:1"],
        "connection_refused",
        /^127\.0\.0\.1:1 refused the connection: /,
      ],
    ];
    for (const [args, code, message] of wrong) {
      const { error } = await peer(home, args);
      expect(error?.code).toBe(code);
      expect(error?.message).toMatch(message);
    }
  });
});
