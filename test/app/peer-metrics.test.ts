import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { federationPages } from "../../src/store/federation/page.ts";
import { federationPeers } from "../../src/store/federation/peer.ts";
import { admin, ADMIN_TOKEN, openTestApp, type TestApp } from "../support/app.ts";
import { useDatabase } from "../support/database.ts";

const database = useDatabase();
/** 2023-11-14, 22:13:20 UTC. */
const NOW = 1_700_000_000;

describe("metrics of peers", () => {
  let app: TestApp;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOW);
    app = await openTestApp(database());
  });
  afterEach(() => app.close());

  const agree = async (name: string, more: object): Promise<void> => {
    const body = { serverId: `https://${name}.example`, ...more };
    expect((await admin(app, "PUT", `/peers/${name}`, body)).status).toBeLessThan(300);
  };
  /** The lines about peers, without their prefix. */
  const scrape = async (): Promise<readonly string[]> => {
    const answer = await app.fetch("/metrics", {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    return (await answer.text()).split("\n").filter((line) => line.startsWith("wayfarer_peer_"))
      .map((line) => line.slice("wayfarer_peer_".length)).sort();
  };

  it("tell how each direction that is switched on stands, as of now", async () => {
    await agree("sla", { pull: { enabled: true }, push: { enabled: true } });
    await agree("calls-us", { send: { regions: ["MAG"] } });
    const places = federationPeers(database());
    await places.note("sla", "pull", {
      state: "ok",
      nextTryInSeconds: 300,
      lagSeconds: 0,
      lagKeys: 3,
    });
    await places.note("calls-us", "pull", { state: "ok", nextTryInSeconds: 300, lagSeconds: 0 });
    await database().setClock(NOW + 100);
    expect(await scrape()).toEqual([
      'failures{peer="sla",direction="pull"} 0',
      'lag_keys{peer="sla",direction="pull"} 3',
      'lag_seconds{peer="sla",direction="pull"} 0',
      'next_try_seconds{peer="sla",direction="pull"} 200',
      'since_success_seconds{peer="sla",direction="pull"} 100',
      'state{peer="sla",direction="pull",state="behind"} 0',
      'state{peer="sla",direction="pull",state="failing"} 0',
      'state{peer="sla",direction="pull",state="ok"} 1',
      'state{peer="sla",direction="pull",state="refused"} 0',
      'state{peer="sla",direction="push",state="behind"} 0',
      'state{peer="sla",direction="push",state="failing"} 0',
      'state{peer="sla",direction="push",state="ok"} 0',
      'state{peer="sla",direction="push",state="refused"} 0',
    ]);
  });

  it("grow while a peer fails, and say so", async () => {
    await agree("sla", { push: { enabled: true } });
    const places = federationPeers(database());
    await places.note("sla", "push", { state: "ok", nextTryInSeconds: 300, lagSeconds: 0 });
    for (const later of [300, 310]) {
      await database().setClock(NOW + later);
      await places.note("sla", "push", { state: "failing", nextTryInSeconds: 20, error: "no" });
    }
    await database().setClock(NOW + 5000);
    expect(await scrape()).toEqual(expect.arrayContaining([
      'state{peer="sla",direction="push",state="failing"} 1',
      'state{peer="sla",direction="push",state="ok"} 0',
      'lag_seconds{peer="sla",direction="push"} 5000',
      'failures{peer="sla",direction="push"} 2',
      'next_try_seconds{peer="sla",direction="push"} -4670',
    ]));
  });

  it("count today's keys and verdicts, those by names of ours alone", async () => {
    await agree("sla", {});
    const pages = federationPages(database());
    const page = { peer: "sla", keys: 5, revised: 1, tookMs: 3 };
    await database().setClock(NOW - 86_400);
    await pages.add({ ...page, kind: "pull", keys: 1000, verdicts: { stored: 1000 } });
    await database().setClock(NOW);
    await pages.add({ ...page, kind: "pushed", verdicts: { stored: 3, region: 3 } });
    await pages.add({ ...page, kind: "pushed", verdicts: { stored: 1, made_up: 3, invented: 2 } });
    await pages.add({ ...page, kind: "fetched", verdicts: {} });
    await pages.add({ ...page, peer: "gone", kind: "pull", verdicts: { stored: 6 } });
    expect(await scrape()).toEqual([
      'keys_today{peer="sla",kind="fetched",change="new"} 5',
      'keys_today{peer="sla",kind="fetched",change="revised"} 1',
      'keys_today{peer="sla",kind="pushed",change="new"} 10',
      'keys_today{peer="sla",kind="pushed",change="revised"} 2',
      'verdicts_today{peer="sla",kind="pushed",verdict="refused"} 5',
      'verdicts_today{peer="sla",kind="pushed",verdict="region"} 3',
      'verdicts_today{peer="sla",kind="pushed",verdict="stored"} 4',
    ]);
  });

  it("forget a direction that was switched off, an agreement that ended and a peer that was removed", async () => {
    const both = { pull: { enabled: true }, push: { enabled: true } };
    await agree("a", both);
    await agree("b", both);
    await agree("c", both);
    const named = async () =>
      [...new Set((await scrape()).map((line) => /peer="(.)",direction="(....)"/.exec(line)))]
        .flatMap((found) => found === null ? [] : [`${found[1]} ${found[2]}`])
        .filter((one, at, all) => all.indexOf(one) === at).sort();
    expect(await named()).toEqual(["a pull", "a push", "b pull", "b push", "c pull", "c push"]);
    await agree("a", { ...both, push: { enabled: false } });
    await agree("b", { ...both, thru: "2023-11-14T22:00:00Z" });
    expect((await admin(app, "DELETE", "/peers/c")).status).toBe(204);
    expect(await named()).toEqual(["a pull"]);
  });

  it("are left out, not stale, while the database cannot tell", async () => {
    await agree("sla", { pull: { enabled: true } });
    expect(await scrape()).not.toEqual([]);
    await app.foundation.database.close(0);
    expect(await scrape()).toEqual([]);
    expect(app.logged.join("\n")).toContain("lags-unknown");
  });
});
