import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { useDatabase } from "../../../support/database.ts";
import {
  backEnd,
  certificateOf,
  countryOf,
  NOW,
  openTestGateway,
  type TestGateway,
} from "../gateway/world.ts";
import { openTestClient, type TestClient } from "../client-world.ts";

const IE = backEnd("IE");
const DE = backEnd("DE");

describe("two national back ends", () => {
  const databases = [useDatabase(), useDatabase(), useDatabase()] as const;
  let gateway: TestGateway;
  let ie: TestClient;
  let de: TestClient;

  const through = (from: typeof IE) => async (request: Request) => {
    const { pathname, search } = new URL(request.url);
    const { method, headers } = request;
    const body = method === "POST" ? { body: await request.arrayBuffer() } : {};
    return await gateway.ask(from, pathname + search, { method, headers, ...body });
  };

  beforeAll(async () => {
    gateway = await openTestGateway(databases[0]());
    ie = await openTestClient(IE, databases[1](), through(IE));
    de = await openTestClient(DE, databases[2](), through(DE));
  });
  beforeEach(async () => {
    await Promise.all(databases.map((database) => database().clear()));
    for (const one of [gateway, ie, de]) await one.setTime(NOW);
    await gateway.enroll(countryOf(IE), countryOf(DE));
    ie.agree();
    de.agree();
  });
  afterAll(() => gateway.close());

  it("learn no days since onset of a country that does not send them", async () => {
    ie.agree({ send: { regions: ["IE"], symptomOnset: false } });
    await ie.publish(1, { days_since_onset: -2, onset_told: true });
    expect(await ie.sync("push")).toMatchObject({ counts: { stored: 1 }, state: "ok" });
    await gateway.makeBatches();
    expect(await de.sync("pull")).toMatchObject({ counts: { stored: 1 }, state: "ok" });
    expect(await de.database.sql`select onset_told from exposure where source = 'peer'`)
      .toEqual([{ onset_told: false }]);
  });

  it("exchange keys through a gateway, once each, with regions, travelers and days since onset", async () => {
    await ie.publish(1, { days_since_onset: -2, onset_told: true });
    await ie.publish(2, { report_type: "likely", transmission_risk: 0, days_since_onset: 3 });
    await ie.publish(3, { traveler: false });
    await de.publish(1);
    expect(await ie.sync("push")).toMatchObject({ counts: { stored: 2 }, state: "ok" });
    expect(await de.sync("push")).toMatchObject({ counts: { stored: 1 }, state: "ok" });
    await gateway.makeBatches();
    expect(await de.sync("pull")).toMatchObject({ counts: { keys: 2, stored: 2 }, state: "ok" });
    expect(await ie.sync("pull")).toMatchObject({ counts: { keys: 1, stored: 1 }, state: "ok" });
    const rows = await de.database.sql`
      select transmission_risk, report_type, days_since_onset, onset_told, regions, traveler,
             source, source_name, home_server, hops
      from exposure where source = 'peer' order by key`;
    const common = {
      regions: ["IE", "DE"],
      traveler: true,
      source: "peer",
      source_name: "gateway",
      home_server: "https://gateway.example/IE",
      hops: 1,
    };
    expect(rows).toEqual([
      {
        ...common,
        transmission_risk: 3,
        report_type: "confirmed",
        days_since_onset: -2,
        onset_told: true,
      },
      // Published a day after it ended: two days before the submission, plus three to the likely onset.
      {
        ...common,
        transmission_risk: 4,
        report_type: "likely",
        days_since_onset: 2,
        onset_told: false,
      },
    ]);
    for (const one of [ie, de]) {
      expect(await one.sync("push")).toMatchObject({ counts: { keys: 0 }, state: "ok" });
      expect(await one.sync("pull")).toMatchObject({ counts: { keys: 0 }, state: "ok" });
    }
  });

  it("speak JSON as well", async () => {
    ie.agree({}, { format: "json" });
    de.agree({}, { format: "json" });
    await ie.publish(1);
    expect(await ie.sync("push")).toMatchObject({ counts: { stored: 1 }, error: undefined });
    await gateway.makeBatches();
    expect(await de.sync("pull")).toMatchObject({ counts: { stored: 1 }, error: undefined });
  });

  it("go on across batches, midnights and a batch of their own keys only", async () => {
    for (const [number, seconds] of [NOW, NOW + 10_800, NOW + 86_400].entries()) {
      for (const one of [gateway, ie, de]) await one.setTime(seconds);
      await ie.publish(number, { created_at: seconds - 10_800 });
      await ie.sync("push");
      await gateway.makeBatches();
    }
    await de.publish(1);
    await de.sync("push");
    await gateway.makeBatches();
    expect(await de.sync("pull")).toMatchObject({ counts: { keys: 3, stored: 3 }, state: "ok" });
    expect(await de.sync("pull")).toMatchObject({ counts: { keys: 0 }, state: "ok" });
    for (const one of [gateway, ie, de]) await one.setTime(NOW + 97_200);
    await ie.publish(7, { created_at: NOW + 86_400 });
    await ie.sync("push");
    await gateway.makeBatches();
    expect(await de.sync("pull")).toMatchObject({ counts: { keys: 1, stored: 1 }, state: "ok" });
  });

  it("verify each other's signatures by pins or the trust anchor, and refuse what does not verify", async () => {
    const { thumbprint } = certificateOf(IE.signing);
    await ie.publish(1);
    await ie.sync("push");
    await gateway.makeBatches();
    de.agree({}, { verifySignatures: "require" });
    expect(await de.sync("pull")).toMatchObject({ counts: { keys: 1, signature: 1 }, state: "ok" });
    expect(await de.parts.batches.last("gateway", 1)).toMatchObject([{
      origin: "IE",
      signature: "failed",
      fault: "the signer is not in efgs.signers, and there is no efgs.trustAnchor",
      verdicts: { signature: 1 },
    }]);
    await de.database.clear();
    de.agree({}, { verifySignatures: "require", signers: [thumbprint] });
    expect(await de.sync("pull")).toMatchObject({ counts: { keys: 1, stored: 1 }, state: "ok" });
    expect(await de.parts.batches.last("gateway", 1)).toMatchObject([{
      origin: "IE",
      signature: "verified",
      keys: 1,
      verdicts: { stored: 1 },
    }]);
  });

  it("upload another report type only when that is agreed, and revise what came before", async () => {
    ie.agree({}, { revisions: true });
    await ie.publish(1, { report_type: "likely" });
    await ie.sync("push");
    await gateway.makeBatches();
    await de.sync("pull");
    await ie.database.bulk`
      update exposure set revised_at = ${NOW}, revised_report_type = 'confirmed'`;
    for (const one of [gateway, ie, de]) await one.setTime(NOW + 10_800);
    expect(await ie.sync("push")).toMatchObject({ counts: { stored: 1 }, state: "ok" });
    await gateway.makeBatches();
    expect(await de.sync("pull")).toMatchObject({ counts: { revised: 1 }, state: "ok" });
    expect(await de.database.sql`select revised_report_type from exposure`)
      .toEqual([{ revised_report_type: "confirmed" }]);
  });
});
