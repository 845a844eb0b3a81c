import { expect, it } from "vitest";
import { ELSEWHERE, STATUSES } from "./support/elsewhere.ts";
import { examples } from "./support/help.ts";
import { type Block, blocksOf, commandsOf, pages, pageText } from "./support/pages.ts";
import { openSession } from "./support/session.ts";

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

/** What a reader does in one folder: a page from its top to its end, or all examples of the help. */
type Walk = {
  readonly page: string;
  readonly assumed: readonly Block[];
  readonly blocks: readonly Block[];
};

async function walks(): Promise<readonly Walk[]> {
  const sh = { language: "sh", note: "" };
  const [, ...region] = await theRegion();
  const help: Walk = {
    page: "help",
    assumed: [{ ...sh, text: FILES_OF_HELP }, ...region],
    blocks: [{ ...sh, text: examples().join("\n") }],
  };
  const pages = withCommands.map(async ({ page, blocks }) => ({
    page,
    assumed: await ASSUMED[page]?.() ?? [],
    blocks,
  }));
  return [help, ...await Promise.all(pages)];
}

/** What was not as printed: commands with another status than they should have, and text that they did not print. */
async function faultsOf({ page, assumed, blocks }: Walk): Promise<readonly unknown[]> {
  const session = await openSession();
  const ran = await session.run([...assumed, ...blocks]);
  const output = ran.map(({ output }) => output).join("");
  return [
    ...ran.filter(({ command, status }) =>
      status !== (STATUSES.find((row) => row.command.test(command))?.status ?? 0)
    ).map((one) => ({ page, ...one })),
    ...blocks.filter(({ note, text }) => note === "prints" && !output.includes(text))
      .map(({ text }) => ({ page, notPrinted: text })),
  ];
}

/** Two at a time: a reader waits for the program most of the time, and machines have more than one core. */
const AT_A_TIME = 2;

it(
  "the commands of the pages and of the help work as printed, each page in a fresh folder with a server",
  async () => {
    const left = [...await walks()];
    expect(left.length).toBeGreaterThan(6);
    const faults: unknown[] = [];
    await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
      for (let walk = left.shift(); walk !== undefined; walk = left.shift()) {
        faults.push(...await faultsOf(walk));
      }
    }));
    expect(faults).toEqual([]);
  },
  600_000,
);

it("every command that is left out is named with its reason, and no row is without a command", () => {
  expect(printed.length).toBeGreaterThan(80);
  for (const { command, reason } of [...ELSEWHERE, ...STATUSES]) {
    expect({ reason, found: printed.some((one) => command.test(one)) }).toEqual({
      reason,
      found: true,
    });
  }
});
