import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestApp, type TestApp } from "../support/app.ts";
import { signedIn, textOf, type Visitor } from "../support/console.ts";
import { applyResources, fillWorld, RESOURCES } from "../support/console-world.ts";
import { useDatabase } from "../support/database.ts";

/** Texts that would do harm if anything showed them as markup. */
const HOSTILE = `"><script>alert(1)</script><img src=x onerror=alert(2)>' onfocus='alert(3)`;
const PATHS = [
  "/console",
  "/console/healthAuthorities",
  "/console/healthAuthorities/mag",
  "/console/healthAuthorities/mag/edit",
  "/console/issuers",
  "/console/issuers/magrathea-verification",
  "/console/issuers/magrathea-verification/edit",
  "/console/issuers/magrathea-verification/delete",
  "/console/signingKeys",
  "/console/signingKeys/mag-signer",
  "/console/exports",
  "/console/exportConfigs/mag",
  "/console/imports",
  "/console/exportImports/ost",
  "/console/peers",
  "/console/peers/keys.sla.example",
  "/console/peers/keys.nor.example",
  "/console/peers/keys.sla.example/edit",
  "/console/where",
  "/console/revoke",
  "/console/jobs",
  "/console/settings",
  "/console/audit",
  "/console/setup/mag",
] as const;

describe("the console of a region that works", () => {
  const database = useDatabase();
  let app: TestApp;
  let visitor: Visitor;
  let keys: readonly string[];

  beforeAll(async () => {
    app = await openTestApp(database(), { MIN_WINDOW_AGE: "1s", EXPORT_FILE_MIN_RECORDS: "1" });
    ({ keys } = await fillWorld(app, database(), Math.floor(Date.now() / 1000)));
    visitor = await signedIn(app, "admin");
  });
  afterAll(() => app.close());

  it.each(PATHS)("%s is whole", async (path) => {
    const answer = await visitor.get(path);
    expect(answer.status).toBe(200);
    const html = await answer.text();
    expect(html).not.toMatch(/\sstyle=|\son[a-z]+=|undefined|\[object|NaN|Infinity/);
    expect(html.match(/<h1/g)?.length).toBe(1);
    // No key, secret or hash of a token is on a page that nobody asked for it.
    for (const key of keys) expect(html).not.toContain(key);
    const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it("tells what to do first, with why", async () => {
    const text = await textOf(await visitor.get("/console"));
    expect(text).toContain("Working, with one problem");
    expect(text).toContain("Find out why keys.nor.example is silent");
    expect(text).toContain("Replace ADMIN_TOKEN by named tokens");
    expect(text).toMatch(/805 on|804 on/);
  });

  it("shows a file, its keys only when asked, and notes that somebody looked", async () => {
    const [file] = await database().sql<{ bucket: string; name: string }[]>`
      select bucket, name from export_file order by ends_at desc limit 1`;
    const { bucket = "", name = "" } = file ?? {};
    const page = await visitor.get(
      `/console/exports/file?${new URLSearchParams({ bucket, name })}`,
    );
    const text = await textOf(page);
    expect(text).toContain("This file is in order.");
    expect(text).toContain("CONFIRMED_TEST");
    expect(text).not.toContain(keys[0]);
    const shown = await visitor.post("/console/exports/file", { bucket, name });
    expect(await textOf(shown)).toContain(keys[0]);
    const log = await textOf(await visitor.get("/console/audit?kind=ExportFile"));
    expect(log).toContain(`look ExportFile ${name}`);
  });

  it("tells where a key is, and keeps it out of every address and row", async () => {
    const answer = await visitor.post("/console/where", { keys: keys.join("\n") });
    const text = await textOf(answer);
    expect(text).toContain("2 of 2 keys are here");
    expect(text).toContain("Here, and on phones");
    expect(JSON.stringify(await database().sql`select * from audit_log`)).not.toContain(keys[0]);
    expect(app.logged.join()).not.toContain(keys[0]);
    const none = await visitor.post("/console/where", { keys: "no key" });
    expect(none.status).toBe(422);
    expect(await textOf(none)).toContain("there is no key in the text".replace("t", "T"));
  });

  it("previews an agreement before it is saved, and saves it once", async () => {
    const edit = await (await visitor.get("/console/peers/keys.sla.example/edit")).text();
    const version = /name="version" value="(\d+)"/.exec(edit)?.[1] ?? "";
    const fields = {
      serverId: "https://keys.sla.example",
      protocol: "auto",
      "send.regions": "MAG",
      "send.symptomOnset": "on",
      "send.selfReport": "on",
      "send.maxKeysPerSecond": "100000",
      "accept.regions": "SLA",
      "accept.onlyTravelers": "on",
      "pull.enabled": "on",
      "pull.interval": "5m",
      "pull.pageSize": "2000",
      "push.interval": "5m",
      "push.pageSize": "2000",
      version,
    };
    const review = await textOf(await visitor.post("/console/peers/keys.sla.example/edit", fields));
    expect(review).toContain("600 of 600 keys would go out , now 150.");
    expect(review).toContain("− Removed: onlyTravelers: true");
    const save = () =>
      visitor.post("/console/peers/keys.sla.example/edit", { ...fields, step: "save" });
    for (const answer of [await save(), await save()]) {
      expect(answer.headers.get("location")).toBe("/console/peers/keys.sla.example?done=saved");
    }
    const other = await visitor.post("/console/peers/keys.sla.example/edit", {
      ...fields,
      "send.regions": "",
    });
    expect(other.status).toBe(409);
    expect(await textOf(other)).toContain(
      "Somebody changed keys.sla.example while you were editing it.",
    );
  });

  it("keeps what was typed, with what is wrong beside the field", async () => {
    const answer = await visitor.post("/console/exportConfigs/new", {
      name: "bad",
      period: "5h",
      bucket: "exports",
      filenameRoot: "mag",
      signingKeys: "nobody",
      outputRegion: "MAG",
    });
    expect(answer.status).toBe(422);
    const html = await answer.text();
    expect(html).toContain('value="5h"');
    expect(html).toContain("How long is a window? must be whole seconds that divide 24h.");
    expect(html).toContain("<title>Error: Add an export");
  });

  it("deletes nothing before its name is typed, and nothing that is needed", async () => {
    const path = "/console/signingKeys/mag-signer/delete";
    const version = "1";
    expect((await visitor.post(path, { typed: "mag", version })).status).toBe(422);
    const needed = await visitor.post(path, { typed: "mag-signer", version });
    expect(await textOf(needed)).toContain("It is still needed");
  });

  it("shows hostile texts as texts, in every member that takes them", async () => {
    const issuer = {
      ...RESOURCES[0],
      name: "hostile",
      issuer: HOSTILE,
      audience: HOSTILE,
      keys: [{ version: HOSTILE, publicKeyPem: Object(RESOURCES[0]).keys[0].publicKeyPem }],
    };
    const authority = {
      kind: "HealthAuthority",
      name: `<img/src=x/onerror=alert(1)>"'`,
      regions: ["MAG"],
    };
    const signer = { ...RESOURCES[2], name: "h", key: "local:h" };
    await applyResources(app, [issuer, authority, signer]);
    await database().sql`update peer_state set error = ${HOSTILE} where peer = 'keys.nor.example'`;
    await database().sql`insert into job_run (name, started_at, finished_at, error, detail)
      values ('export', 1, 2, null, ${JSON.stringify({ [HOSTILE]: HOSTILE })}::text::jsonb)`;
    const paths = [
      ...PATHS,
      "/console/issuers/hostile",
      "/console/issuers/hostile/edit",
      `/console/healthAuthorities/${encodeURIComponent(authority.name)}`,
      `/console/healthAuthorities/${encodeURIComponent(authority.name)}/delete`,
      "/console/signingKeys/h",
      `/console/audit?who=${encodeURIComponent(HOSTILE)}&kind=${encodeURIComponent(HOSTILE)}`,
      "/",
    ];
    for (const path of paths) {
      const answer = await visitor.get(path);
      expect({ path, status: answer.status }).toEqual({ path, status: 200 });
      const html = await answer.text();
      expect({ path, found: html.match(/<script>alert|<img[ /]src=x|'\s?onfocus='/)?.[0] })
        .toEqual({ path, found: undefined });
    }
  });
});
