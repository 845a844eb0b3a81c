import { createRemoteJWKSet, jwtVerify } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { DatabaseAddress } from "../../src/store/database.ts";
import { useDatabase } from "../support/database.ts";
import { freePort, runProgram, startProgram, temporaryFolder } from "../support/program.ts";
import { foreignServer, hasForeignPeers } from "./foreign/python.ts";
import { keyBytes } from "./support.ts";

function databaseSettings(address: DatabaseAddress): Readonly<Record<string, string>> {
  if (address.kind === "url") return { DATABASE_URL: address.url };
  return {
    DATABASE_URL: `postgres:///${address.database}`,
    PGHOST: address.folder,
    PGUSER: address.user,
    PGPASSWORD: address.password,
  };
}

describe.runIf(hasForeignPeers())("the program", () => {
  const database = useDatabase();
  beforeEach(() => database().clear());

  it(
    "pulls from a foreign server by itself, over http with prior knowledge of HTTP/2",
    async () => {
      const now = Math.floor(Date.now() / 1000);
      const key = {
        transmissionRisk: 2,
        intervalNumber: Math.floor(now / 600) - 300,
        intervalCount: 144,
        reportType: "CONFIRMED_TEST",
        traveler: true,
        regions: ["sla"],
      };
      const foreign = await foreignServer({
        deployed: { limit: 5, window: now, keys: [{ at: now - 60, first: 1, count: 3, key }] },
      });
      const port = await freePort();
      const serverId = `http://127.0.0.1:${port}`;
      const settings = {
        ...databaseSettings(database().address),
        DATA_DIR: await temporaryFolder(),
        PORT: String(port),
        PUBLIC_URL: serverId,
        JOB_INTERVAL: "200ms",
        PEER_ALLOW_PRIVATE: "true",
      };
      const server = startProgram(["serve"], settings);
      await server.line(/Wayfarer serves on/);
      const peer = {
        kind: "Peer",
        name: "foreign",
        serverId: foreign.url,
        protocol: "grpc",
        accept: { regions: ["SLA"] },
        pull: { enabled: true, interval: "1s" },
      };
      const applied = await runProgram(["apply", "-"], settings, stringify(peer));
      expect(applied).toEqual({ status: 0, out: "+ Peer/foreign\n", err: "" });

      // The second call has the state that was stored with the keys of the first.
      await foreign.called(2);
      const rows = await database().sql`
      select key, regions, source_name as peer from exposure order by key`;
      expect(rows).toEqual(
        [1, 2, 3].map((number) => ({
          key: Buffer.from(keyBytes(number)),
          regions: ["SLA"],
          peer: "foreign",
        })),
      );
      const { out } = await runProgram(["peer", "status", "foreign", "--json"], settings);
      expect(JSON.parse(out)).toMatchObject([{
        name: "foreign",
        pull: { state: "ok", failures: 0 },
        lastPages: [{ kind: "pull", keys: 3, verdicts: { stored: 3 } }],
      }]);

      const published = createRemoteJWKSet(new URL(`${serverId}/.well-known/jwks.json`));
      const seen = await foreign.finish();
      expect(seen[1]).toMatchObject({ echoed: true });
      const token = seen[0]?.metadata?.["authorization"]?.replace(/^Bearer /, "") ?? "";
      const { payload, protectedHeader } = await jwtVerify(token, published, {
        issuer: serverId,
        subject: serverId,
        audience: foreign.url,
      });
      expect(protectedHeader.alg).toBe("ES256");
      expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
      expect(payload.jti).toMatch(/^[\w-]{22}$/);
      server.signal("SIGTERM");
      const ended = await server.finished();
      expect(ended.status).toBe(0);
      expect(ended.out + ended.err).not.toContain(token);
    },
    60_000,
  );

  it("calls no foreign server at a private address unless it may", async () => {
    const foreign = await foreignServer({ answers: [{ raw: "" }] });
    const settings = {
      ...databaseSettings(database().address),
      DATA_DIR: await temporaryFolder(),
      PUBLIC_URL: "https://us.example",
    };
    const peer = {
      kind: "Peer",
      name: "private",
      serverId: foreign.url,
      protocol: "grpc",
      accept: { regions: ["SLA"] },
      pull: { enabled: true },
    };
    const applied = await runProgram(["apply", "-"], settings, stringify(peer));
    expect(applied).toMatchObject({ status: 0, err: "" });
    const synced = await runProgram(["peer", "sync", "private"], settings);
    expect(synced).toEqual({
      status: 1,
      out: `pull: fetch_refused: 127.0.0.1:${foreign.port}: the address must start with https://\n`,
      err: "",
    });
    expect(await foreign.finish()).toEqual([]);
  });
});
