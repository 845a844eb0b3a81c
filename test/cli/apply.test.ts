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
});
