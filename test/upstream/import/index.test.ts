import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ExportSigner } from "../../../src/export-file/build.ts";
import { retrySeconds } from "../../../src/upstream/retry.ts";
import { fileUrl } from "../../../src/upstream/download.ts";
import { upstreamIndexes } from "../../../src/store/upstream/index-state.ts";
import { useDatabase } from "../../support/database.ts";
import { newSigner } from "../../export-file/sample.ts";
import { openUpstream, type UpstreamServer } from "../upstream-server.ts";
import { DAY, fileOf, importOf, NOON, openWorld, pastKey } from "../world.ts";

describe("fileUrl()", () => {
  it("puts the path below the export root, without its query", () => {
    expect(fileUrl("https://a.example/x/?secret=1", "us/a.zip")).toBe(
      "https://a.example/x/us/a.zip",
    );
    expect(fileUrl("https://a.example", "a.zip")).toBe("https://a.example/a.zip");
  });
});

describe("retrySeconds()", () => {
  it("doubles from a minute to six hours", () => {
    expect([1, 2, 3, 9, 10, 1000].map(retrySeconds)).toEqual([60, 120, 240, 15360, 21600, 21600]);
  });
});

describe("importExports() of several servers", () => {
  const database = useDatabase();
  let signer: ExportSigner;
  let pem: string;
  let server: UpstreamServer;

  beforeAll(async () => {
    ({ signer, pem } = await newSigner());
  });
  beforeEach(async () => {
    server = await openUpstream();
    server.set("/files/a.zip", await fileOf([signer], [pastKey(1)]));
  });
  afterEach(() => server.close());

  it("stores why an index failed, and continues with the others", async () => {
    const broken = (name: string, path: string) =>
      importOf(server, pem, { name, indexUrl: `${server.url}${path}` });
    server.index("a.zip");
    server.set("/page", "<html>");
    server.set("/large", new Uint8Array(2 ** 20 + 1));
    server.set("/moved", (_, response) => response.writeHead(301, { location: "/" }).end());
    const world = await openWorld(
      database(),
      broken("a-page", "/page"),
      broken("b-large", "/large"),
      broken("c-moved", "/moved"),
      broken("d-missing", "/missing"),
      importOf(server, pem, { name: "z-good" }),
    );
    expect(await world.run()).toMatchObject({ files: 1, failed: 4 });
    const status = await upstreamIndexes(database()).status();
    expect(status.map(({ name, code, succeededAt }) => [name, code, succeededAt])).toEqual([
      ["a-page", "malformed_file", null],
      ["b-large", "limit_exceeded", null],
      ["c-moved", "fetch_refused", null],
      ["d-missing", "fetch_failed", null],
      ["z-good", null, NOON],
    ]);
  });

  it("does not connect to private addresses unless allowed", async () => {
    server.index("a.zip");
    const world = await openWorld(database(), importOf(server, pem));
    const { fetch } = world.dependencies();
    await world.run({ fetch: { ...fetch, allowPrivate: false, allowHttp: true } });
    expect(server.asked).toEqual([]);
    expect(world.events).toMatchObject([{ kind: "index-failed", code: "fetch_refused" }]);
  });

  it("revalidates an unchanged index by its entity tag", async () => {
    server.index("a.zip");
    const world = await openWorld(database(), importOf(server, pem));
    await world.run();
    server.set("/files/b.zip", await fileOf([signer], [pastKey(2)]));
    expect((await world.run()).files).toBe(0);
    server.index("a.zip", "b.zip");
    expect((await world.run()).files).toBe(1);
  });

  it("honours from and thru of the import and of its keys", async () => {
    server.index("a.zip");
    const day = (offset: number) => new Date((NOON + offset * DAY) * 1000).toISOString();
    const world = await openWorld(
      database(),
      importOf(server, pem, { from: day(1), thru: day(3) }),
    );
    await world.run();
    await database().setClock(NOON + 3 * DAY);
    await world.run();
    expect(server.asked).toEqual([]);
    world.resources[0] = importOf(server, pem, {
      publicKeys: [{ keyId: "310", version: "v1", publicKeyPem: pem, thru: day(3) }],
    });
    expect((await world.run()).failed).toBe(1);
    expect((await world.status())?.failures[0]?.code).toBe("signature_invalid");
    await database().setClock(NOON + 3 * DAY - 1);
    await database().sql`update import_file set next_try_at = 0`;
    expect((await world.run()).files).toBe(1);
  });

  it("leaves an unreachable server for the next run", async () => {
    const names = Array.from({ length: 9 }, (_, index) => `${index}.zip`);
    server.index(...names);
    for (const name of names) {
      server.set(`/files/${name}`, (_, response) => response.writeHead(503).end());
    }
    const world = await openWorld(database(), importOf(server, pem));
    expect((await world.run()).failed).toBe(3);
    expect(await world.status()).toMatchObject({ failed: 3, pending: 6 });
  });

  it("still imports files that an empty or shrunken index does not name", async () => {
    server.index("a.zip", "b.zip", "c.zip");
    const world = await openWorld(database(), importOf(server, pem));
    expect(await world.run()).toMatchObject({ files: 1, failed: 2 });
    for (const name of ["b", "c"]) {
      server.set(`/files/${name}.zip`, await fileOf([signer], [pastKey(name.charCodeAt(0))]));
    }
    server.set("/index.txt", "");
    await database().setClock(NOON + 60);
    expect(await world.run()).toMatchObject({ files: 2, failed: 1 });
    expect(world.events).toContainEqual({
      ...{ kind: "list-shrank", reader: "import", name: "foreign" },
      message: "the index names no file, but 3 were listed: they stay until they expire",
    });
  });

  it("deletes files that no index names after their TTL, and those of deleted imports", async () => {
    server.index("a.zip");
    const world = await openWorld(database(), importOf(server, pem));
    await world.run();
    const count = async () => (await database().sql`select from import_file`).length;
    server.index("b.zip");
    // A list that names none of the earlier files is believed at the second read.
    await world.run();
    await database().setClock(NOON + 60);
    await world.run();
    expect(await count()).toBe(2);
    await database().setClock(NOON + 60 + 14 * DAY + 1);
    server.index("b.zip", "c.zip");
    await world.run();
    expect(await count()).toBe(2);
    world.resources.length = 0;
    await world.run();
    expect(await count()).toBe(0);
    expect(await upstreamIndexes(database()).status()).toEqual([]);
  });
});
