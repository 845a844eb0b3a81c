import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { testRegionResources } from "../../src/cli/device-resources.ts";
import { admin, openTestApp, type TestApp } from "../support/app.ts";
import { useDatabase } from "../support/database.ts";

const SIGNER = { key: "local:mag-signer", keyId: "310", version: "v1" };
const EXPORT = {
  bucket: "exports",
  filenameRoot: "mag",
  period: "4h",
  outputRegion: "MAG",
  signingKeys: ["mag-signer"],
};
const MIRROR = {
  indexUrl: "https://a.example/index.txt",
  exportRoot: "https://a.example/",
  bucket: "exports",
  filenameRoot: "copy",
};

type Faults = readonly { readonly path: string; readonly message: string }[];

describe("what phones and storage could not use", () => {
  const database = useDatabase();
  let app: TestApp;

  beforeAll(async () => {
    app = await openTestApp(database());
  });
  beforeEach(async () => {
    await database().clear();
    expect(await faultsOf("/signingKeys/mag-signer", SIGNER)).toEqual([]);
  });
  afterAll(() => app.close());

  /** Faults of a resource; none when it was taken. */
  const faultsOf = async (path: string, body: unknown): Promise<Faults> => {
    const answer = await admin(app, "PUT", path, body);
    if (answer.status < 300) return [];
    expect(answer.status).toBe(422);
    const { faults }: { faults: Faults } = await answer.json();
    return faults;
  };

  it.each(["&", "|", ":", ",", ";", " ", "-", "ä"])(
    "a key ID or version with %j is refused: phones split and join with it",
    async (character) => {
      expect(await faultsOf("/signingKeys/x", { ...SIGNER, keyId: `31${character}0` })).toEqual([{
        path: "SigningKey/x: keyId",
        message: "must be letters, digits, dots and underscores: phones split keys at any other",
      }]);
      expect(await faultsOf("/signingKeys/x", { ...SIGNER, version: `v${character}1` })).toEqual([{
        path: "SigningKey/x: version",
        message: "must be letters, digits and underscores: phones split keys at any other",
      }]);
    },
  );

  it("the resources that device publish prints for a region with a dash are taken", async () => {
    const device = { issuer: "i", audience: "a", keyVersion: "v1", publicKeyPem: "" };
    const region = { region: "US-CA", healthAuthorityId: "ca", period: "4h" };
    const [, , signer] = testRegionResources(region, device);
    expect(await faultsOf("/signingKeys/us-ca", signer)).toEqual([]);
  });

  it("a bundle ID is a key ID; a version with a dot is none", async () => {
    expect(await faultsOf("/signingKeys/x", { ...SIGNER, keyId: "org.mag.En_1" })).toEqual([]);
    expect((await faultsOf("/signingKeys/x", { ...SIGNER, version: "v1.1" })).length).toBe(1);
  });

  it.each<[string, string, object]>([
    ["/exportConfigs/x", "ExportConfig/x", EXPORT],
    ["/mirrors/x", "Mirror/x", MIRROR],
  ])("a root of %s that is the name of a file is refused", async (path, id, body) => {
    for (const filenameRoot of ["zz/index.txt", "index.txt", "a.zip", "zz/A.ZIP"]) {
      expect(await faultsOf(path, { ...body, filenameRoot })).toEqual([{
        path: `${id}: filenameRoot`,
        message: "must not end in index.txt or .zip: files have such names",
      }]);
    }
    expect(await faultsOf(path, { ...body, filenameRoot: "zz/index.txt.d" })).toEqual([]);
  });

  it("a copy's name below a file's name is refused", async () => {
    for (const filenameRewrite of ["index.txt/[uuid].zip", "a.zip/[timestamp]"]) {
      expect(await faultsOf("/mirrors/x", { ...MIRROR, filenameRewrite })).toEqual([{
        path: "Mirror/x: filenameRewrite",
        message: "must not have a folder named index.txt or .zip: files have such names",
      }]);
    }
  });

  it("a root below another of the same bucket is refused, whichever came first", async () => {
    const daily = { ...EXPORT, rollup: "24h" };
    expect(await faultsOf("/exportConfigs/one", daily)).toEqual([]);
    const inside = (root: string, outer: string): Faults => [{
      path: "Mirror/x: filenameRoot",
      message:
        `the place ${root} in bucket exports is below ${outer}, which ExportConfig/one has: ` +
        "choose a root beside it",
    }];
    const root = (filenameRoot: string, more = {}) =>
      faultsOf("/mirrors/x", { ...MIRROR, filenameRoot, ...more });
    expect(await root("mag/de")).toEqual(inside("mag/de", "mag"));
    expect(await root("mag-daily/de")).toEqual(inside("mag-daily/de", "mag-daily"));
    expect(await root("mag/de", { bucket: "others" })).toEqual([]);
    expect(await root("magrathea/de")).toEqual([]);
    expect(await faultsOf("/exportConfigs/two", { ...EXPORT, filenameRoot: "magrathea" })).toEqual([
      {
        path: "ExportConfig/two: filenameRoot",
        message:
          "the place magrathea in bucket exports is above magrathea/de, which Mirror/x has: " +
          "choose a root beside it",
      },
    ]);
  });

  it("a region that is both taken and excluded is refused", async () => {
    const message = (region: string): string =>
      `excludes ${region}, whose keys the export is to take: it would stay empty`;
    const fault = (region: string): Faults => [
      { path: "ExportConfig/x: excludeRegions", message: message(region) },
    ];
    const regions = (inputRegions: string[], excludeRegions: string[]) =>
      faultsOf("/exportConfigs/x", { ...EXPORT, inputRegions, excludeRegions });
    expect(await regions(["MAG", "XYZ"], ["xyz"])).toEqual(fault("XYZ"));
    expect(await regions([], ["MAG"])).toEqual(fault("MAG"));
    expect(await regions(["XYZ"], ["MAG"])).toEqual([]);
  });

  it("what was stored before a rule was made still loads, and can be changed elsewhere", async () => {
    const body = { kind: "SigningKey", name: "old", ...SIGNER, keyId: "3 1" };
    await database().sql`
      insert into resource values ('SigningKey', 'old', 1, ${database().sql.json(body)}, 0)`;
    const thru = "2099-01-01T00:00:00Z";
    expect(await faultsOf("/signingKeys/old", { ...SIGNER, keyId: "3 1", thru })).toEqual([]);
    expect((await faultsOf("/signingKeys/old", { ...SIGNER, keyId: "3 2", thru })).length).toBe(1);
  });
});
