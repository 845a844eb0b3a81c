import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { runHere } from "../support/command-line.ts";
import { temporaryFolder } from "../support/command-io.ts";
import { databaseSettings, useDatabase } from "../support/database.ts";
import type { Finished } from "../support/program.ts";

const MASTER_KEY = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
const REGION = `kind: SigningKey
name: mag-signer
key: local:mag-signer
keyId: "310"
version: v1
---
kind: ExportConfig
name: mag
bucket: exports
filenameRoot: mag
period: 4h
outputRegion: MAG
signingKeys: [mag-signer]
`;

describe("wayfarer apply", () => {
  const database = useDatabase();
  let folder = "";

  beforeEach(async () => {
    await database().clear();
    folder = await temporaryFolder();
  });

  const wayfarer = (...args: string[]): Promise<Finished> =>
    runHere(args, { ...databaseSettings(database().address), MASTER_KEY, DATA_DIR: folder });
  const apply = async (text: string, ...options: string[]): Promise<Finished> => {
    const path = join(folder, "region.yaml");
    await writeFile(path, text);
    return await wayfarer("apply", path, ...options);
  };

  it.each(["", "# all of it is a comment\n", "---\n---\n", "[]"])(
    "refuses to delete everything because of the input %j",
    async (text) => {
      expect(await apply(REGION)).toMatchObject({ status: 0 });
      const refused = await apply(text, "--prune");
      expect(refused.status).toBe(2);
      expect(refused.err).toContain("would delete all 2 resources");
      expect(refused.err).toContain("--allow-empty");
      expect((await wayfarer("get")).out).toContain("mag-signer");
    },
  );

  it("empties the configuration when told so", async () => {
    await apply(REGION);
    expect((await apply("", "--prune", "--dry-run")).out).toContain("- ExportConfig/mag");
    expect(await apply("", "--prune", "--allow-empty")).toMatchObject({ status: 0 });
    expect((await wayfarer("get")).out).toBe("");
    expect(await apply("", "--prune")).toMatchObject({ status: 0 });
  });

  it("shows the members that change, with the old and the new value, before and when it changes them", async () => {
    await apply(REGION);
    const changed = REGION.replace("4h", "2h").replace("[mag-signer]", "[mag-signer]\nrollup: 24h");
    const lines = [
      "= SigningKey/mag-signer",
      "~ ExportConfig/mag",
      '    period: "4h" -> "2h"',
      '    rollup: not set -> "24h"',
    ];
    expect((await apply(changed, "--dry-run")).out.trimEnd().split("\n")).toEqual(lines);
    const differs = await wayfarer("diff", join(folder, "region.yaml"));
    expect(differs).toMatchObject({ status: 1, out: `${lines.slice(1).join("\n")}\n` });
    expect((await apply(changed)).out.trimEnd().split("\n")).toEqual(lines);
    expect(await wayfarer("diff", join(folder, "region.yaml")))
      .toMatchObject({ status: 0, out: "" });
  });

  it("deletes by kind and name what no other resource uses", async () => {
    await apply(REGION);
    const used = await wayfarer("delete", "SigningKey", "mag-signer");
    expect(used.status).toBe(2);
    expect(used.err).toContain("is used by ExportConfig mag");
    expect(await wayfarer("delete", "exportConfigs", "mag"))
      .toMatchObject({ status: 0, out: "- ExportConfig/mag\n" });
    const gone = await wayfarer("delete", "ExportConfig", "mag");
    expect(gone.status).toBe(1);
    expect(gone.err).toContain('there is no ExportConfig named "mag"');
    const near = await wayfarer("delete", "SigningKey", "mag-singer");
    expect(near.err).toContain("did you mean mag-signer?");
    expect((await wayfarer("status")).out).toBe("nothing has run yet\n");
  });
});
