import { Buffer } from "node:buffer";
import { beforeEach, describe, expect, it } from "vitest";
import { asSeconds } from "../../src/model/ids.ts";
import { publishRoute } from "../../src/publish/route.ts";
import { useDatabase } from "../support/database.ts";
import {
  makeWorld,
  NOON,
  post,
  read,
  resource,
  type SentTek,
  tek,
  TODAY,
  type World,
} from "./world.ts";

describe("a publish of keys that exist", () => {
  const database = useDatabase();
  let world: World;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeWorld(database());
  });

  const send = async (
    keys: readonly SentTek[],
    reportType: string,
    revisionToken?: string,
    members: Readonly<Record<string, unknown>> = {},
  ) =>
    await read(
      await publishRoute(world.deps)(
        post(await world.body(keys, { revisionToken, ...members }, { reportType })),
      ),
    );
  const first = async (keys: readonly SentTek[], reportType = "likely") => {
    const { status, json } = await send(keys, reportType);
    expect(status).toBe(200);
    return json.revisionToken ?? "";
  };
  type Row = Record<string, unknown>;
  const row = async () => (await database().sql<Row[]>`select * from exposure`)[0];
  const authority = (members: Readonly<Record<string, unknown>>) =>
    world.resources[1] = resource("HealthAuthority", {
      name: "mag",
      regions: ["MAG"],
      acceptIssuers: ["mag-verification"],
      ...members,
    });

  it("revises with a token that covers them", async () => {
    const key = tek(1);
    const token = await first([key]);
    await database().setClock(NOON + 3600);
    authority({ name: "sla", regions: ["SLA", "MAG"] });
    const { status, json } = await send([{ ...key, transmissionRisk: 6 }], "confirmed", token, {
      healthAuthorityID: "sla",
      symptomOnsetInterval: TODAY - 3 * 144,
    });
    expect([status, json.insertedExposures, json.error]).toEqual([200, undefined, undefined]);
    expect(await row()).toMatchObject({
      report_type: "likely",
      transmission_risk: 4,
      days_since_onset: 1,
      created_at: NOON,
      health_authority: "mag",
      regions: ["MAG", "SLA"],
      revised_report_type: "confirmed",
      revised_at: NOON + 3600,
      revised_transmission_risk: 6,
      revised_days_since_onset: 2,
      revised_health_authority: "sla",
    });
  });

  it("gives a key one revision when two come at the same moment: the other is told so", async () => {
    for (let round = 0; round < 12; round++) {
      await database().sql`truncate exposure`;
      const key = tek(1);
      const token = await first([key]);
      const types = round % 2 === 0 ? ["confirmed", "negative"] : ["negative", "confirmed"];
      const answers = await Promise.all(types.map((type) => send([key], type, token)));
      const [won, lost] = answers[0]?.status === 200 ? answers : answers.toReversed();
      expect([won?.status, lost?.status, lost?.json.code, lost?.json.error]).toEqual([
        200,
        400,
        "key_already_revised",
        "key 0 has already been revised",
      ]);
      const revised = won === answers[0] ? types[0] : types[1];
      expect(await row()).toMatchObject({ revised_report_type: revised });
    }
  });

  it("revokes by negative", async () => {
    const key = tek(1);
    const token = await first([key], "user-report");
    expect((await send([key], "negative", token)).status).toBe(200);
    expect(await row()).toMatchObject({
      revised_report_type: "negative",
      revised_transmission_risk: 6,
    });
  });

  it("does not release an embargoed key by revising it", async () => {
    const key = tek(0);
    const token = await first([key]);
    expect((await send([key], "confirmed", token)).status).toBe(200);
    const stored = await row();
    expect(stored?.["revised_at"]).toBe(stored?.["created_at"]);
    expect(stored?.["revised_at"]).toBe((TODAY + 144) * 600 + 3600);
  });

  it("inserts what is new beside what it revises, all or nothing", async () => {
    const [old, fresh] = [tek(2), tek(1)];
    const token = await first([old]);
    const { json } = await send([old, fresh], "confirmed", token);
    expect(json.insertedExposures).toBe(1);
    const both = await send([old, fresh], "negative", json.revisionToken);
    expect([both.status, both.json.code]).toEqual([400, "key_already_revised"]);
    const another = tek(3);
    const refused = await send([old, another], "negative", json.revisionToken);
    expect([refused.status, refused.json.code]).toEqual([400, "key_already_revised"]);
    const count = await database().sql`select from exposure`;
    expect(count).toHaveLength(2);
  });

  it.each([
    ["no token", () => undefined],
    ["an empty one", () => ""],
  ])("is refused with %s, in the words that apps look for", async (_, token) => {
    const key = tek(1);
    await first([key]);
    for (const type of ["likely", "confirmed"]) {
      const { status, json } = await send([tek(2), key], type, token());
      expect([status, json.code, json.error, json.revisionToken]).toEqual([
        400,
        "missing_revision_token",
        "no revision token, but sent existing keys",
        undefined,
      ]);
    }
    expect(await database().sql`select from exposure`).toHaveLength(1);
  });

  it.each([
    ["not base64", () => "*"],
    ["not a token", () => Buffer.from("hello").toString("base64")],
    ["cut short", (token: string) => token.slice(0, -24)],
    [
      "changed",
      (token: string) => token.slice(0, -6) + (token.at(-6) === "A" ? "B" : "A") + token.slice(-5),
    ],
  ])("is refused with a token that is %s", async (_, spoil) => {
    const key = tek(1);
    const token = await first([key]);
    const { status, json } = await send([key], "confirmed", spoil(token));
    expect([status, json.code, json.error]).toEqual([
      400,
      "invalid_revision_token",
      "the revision token cannot be read",
    ]);
  });

  it("does not mind a bad token when no key exists", async () => {
    expect((await send([tek(1)], "confirmed", "*")).status).toBe(200);
  });

  it("is refused with a token that lacks the key, or has it with another span", async () => {
    const [mine, theirs] = [tek(1), tek(1)];
    await first([theirs]);
    const token = await first([mine]);
    const lacking = await send([mine, theirs], "confirmed", token);
    expect([lacking.status, lacking.json.code, lacking.json.error]).toEqual([
      400,
      "invalid_revision_token",
      "key 1 is not in the revision token",
    ]);
    const hex = Buffer.from(theirs.key, "base64").toString("hex");
    const forged = await (await world.deps.tokens.maker())([
      { hex, intervalNumber: theirs.rollingStartNumber, intervalCount: 10 },
    ]);
    const { json } = await send([theirs], "confirmed", forged);
    expect([json.code, json.error]).toEqual([
      "invalid_revision_token",
      "key 0 is in the revision token with another start or period than stored",
    ]);
  });

  it("is refused with another span than stored, never with a 500", async () => {
    const key = tek(2);
    const token = await first([key]);
    for (const change of [{ rollingPeriod: 100 }, { rollingStartNumber: TODAY - 144 }]) {
      const { status, json } = await send([{ ...key, ...change }], "confirmed", token);
      expect([status, json.code, json.error]).toEqual([
        400,
        "bad_request",
        "key 0 is stored with another rollingStartNumber or rollingPeriod",
      ]);
    }
  });

  it("changes nothing when it is repeated with a token", async () => {
    const key = tek(1);
    const token = await first([key]);
    const again = await send([key], "likely", token);
    expect([again.status, again.json.error]).toEqual([200, undefined]);
    const revised = await send([key], "confirmed", again.json.revisionToken);
    const before = await row();
    for (const type of ["confirmed", "likely"]) {
      const repeated = await send([key], type, revised.json.revisionToken);
      expect([repeated.status, repeated.json.error]).toEqual([200, undefined]);
    }
    expect(await row()).toEqual(before);
  });

  it.each([
    ["confirmed", "negative", "key 0 cannot be revised from confirmed to negative"],
    ["likely", "user-report", "key 0 cannot be revised from likely to user-report"],
  ])("is refused from %s to %s", async (from, to, error) => {
    const key = tek(1);
    const token = await first([key], from);
    const { status, json } = await send([key], to, token);
    expect([status, json.code, json.error]).toEqual([400, "invalid_report_type_transition", error]);
  });

  it("is refused when it was revised to something else", async () => {
    const key = tek(1);
    const token = await first([key]);
    await send([key], "confirmed", token);
    const { status, json } = await send([key], "negative", token);
    expect([status, json.code, json.error]).toEqual([
      400,
      "key_already_revised",
      "key 0 has already been revised",
    ]);
  });

  it("needs no token where the health authority bypasses it", async () => {
    const key = tek(1);
    await first([key]);
    authority({ bypassRevisionToken: true });
    expect((await send([key], "confirmed")).status).toBe(200);
    expect(await row()).toMatchObject({ revised_report_type: "confirmed" });
    const { json } = await send([{ ...key, rollingPeriod: 1 }], "confirmed");
    expect(json.code).toBe("bad_request");
  });

  it.each(["peer", "import", "generated"])(
    "cannot revise a key that came by %s",
    async (source) => {
      const key = tek(1);
      const token = await first([key]);
      await database().sql`update exposure set source = ${source}`;
      const { status, json } = await send([key], "confirmed", token);
      expect([status, json.code, json.error]).toEqual([
        400,
        "bad_request",
        "key 0 came from another server and can only be revised there",
      ]);
      expect((await send([key], "likely", token)).status).toBe(200);
    },
  );

  it("counts an empty stored type as likely", async () => {
    const key = tek(1);
    const token = await first([key]);
    await database().sql`update exposure set report_type = ''`;
    expect((await send([key], "likely", token)).status).toBe(200);
    expect((await send([key], "confirmed", token)).status).toBe(200);
  });

  it("leaves keys out that the token lacks, with ALLOW_PARTIAL_REVISIONS", async () => {
    const settings = { ...world.settings, allowPartialRevisions: true };
    world = { ...world, deps: { ...world.deps, settings } };
    const [mine, theirs, fresh] = [tek(1), tek(2), tek(3)];
    await first([theirs]);
    const token = await first([mine]);
    const { status, json } = await send([theirs, mine, fresh], "confirmed", token);
    expect([status, json.insertedExposures]).toEqual([200, 1]);
    const revised = await database().sql`select from exposure where revised_at is not null`;
    expect(revised).toHaveLength(1);
    const held = await world.deps.tokens.read(json.revisionToken ?? "");
    const hex = (key: SentTek) => Buffer.from(key.key, "base64").toString("hex");
    expect(new Set(held?.keys())).toEqual(new Set([hex(mine), hex(fresh)]));
    expect((await send([theirs], "confirmed")).json.code).toBe("missing_revision_token");
    expect((await send([theirs], "confirmed", "*")).json.code).toBe("invalid_revision_token");
  });

  describe("the new token", () => {
    const held = async (token: string | undefined) =>
      new Set((await world.deps.tokens.read(token ?? ""))?.keys());
    const hex = (key: SentTek) => Buffer.from(key.key, "base64").toString("hex");

    it("holds the old token's keys and the new ones", async () => {
      const [a, b] = [tek(1), tek(2)];
      const token = await first([a]);
      const { json } = await send([b], "likely", token);
      expect(await held(json.revisionToken)).toEqual(new Set([hex(a), hex(b)]));
    });

    it("drops keys that are older than MAX_INTERVAL_AGE_ON_PUBLISH", async () => {
      const [old, young] = [tek(14), tek(1)];
      const token = await first([old, young]);
      world.clock.now = asSeconds(NOON + 2 * 86_400);
      const { json } = await send([tek(0, { rollingPeriod: 1 })], "likely", token);
      const keys = await held(json.revisionToken);
      expect(keys.has(hex(young))).toBe(true);
      expect(keys.has(hex(old))).toBe(false);
    });

    it("holds nothing of a revocation of what was never had", async () => {
      const { json } = await send([tek(1)], "negative");
      expect(await held(json.revisionToken)).toEqual(new Set());
    });
  });
});
