import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { freePort, runProgram, startProgram, temporaryFolder } from "../support/program.ts";

/** Windows of a second, so that the whole way takes some seconds and not hours. */
const QUICK = {
  TRUNCATE_WINDOW: "1s",
  WINDOW_GRACE: "1s",
  MIN_WINDOW_AGE: "1s",
  JOB_INTERVAL: "1s",
};

async function region() {
  const folder = await temporaryFolder();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const settings = { ...QUICK, DATA_DIR: folder, PORT: String(port) };
  const run = (...args: string[]) => runProgram(args, settings);
  const server = startProgram(["serve"], settings);
  await server.line(/Wayfarer serves on/);
  const resources = await run(
    ...["device", "publish", "--print-resources", "--region", "MAG", "--period", "2s"],
  );
  expect(resources.status).toBe(0);
  const applied = await runProgram(["apply", "-"], settings, resources.out);
  expect(applied).toMatchObject({ status: 0, err: "" });
  return { folder, url, run, server, settings };
}

describe("a newcomer's first five minutes", () => {
  it(
    "end with a matched encounter, a revision that takes it back, and nothing left to hide",
    async () => {
      const { url, run, server, folder } = await region();
      const publish = ["device", "publish", "--url", url, "--health-authority", "mag"];
      const match = ["device", "match", "--url", url, "--root", "mag", "--wait", "30s"];

      const published = await run(...publish, "--report-type", "likely");
      expect(published).toMatchObject({ status: 0, err: expect.stringMatching(/^(made .*\n)?$/) });
      expect(published.out).toContain("14 keys sent, 14 of them new");
      const matched = await run(...match, "--json");
      expect(matched.status).toBe(0);
      expect(JSON.parse(matched.out)).toMatchObject({ met: true });

      // Every file verifies with the public key that the server tells, and a phone would take it.
      const index = await (await fetch(`${url}/exports/mag/index.txt`)).text();
      const files = index.trim().split("\n");
      expect(files.length).toBeGreaterThan(0);
      for (const file of files) {
        const lint = await run("export", "lint", `${url}/exports/${file}`);
        expect(lint.out).toContain("0 errors");
      }

      const revised = await run(...publish, "--revise", "--report-type", "negative");
      expect(revised.status).toBe(0);
      const chaff = await run(...publish, "--chaff");
      expect(chaff.status).toBe(0);

      server.signal("SIGTERM");
      const { status, out, err } = await server.finished();
      expect(status).toBe(0);
      const state: { teks: { key: string }[] } = JSON.parse(
        await readFile(join(folder, "device", "state.json"), "utf8"),
      );
      expect(state.teks.length).toBe(14);
      for (const { key } of state.teks) expect(out + err).not.toContain(key);
    },
    90_000,
  );

  it("serves a published key with cache headers, ETag, 304 and ranges", async () => {
    const { url, run } = await region();
    await run("device", "publish", "--url", url, "--health-authority", "mag");
    const matched = await run(
      ...["device", "match", "--url", url, "--root", "mag", "--wait", "30s"],
    );
    expect(matched.status).toBe(0);

    const index = await fetch(`${url}/exports/mag/index.txt`);
    expect(index.headers.get("cache-control")).toBe("no-cache, max-age=0");
    expect(index.headers.get("content-type")).toContain("text/plain");
    const [name = ""] = (await index.text()).split("\n");
    expect(name).toMatch(/^mag\/\d+-\d+-00001\.zip$/);
    const file = await fetch(`${url}/exports/${name}`);
    expect(file.headers.get("cache-control")).toBe("public, max-age=86400");
    expect(file.headers.get("content-type")).toBe("application/zip");
    const bytes = new Uint8Array(await file.arrayBuffer());
    expect(file.headers.get("content-length")).toBe(String(bytes.length));
    const etag = file.headers.get("etag") ?? "";
    const again = await fetch(`${url}/exports/${name}`, { headers: { "if-none-match": etag } });
    expect(again.status).toBe(304);
    const part = await fetch(`${url}/exports/${name}`, { headers: { range: "bytes=0-3" } });
    expect(part.status).toBe(206);
    expect(new Uint8Array(await part.arrayBuffer())).toEqual(bytes.subarray(0, 4));
  }, 90_000);

  it("answers 404 outside the exports, and never leaves their folder", async () => {
    const { url } = await region();
    for (
      const path of [
        "/exports/",
        "/exports/mag/none.zip",
        "/exports/%2e%2e/secrets/master.key",
        "/x",
      ]
    ) {
      expect((await fetch(`${url}${path}`)).status, path).toBe(404);
    }
  }, 60_000);
});
