import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Resource } from "../../src/model/resource/kinds.ts";
import { issuerDirectories } from "../../src/publish/issuer-directory.ts";
import type { FetchedKey } from "../../src/store/publish/issuer-key.ts";
import type { ResourceView } from "../../src/store/resource/cache.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { ISSUER, newSigner, resource, resourcesOf, type TestSigner } from "./world.ts";

describe("issuerDirectories()", () => {
  let signer: TestSigner;
  let asked: number;
  let clockMs: number;
  let answer: () => Promise<readonly FetchedKey[]>;

  beforeAll(async () => {
    signer = await newSigner();
  });
  beforeEach(() => {
    asked = 0;
    clockMs = 0;
    answer = () => Promise.resolve([]);
  });

  const fetched = (version: string, issuer = "mag"): FetchedKey => ({
    issuer,
    version,
    publicKeyPem: signer.publicKeyPem,
  });
  const directories = () =>
    issuerDirectories({
      crypto: NATIVE,
      fetchedKeys: {
        active: () => {
          asked++;
          return answer();
        },
      },
      nowMs: () => clockMs,
    });
  const viewOf = (members: Readonly<Record<string, unknown>>): Promise<ResourceView> => {
    const issuer = { name: "mag", issuer: ISSUER, audience: "a", ...members };
    const resources: readonly Resource[] = [resource("Issuer", issuer)];
    return resourcesOf(() => resources).view();
  };
  const versions = (directory: Awaited<ReturnType<ReturnType<typeof directories>>>) => [
    ...directory.get(ISSUER)?.[0]?.keys.keys() ?? [],
  ];

  it("asks for fetched keys only where some issuer has a URL", async () => {
    const keys = [{ version: "v1", publicKeyPem: signer.publicKeyPem }];
    expect(versions(await directories()(await viewOf({ keys })))).toEqual(["v1"]);
    expect(asked).toBe(0);
  });

  it("asks once in five seconds, whoever wants to know", async () => {
    const of = directories();
    const view = await viewOf({ jwksUri: "https://a.test/" });
    answer = () => Promise.resolve([fetched("v1"), fetched("v9", "other")]);
    const all = await Promise.all(Array.from({ length: 20 }, () => of(view)));
    expect(new Set(all).size).toBe(1);
    expect(all.slice(0, 1).map(versions)).toEqual([["v1"]]);
    clockMs = 4_999;
    await of(view);
    expect(asked).toBe(1);
    clockMs = 5_000;
    answer = () => Promise.resolve([fetched("v2")]);
    expect(versions(await of(view))).toEqual(["v2"]);
    expect(asked).toBe(2);
  });

  it("goes on with what it knows when the database fails, but not with nothing", async () => {
    const of = directories();
    const view = await viewOf({ jwksUri: "https://a.test/" });
    answer = () => Promise.reject(new Error("no database"));
    await expect(of(view)).rejects.toThrow("no database");
    answer = () => Promise.resolve([fetched("v1")]);
    await of(view);
    clockMs = 10_000;
    answer = () => Promise.reject(new Error("no database"));
    expect(versions(await of(view))).toEqual(["v1"]);
  });

  it("takes a PEM that is no P-256 key for no key", async () => {
    const publicKeyPem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    const directory = await directories()(
      await viewOf({ keys: [{ version: "v1", publicKeyPem }] }),
    );
    expect(await directory.get(ISSUER)?.[0]?.keys.get("v1")?.imported()).toBeUndefined();
  });

  it("imports a key once, however often the view changes", async () => {
    const of = directories();
    const resources: Resource[] = [resource("Issuer", {
      name: "mag",
      issuer: ISSUER,
      audience: "a",
      keys: [{ version: "v1", publicKeyPem: signer.publicKeyPem }],
    })];
    const cache = resourcesOf(() => resources);
    const imported = async () =>
      await (await of(await cache.view())).get(ISSUER)?.[0]?.keys.get("v1")?.imported();
    const first = await imported();
    expect(first?.type).toBe("public");
    expect(await imported()).toBe(first);
    resources.length = 0;
    expect((await of(await cache.view())).size).toBe(0);
  });
});
