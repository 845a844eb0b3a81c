/** A gateway in a process of its own, for bench/efgs.ts, which starts it with a channel: it has a core to itself. */
import process from "node:process";
import { efgsGatewayPart } from "../../src/app/efgs-gateway.ts";
import { countrySchema } from "../../src/model/resource/country.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { type DatabaseAddress, openDatabase } from "../../src/store/database.ts";
import { benchFoundation, fixedResources } from "./foundation.ts";

/** What the bench sends first. */
export type GatewayStart = {
  readonly address: DatabaseAddress;
  readonly countries: readonly unknown[];
};

const { address, countries }: GatewayStart = JSON.parse(process.argv[2] ?? "");
const runtime = currentRuntime();
const foundation = await benchFoundation(
  openDatabase({ address, statementTimeoutMs: 10_000 }),
  {},
  {
    cache: fixedResources(countries.map((country) => countrySchema.parse(country))),
  },
);
const { config } = foundation;
const proxies = { ...config.efgs.proxies, addresses: ["127.0.0.1"] };
const gateway = efgsGatewayPart({
  ...foundation,
  config: { ...config, efgs: { ...config.efgs, proxies }, roles: ["efgs", "jobs"] },
});
const { port } = await runtime.listen(gateway.handler, { host: "127.0.0.1", port: 0 });
process.on("message", async () => {
  const job = gateway.jobs.find(({ name }) => name === "efgs-batches");
  await job?.run(new AbortController().signal, () => {});
  process.send?.("made");
});
process.on("disconnect", () => process.exit());
process.send?.(port);
