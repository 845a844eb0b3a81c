import { beforeEach, describe, expect, it } from "vitest";
import { AppError } from "../../src/errors.ts";
import { verifyExportFile } from "../../src/export-file/verify.ts";
import { seriesOf } from "../../src/export/series.ts";
import { dueAfterSeconds } from "../../src/export/settings.ts";
import type { KeyManager } from "../../src/keys/key-manager.ts";
import { exportStatuses } from "../../src/store/export/status.ts";
import { useDatabase } from "../support/database.ts";
import { config, DAY_ONE, HOUR, openWorld, signingKey, type World } from "./world.ts";

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();

describe("signing keys of an export", () => {
  const database = useDatabase();
  let world: World;

  beforeEach(async () => {
    world = await openWorld(database());
    await world.insert([{ id: "a", createdAt: DAY_ONE }, {
      id: "b",
      createdAt: DAY_ONE + 5 * HOUR,
    }]);
    await database().setClock(DAY_ONE + 6 * HOUR);
  });

  /** A key manager with creation times, in which some keys are unreachable. */
  const managed = (
    ages: Readonly<Record<string, number>>,
    down: readonly string[],
  ): KeyManager => ({
    ...world.keys,
    versions: (reference) => Promise.resolve([{ version: "1", createdAt: ages[reference] ?? 0 }]),
    sign: (reference, data) =>
      down.includes(reference)
        ? Promise.reject(new AppError("key_unavailable", `${reference} cannot be reached`))
        : world.keys.sign(reference, data),
  });
  const statuses = () =>
    exportStatuses(database()).all(
      seriesOf(config({ name: "mag" })),
      dueAfterSeconds(world.settings),
    );
  const add = async (
    name: string,
    members: Parameters<typeof signingKey>[1] = {},
  ): Promise<void> => {
    await world.keys.create(`local:${name}`, "sign");
    world.put(signingKey(name, { version: name, ...members }));
  };
  const infos = async (): Promise<readonly (readonly string[])[]> =>
    (await world.download("mag")).map(({ file }) =>
      file.signatureInfos.map((info) => info.keyVersion)
    );

  it("all sign, newest first, and every signature verifies", async () => {
    await add("v2");
    await add("v3");
    world.put(config({ name: "mag", signingKeys: ["v2", "signer", "v3"] }));
    await world.run({
      keys: managed({ "local:v2": 200, "local:v3": 300, "local:signer": 100 }, []),
    });
    expect(await infos()).toEqual([["v3", "v2", "v1"]]);
    const [download] = await world.download("mag");
    const publicKeys = await Promise.all(["v3", "v2", "signer"].map(async (name) => ({
      keyId: "310",
      keyVersion: name === "signer" ? "v1" : name,
      publicKey: await world.keys.publicKeyPem(`local:${name}`),
    })));
    const verdicts = download && await verifyExportFile(download.file, publicKeys, crypto.subtle);
    expect(verdicts?.map((one) => one.verdict)).toEqual(["valid", "valid", "valid"]);
    expect(download?.file.signatures.map(({ info }) => info))
      .toEqual(download?.file.signatureInfos);
  });

  it("created at the same time sign in order from last named to first", async () => {
    await add("v2");
    world.put(config({ name: "mag", signingKeys: ["signer", "v2"] }));
    await world.run({ keys: managed({}, []) });
    expect(await infos()).toEqual([["v2", "v1"]]);
  });

  it("rotate: the new one beside the old one, then the old one expires", async () => {
    await add("v2");
    world.put(
      signingKey("signer", { thru: iso(DAY_ONE + 10 * HOUR) }),
      config({ name: "mag", signingKeys: ["signer", "v2"] }),
    );
    await world.run();
    await database().setClock(DAY_ONE + 10 * HOUR);
    await world.run();
    expect(await infos()).toEqual([["v2", "v1"], ["v2"]]);
    expect(world.events).toContainEqual({
      kind: "signing-key-unusable",
      config: "mag",
      signingKey: "signer",
      reason: "expired",
    });
  });

  it("that are unreachable are left out while another one signs", async () => {
    await add("v2");
    world.put(config({ name: "mag", signingKeys: ["signer", "v2"] }));
    await world.run({ keys: managed({}, ["local:v2"]) });
    expect(await infos()).toEqual([["v1"]]);
    expect(world.events[0]).toMatchObject({
      kind: "signing-key-unusable",
      signingKey: "v2",
      reason: "unreachable",
      error: { code: "key_unavailable", message: "local:v2 cannot be reached" },
    });
  });

  it("that all fail leave no file and a report, and the next run catches up", async () => {
    world.put(config({ name: "mag" }));
    expect(await world.run({ keys: managed({}, ["local:signer"]) }))
      .toEqual({ windows: 1, files: 0, keys: 0, failed: 1 });
    expect(await world.index("mag")).toEqual([]);
    expect(world.events.at(-1)).toMatchObject({
      kind: "batch-failed",
      config: "mag",
      startsAt: DAY_ONE,
      endsAt: DAY_ONE + 4 * HOUR,
      error: {
        code: "key_unavailable",
        message: "export mag: none of its signing keys can sign: signer; " +
          "add one that has not expired, or repair the key manager",
      },
    });
    await database().setClock(DAY_ONE + 7 * HOUR);
    await world.run({ keys: managed({}, ["local:signer"]) });
    expect(await statuses()).toEqual([{
      config: "mag",
      series: "period",
      reached: DAY_ONE + 4 * HOUR,
      // The window was due two hours after its end.
      lagSeconds: HOUR,
      waiting: 1,
      attempts: 2,
      lastError: "key_unavailable: export mag: none of its signing keys can sign: signer; " +
        "add one that has not expired, or repair the key manager",
    }]);

    await database().setClock(DAY_ONE + 10 * HOUR);
    expect(await world.run()).toEqual({ windows: 1, files: 2, keys: 2, failed: 0 });
    const [status] = await statuses();
    expect(status).toEqual({
      config: "mag",
      series: "period",
      reached: DAY_ONE + 8 * HOUR,
      exportedThrough: DAY_ONE + 8 * HOUR,
      lagSeconds: 0,
      waiting: 0,
      attempts: 0,
    });
    const files = await exportStatuses(database()).files("mag", undefined, 1);
    expect(files).toMatchObject([{ startsAt: DAY_ONE + 4 * HOUR, keyCount: 1, listed: true }]);
    const [last] = files;
    expect(last && await exportStatuses(database()).files(undefined, last, 10))
      .toMatchObject([{ startsAt: DAY_ONE }]);
  });

  it("that are missing or broken for one config do not hold up another", async () => {
    world.put(config({ name: "bad", signingKeys: ["nobody"] }), config({ name: "good" }));
    expect(await world.run()).toMatchObject({ files: 1, failed: 1 });
    expect((await world.index("good"))?.length).toBe(1);
    expect(world.events).toContainEqual({
      kind: "signing-key-unusable",
      config: "bad",
      signingKey: "nobody",
      reason: "unknown",
    });
  });

  it("are the newest ten at most", async () => {
    const names = Array.from({ length: 10 }, (_, index) => `k${index}`);
    for (const name of names) await add(name);
    const definition = { ...config({ name: "mag" }), signingKeys: ["signer", ...names] };
    world.put(definition);
    await world.run({ keys: managed({}, []) });
    expect(await infos()).toEqual([names.toReversed()]);
  });

  it("are called once per file, and never as a probe", async () => {
    world.put(config({ name: "mag", maxRecords: 1 }));
    await world.insert([{ id: "c", createdAt: DAY_ONE }]);
    const asked: string[] = [];
    const counting: KeyManager = {
      ...world.keys,
      sign: async (reference, data) => {
        asked.push("sign");
        return await world.keys.sign(reference, data);
      },
      versions: async (reference) => {
        asked.push("versions");
        return await world.keys.versions(reference);
      },
    };
    const { files } = await world.run({ keys: counting });
    expect(files).toBeGreaterThan(1);
    expect(asked).toEqual(Array(files).fill("sign"));
  });

  it("that fail at the second file are also left out of the first", async () => {
    await add("v2");
    world.put(config({ name: "mag", signingKeys: ["signer", "v2"], maxRecords: 1 }));
    await world.insert([{ id: "c", createdAt: DAY_ONE }]);
    let signed = 0;
    const failing: KeyManager = {
      ...world.keys,
      sign: (reference, data) =>
        reference === "local:v2" && ++signed > 1
          ? Promise.reject(new AppError("key_unavailable", "gone"))
          : world.keys.sign(reference, data),
    };
    await world.run({ keys: failing });
    const versions = await infos();
    expect(versions.length).toBeGreaterThan(1);
    expect(new Set(versions.map((one) => one.join()))).toEqual(new Set(["v1"]));
  });
});
