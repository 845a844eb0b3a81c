import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ensureIssuer } from "../device/issuer.ts";
import { AppError } from "../errors.ts";
import { temporaryDataFolder } from "../store/embedded/temporary-data-folder.ts";
import type { Command, CommandIo } from "./command.ts";
import { type DemoServer, startDemoServer } from "./demo-server.ts";
import { deviceMatchCommand } from "./device-match.ts";
import { devicePublishCommand } from "./device-publish.ts";
import { testRegionResources } from "./device-resources.ts";
import { parseOptions } from "./options.ts";

const USAGE = `wayfarer demo [--regions 1|2]

Starts a server for each region, with windows of a second and data that goes away; publishes keys in
the first, and finds the encounter in the signed files of every region. With two regions the keys are
a traveler's, and cross from one server to the other by federation.

  --regions N   1 or 2 (default 2)

Example:
  wayfarer demo --regions 2`;

/** Names of the demo's regions. */
const REGIONS = ["MAG", "SLA"] as const;
const CERTIFICATE = { issuer: "wayfarer.device", audience: "wayfarer", keyVersion: "v1" };

/** `wayfarer demo`. */
export const demoCommand: Command = {
  name: "demo",
  summary: "starts federated servers and shows a traveler's keys cross",
  usage: USAGE,
  run: async (io) => {
    const options = parseOptions(io.args, { regions: { type: "string" } });
    if (!options.ok) throw new AppError(options.code, options.message);
    const { regions = "2" } = options.value.values;
    if (regions !== "1" && regions !== "2") {
      throw new AppError("usage", `--regions ${regions}: must be 1 or 2`);
    }
    const folder = await temporaryDataFolder("wayfarer-demo-");
    const servers: DemoServer[] = [];
    try {
      for (const region of REGIONS.slice(0, Number(regions))) {
        servers.push(await startDemoServer(io, folder, region));
      }
      return await show(io, folder, servers);
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function show(
  io: CommandIo,
  folder: string,
  servers: readonly DemoServer[],
): Promise<0 | 1> {
  const issuerFile = join(folder, "issuer.pem");
  const state = join(folder, "state.json");
  const { issuer } = await ensureIssuer(io.runtime.crypto, issuerFile);
  const device = { ...CERTIFICATE, publicKeyPem: issuer.publicKeyPem };
  for (const [index, server] of servers.entries()) {
    const region = REGIONS[index] ?? REGIONS[0];
    const [own, authority, signer, config] = testRegionResources(
      { region, healthAuthorityId: region.toLowerCase(), period: "2s" },
      device,
    );
    await server.apply([own, authority, signer, { ...config, includeTravelers: true }]);
    io.out(`${region} serves at ${server.url}`);
  }
  await agree(servers);
  const [home] = servers;
  if (home === undefined) return 1;
  io.out(`a traveler of ${REGIONS[0]} is diagnosed, and publishes`);
  const published = await devicePublishCommand.run({
    ...io,
    args: [
      ...["--url", home.url, "--health-authority", REGIONS[0].toLowerCase(), "--traveler"],
      ...["--state", state, "--issuer-key", issuerFile],
    ],
  });
  if (published !== 0) return 1;
  for (const [index, server] of servers.entries()) {
    const region = REGIONS[index] ?? REGIONS[0];
    io.out(`the phone that the traveler met downloads the files of ${region}`);
    const matched = await deviceMatchCommand.run({
      ...io,
      args: [
        ...["--url", server.url, "--root", region.toLowerCase()],
        ...["--state", state, "--wait", "1m"],
      ],
    });
    if (matched !== 0) return 1;
  }
  return 0;
}

/** The first server pushes its travelers' keys to the second. */
async function agree([home, away]: readonly DemoServer[]): Promise<void> {
  if (home === undefined || away === undefined) return;
  await home.apply([{
    kind: "Peer",
    name: "away",
    serverId: away.url,
    send: { regions: [REGIONS[0]] },
    push: { enabled: true },
  }]);
  await away.apply([{
    kind: "Peer",
    name: "home",
    serverId: home.url,
    accept: { regions: [REGIONS[0]] },
  }]);
}
