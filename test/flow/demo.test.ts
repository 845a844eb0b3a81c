import { readdir, stat } from "node:fs/promises";
import { basename } from "node:path";
import { expect, it } from "vitest";
import { runProgram, startProgram } from "../support/program.ts";

/** Where a server of root keeps what its database could not reach elsewhere. */
const COMMON_FOLDER = "/var/lib/wayfarer";

const folderIn = (said: string): string =>
  / (\/\S+)\/state\.json remembers/.exec(said)?.[1] ?? "no folder";

/** Nothing of the demo that worked in `folder` is left. */
async function expectGone(folder: string): Promise<void> {
  await expect(stat(folder)).rejects.toMatchObject({ code: "ENOENT" });
  const kept = await readdir(COMMON_FOLDER).catch(() => []);
  expect(kept.filter((name) => name.includes(basename(folder)))).toEqual([]);
}

it(
  "wayfarer demo shows a traveler's keys in the files of both regions, and leaves nothing behind",
  async () => {
    const { status, out, err } = await runProgram(["demo", "--regions", "2"], {});
    const told = err.split("\n").filter((line) => line !== "" && !line.startsWith("waiting for"));
    expect({ status, told }).toEqual({ status: 0, told: [] });
    const met = [
      ...out.matchAll(/^met, confirmed: .* (\d+) of \1 RPIs matched, in "(\w+)\/.*"$/gm),
    ];
    expect(met.map(([, , root]) => root)).toEqual(["mag", "sla"]);
    await expectGone(folderIn(out));
  },
  120_000,
);

it("wayfarer demo leaves nothing behind when it is stopped", async () => {
  const demo = startProgram(["demo"], {});
  const said = await demo.line(/state\.json remembers/);
  demo.signal("SIGTERM");
  await demo.finished();
  await expectGone(folderIn(said));
}, 120_000);
