import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { AUTHORITY, CLIENT, SERVER } from "../runtime/certificates.ts";
import { type TestDatabase, useDatabase } from "../support/database.ts";
import { insertExposures } from "../support/exposure-rows.ts";
import { runProgram, temporaryFolder } from "../support/program.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** An hour ago, and a whole number of TEK intervals. */
const EARLIER = Math.floor(Date.now() / 600_000) * 600 - 3600;

/** A server that asks its callers for certificates, and trusts the authority of these tests. */
async function serve(database: TestDatabase): Promise<TestServer> {
  const folder = await temporaryFolder();
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const authority = await file("authority.pem", AUTHORITY);
  return await startServer(database, {
    TLS_CERT_FILE: await file("cert.pem", SERVER.cert),
    TLS_KEY_FILE: await file("key.pem", SERVER.key),
    TLS_CLIENT_CA_FILE: authority,
    TLS_CLIENT_CERT_FILE: await file("client-cert.pem", CLIENT.cert),
    TLS_CLIENT_KEY_FILE: await file("client-key.pem", CLIENT.key),
    NODE_EXTRA_CA_CERTS: authority,
    DENO_CERT: authority,
  }, "https://localhost");
}

/** What `peer sync` says, and how it ends. */
async function sync(settings: TestServer["settings"]): Promise<unknown> {
  const { status, out } = await runProgram(["peer", "sync", "away", "--json"], settings);
  return { status, results: JSON.parse(out) };
}

describe("mutual TLS between two servers", () => {
  const databases = [useDatabase(), useDatabase()] as const;

  it(
    "lets in whoever shows the certificate of the agreement, by both protocols, and nobody else",
    async () => {
      const [home, away] = await Promise.all([serve(databases[0]()), serve(databases[1]())]);
      await insertExposures(home.database, [{ key: new Uint8Array(16), created_at: EARLIER }]);
      const meant = (certificateFingerprint: string) => ({
        name: "home",
        serverId: home.url,
        auth: { certificateFingerprint },
        accept: { regions: ["R0"] },
      });
      const push = (protocol: string) => ({
        name: "away",
        serverId: away.url,
        protocol,
        send: { regions: ["R0"] },
        push: { enabled: true },
      });
      const refused = {
        status: 1,
        results: [{
          direction: "push",
          counts: { keys: 0 },
          error: expect.stringContaining("the token is not accepted"),
        }],
      };

      await away.apply([meant("0".repeat(64))]);
      for (const protocol of ["connect", "grpc"]) {
        await home.apply([push(protocol)]);
        expect(await sync(home.settings)).toEqual(refused);
      }
      await away.apply([meant(CLIENT.fingerprint)]);
      const { TLS_CLIENT_CERT_FILE: _, TLS_CLIENT_KEY_FILE: __, ...bare } = home.settings;
      expect(await sync(bare)).toEqual(refused);
      expect(await away.database.sql`select 1 from exposure`).toHaveLength(0);

      expect(await sync(home.settings)).toEqual({
        status: 0,
        results: [{ direction: "push", counts: { keys: 1, stored: 1 } }],
      });
      expect(await away.database.sql`select 1 from exposure`).toHaveLength(1);
      // Another agreement's place is worth nothing, so everything goes out once more.
      await home.database.bulk`delete from peer_cursor`;
      await home.apply([push("connect")]);
      expect(await sync(home.settings)).toEqual({
        status: 0,
        results: [{ direction: "push", counts: { keys: 1, duplicate: 1 } }],
      });
    },
    120_000,
  );
});
