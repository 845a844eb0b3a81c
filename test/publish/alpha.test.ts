import { beforeEach, describe, expect, it } from "vitest";
import { publishAlphaRoute } from "../../src/publish/route.ts";
import { useDatabase } from "../support/database.ts";
import { makeWorld, NOON, post, read, resource, tek, type World } from "./world.ts";

describe("publishAlphaRoute()", () => {
  const database = useDatabase();
  let world: World;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeWorld(database());
    world.resources[1] = resource("HealthAuthority", {
      name: "mag",
      regions: ["MAG", "SLA"],
      acceptIssuers: ["mag-verification"],
    });
  });
  const send = async (members: Readonly<Record<string, unknown>>, keys = [tek(1)]) => {
    const { healthAuthorityID: _, ...body } = await world.body(keys);
    const content = { ...body, appPackageName: "mag", ...members };
    return await publishAlphaRoute(world.deps)(post(content, {}, "http://wayfarer.test/"));
  };
  const stored = async () =>
    (await database().sql<{ regions: string[]; traveler: boolean }[]>`
      select regions, traveler from exposure`)[0];

  it("answers without code, as version v1alpha", async () => {
    const response = await send({}, [tek(1), tek(1, { rollingPeriod: 0 })]);
    expect(response.headers.get("x-api-version")).toBe("v1alpha");
    const { status, json } = await read(response);
    expect([status, json.insertedExposures, json.code]).toEqual([200, 1, undefined]);
    expect(json.error).toContain("key 1 cannot be imported");
    const refused = await read(await send({ appPackageName: "nobody" }));
    expect([refused.status, refused.json.code, refused.json.error]).toEqual([
      401,
      undefined,
      "unknown health authority ID",
    ]);
  });

  it.each<[unknown, string[], boolean]>([
    [undefined, ["MAG", "SLA"], false],
    [[], ["MAG", "SLA"], false],
    [["mag"], ["MAG"], false],
    [["MAG", "mag"], ["MAG"], false],
    [["SLA", "mag"], ["SLA", "MAG"], true],
  ])("publishes for regions %j", async (regions, expected, traveler) => {
    expect((await send({ regions, platform: "android", deviceVerificationPayload: "x" })).status)
      .toBe(200);
    expect(await stored()).toEqual({ regions: expected, traveler });
  });

  it("refuses a region that the app is not allowed", async () => {
    const { status, json } = await read(await send({ regions: ["MAG", "XX"] }));
    expect([status, json.code, json.error]).toEqual([
      401,
      undefined,
      "a region is not allowed for this appPackageName",
    ]);
    expect(await stored()).toBeUndefined();
  });
});
