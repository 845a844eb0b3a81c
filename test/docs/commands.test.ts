import { describe, expect, it } from "vitest";
import { ELSEWHERE, STATUSES } from "./support/elsewhere.ts";
import { examples } from "./support/help.ts";
import { type Block, blocksOf, commandsOf, pages, pageText } from "./support/pages.ts";
import { openSession, type Ran } from "./support/session.ts";

/** What a page assumes beside a server: blocks of other pages, which its reader has followed. */
const ASSUMED: Readonly<Record<string, () => Promise<readonly Block[]>>> = {
  "docs/operators/console.md": theRegion,
  "docs/operators/keys.md": theRegion,
};

/** The region of docs/operators.md. */
async function theRegion(): Promise<readonly Block[]> {
  const all = blocksOf(await pageText("docs/operators.md"));
  const from = all.findIndex(({ note }) => note === "region.yaml");
  return [...all.slice(0, 1), ...all.slice(from, from + 2)];
}

/** The files that the examples of the help name. */
const FILES_OF_HELP = `
export ADMIN_TOKEN
wayfarer() { node bin/wayfarer.mjs "$@"; }
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out signer.pem
openssl pkey -in signer.pem -pubout -out mag.pub.pem
wayfarer export build --random-keys 3 --key signer.pem --region MAG --key-id 310
printf '%s\\n' '[{"key":"z2Cx9hdz2SlxZ8GEgqTYpA==","rollingStartNumber":1,"rollingPeriod":144}]' > keys.json
echo z2Cx9hdz2SlxZ8GEgqTYpA== > keys.txt
`;

const withCommands = (await Promise.all(
  (await pages()).map(async (page) => ({ page, blocks: blocksOf(await pageText(page)) })),
)).filter(({ blocks }) => blocks.some(({ language }) => language === "sh"));

const printed = [
  ...examples(),
  ...withCommands.flatMap(({ blocks }) =>
    blocks.filter(({ language }) => language === "sh").flatMap(commandsOf)
  ),
];

/** Commands that did not do what they should, with what they said. */
function failed(ran: readonly Ran[]): readonly Ran[] {
  return ran.filter(({ command, status }) =>
    status !== (STATUSES.find((row) => row.command.test(command))?.status ?? 0)
  );
}

describe("the commands of", () => {
  it.each(withCommands)("$page work as printed, in a fresh folder with a server", async (
    { page, blocks },
  ) => {
    const session = await openSession();
    const assumed = await ASSUMED[page]?.() ?? [];
    const ran = await session.run([...assumed, ...blocks]);
    expect(failed(ran)).toEqual([]);
    const output = ran.map(({ output }) => output).join("");
    for (const { text } of blocks.filter(({ note }) => note === "prints")) {
      expect(output).toContain(text);
    }
  }, 120_000);

  it("the help work as printed", async () => {
    const session = await openSession();
    const sh = { language: "sh", note: "" };
    const ran = await session.run([
      { ...sh, text: FILES_OF_HELP },
      ...await theRegion().then((blocks) => blocks.slice(1)),
      { ...sh, text: examples().join("\n") },
    ]);
    expect(failed(ran)).toEqual([]);
  }, 120_000);
});

it("every command that is left out is named with its reason, and no row is without a command", () => {
  expect(printed.length).toBeGreaterThan(80);
  for (const { command, reason } of [...ELSEWHERE, ...STATUSES]) {
    expect({ reason, found: printed.some((one) => command.test(one)) }).toEqual({
      reason,
      found: true,
    });
  }
});
