import { expect, it } from "vitest";
import { runProgram } from "../support/program.ts";

it("wayfarer demo shows a traveler's keys in the files of both regions", async () => {
  const { status, out, err } = await runProgram(["demo", "--regions", "2"], {});
  const told = err.split("\n").filter((line) => line !== "" && !line.startsWith("waiting for"));
  expect({ status, told }).toEqual({ status: 0, told: [] });
  const met = [...out.matchAll(/^met, confirmed: .* (\d+) of \1 RPIs matched, in "(\w+)\/.*"$/gm)];
  expect(met.map(([, , root]) => root)).toEqual(["mag", "sla"]);
}, 120_000);
