import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeCertificate } from "../federation/efgs/certificates.ts";
import { AUTHORITY, SERVER } from "../runtime/certificates.ts";
import { useDatabase } from "../support/database.ts";
import { insertExposures } from "../support/exposure-rows.ts";
import { runProgram, temporaryFolder } from "../support/program.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** Hours ago, and a whole number of TEK intervals. */
const EARLIER = Math.floor(Date.now() / 600_000) * 600 - 6 * 3600;

describe("two national back ends and a gateway over mutual TLS", () => {
  const databases = [useDatabase(), useDatabase(), useDatabase()] as const;

  it("exchange keys, by certificates that nobody signed but themselves", async () => {
    const folder = await temporaryFolder();
    const file = async (name: string, text: string): Promise<string> => {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    };
    const authority = await file("authority.pem", AUTHORITY);
    const tls = {
      TLS_CERT_FILE: await file("cert.pem", SERVER.cert),
      TLS_KEY_FILE: await file("key.pem", SERVER.key),
      NODE_EXTRA_CA_CERTS: authority,
      DENO_CERT: authority,
    };
    const gateway = await startServer(
      databases[0](),
      { ...tls, ROLES: "efgs,jobs" },
      "https://localhost",
    );
    const countries = ["IE", "DE"].map((name) => ({
      name,
      authentication: makeCertificate(name),
      signing: makeCertificate(name),
    }));
    await gateway.apply(countries.map(({ name, authentication, signing }) => ({
      kind: "Country",
      name,
      certificates: [
        { type: "AUTHENTICATION", pem: authentication.cert },
        { type: "SIGNING", pem: signing.cert },
      ],
    })));
    const agreement = ({ name, authentication, signing }: (typeof countries)[number]) => ({
      name: "gateway",
      serverId: gateway.url,
      protocol: "efgs",
      send: { regions: [name] },
      accept: { regions: ["IE", "DE"] },
      push: { enabled: name === "IE" },
      pull: { enabled: name === "DE" },
      efgs: {
        country: name,
        participants: ["IE", "DE"],
        countries: { IE: "IE", DE: "DE" },
        clientCertificate: {
          certificate: `file:${authentication.certFile}`,
          key: `file:${authentication.keyFile}`,
        },
        signingKey: `file:${signing.keyFile}`,
        signingCertificate: signing.cert,
        verifySignatures: "off",
      },
    });
    const [ie, de] = await Promise.all([
      startServer(databases[1](), tls, "https://localhost"),
      startServer(databases[2](), tls, "https://localhost"),
    ]);
    await ie.apply(countries.slice(0, 1).map(agreement));
    await de.apply(countries.slice(1).map(agreement));
    const key = { key: new Uint8Array(16).fill(7), created_at: EARLIER, regions: ["IE"] };
    await insertExposures(ie.database, [key]);
    expect(await sync(ie)).toEqual([{ direction: "push", counts: { keys: 1, stored: 1 } }]);
    const { status } = await runProgram(["job", "efgs-batches"], gateway.settings);
    expect(status).toBe(0);
    expect(await sync(de)).toEqual([{ direction: "pull", counts: { keys: 1, stored: 1 } }]);
    const batches = await runProgram(["peer", "batches", "gateway", "--json"], de.settings);
    expect(JSON.parse(batches.out)).toMatchObject([{ origin: "IE", keys: 1 }]);

    await de.apply(
      countries.slice(1).map((country) => ({
        ...agreement(country),
        efgs: { ...agreement(country).efgs, clientCertificate: undefined },
      })),
    );
    const results = await sync(de);
    expect(results).toMatchObject([{
      error: expect.stringContaining("the connection shows no client certificate"),
    }]);
  }, 180_000);
});

/** What `peer sync` says. */
async function sync({ settings }: TestServer): Promise<unknown> {
  const { out } = await runProgram(["peer", "sync", "gateway", "--json"], settings);
  return JSON.parse(out);
}
