import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, startProgram, startShell, temporaryFolder } from "../../support/program.ts";
import { startVerificationServer } from "../../support/verification-server.ts";
import { type Block, blocksOf, commandsOf, pageText, ROOT } from "./pages.ts";
import { ELSEWHERE } from "./elsewhere.ts";

/** What a command of a page did. */
export type Ran = {
  readonly command: string;
  readonly status: number;
  readonly output: string;
};

/** A reader's folder and server. */
export type Session = {
  /** Runs the blocks in order in one shell, then stops the server. Answers what each command did. */
  run(blocks: readonly Block[]): Promise<readonly Ran[]>;
};

/** The port that pages name. A test takes a free one in its place. */
const PRINTED_PORT = /\b8080\b/g;
/** What pages say that a server's environment holds. */
const SETTINGS = {
  ADMIN_TOKEN: "of-the-reader",
  ATTESTATION_DEVELOPMENT: "true",
  PEER_ALLOW_PRIVATE: "true",
};
/** A server of the pages that is not this one. A test takes one of its own in its place. */
const VERIFICATION_SERVER = "https://verification.mag.example";

/** Opens a fresh folder as `npm ci` leaves it, with the server that the README starts for trying things. */
export async function openSession(): Promise<Session> {
  const folder = await temporaryFolder();
  for (const name of await readdir(ROOT)) {
    if (name !== "data" && !name.startsWith(".")) {
      await symlink(join(ROOT, name), join(folder, name));
    }
  }
  await mkdir(join(folder, "data"), { mode: 0o711 });
  const { port, settings, stop } = await startServer(join(folder, "data"));
  const verification = await startVerificationServer();
  const here = (text: string): string =>
    text.replaceAll(PRINTED_PORT, port).replaceAll(VERIFICATION_SERVER, verification.url);
  return {
    run: async (blocks) => {
      for (const { note, text } of blocks) {
        if (/^[\w.-]+\.\w+$/.test(note)) await writeFile(join(folder, note), `${here(text)}\n`);
      }
      const commands = blocks.filter(({ language }) => language === "sh").flatMap(commandsOf)
        .filter((command) => !ELSEWHERE.some((row) => row.command.test(command)));
      const script = scriptOf(commands.map(here));
      const { out } = await startShell(script, folder, settings).finished();
      await stop();
      return resultsIn(out, commands);
    },
  };
}

/** Starts the server of the README on an empty folder; answers its URL. */
export async function startPrintedServer(): Promise<string> {
  const { port } = await startServer(await temporaryFolder());
  return `http://127.0.0.1:${port}`;
}

type Started = {
  readonly port: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
};

async function startServer(dataDirectory: string): Promise<Started> {
  const port = String(await freePort());
  const settings = { ...SETTINGS, ...await printedSettings(), PORT: port };
  const program = startProgram(["serve"], { ...settings, DATA_DIR: dataDirectory });
  await program.line(/Wayfarer serves on/);
  return {
    port,
    settings,
    stop: async () => {
      program.signal("SIGTERM");
      await program.finished();
    },
  };
}

/** The settings that the README gives the server for trying things. */
async function printedSettings(): Promise<Readonly<Record<string, string>>> {
  const commands = blocksOf(await pageText("README.md")).flatMap(commandsOf);
  const start = commands.find((command) => /^TRUNCATE_WINDOW=.* npm start$/.test(command)) ?? "";
  return Object.fromEntries(
    start.split(" ").filter((word) => word.includes("=")).map((word) => word.split("=", 2)),
  );
}

/** Marks of a script's output: a command begins; it ended with this status. */
const [BEGIN, END] = ["\u0001", "\u0002"];

/** The line with which pages say what `wayfarer` stands for. */
const SHORTHAND = 'wayfarer() { npm run -s wayfarer -- "$@"; }';
/** What that npm script runs. Only the README's commands go through npm, which takes as long as the program itself. */
const SCRIPT = 'wayfarer() { node bin/wayfarer.mjs "$@"; }';

/** An HTTP error is a failure to curl here. */
function scriptOf(commands: readonly string[]): string {
  return [
    "exec 2>&1",
    'curl() { command curl -sS --fail-with-body "$@"; }',
    ...commands.flatMap((command) => [
      `printf '%s' '${BEGIN}'`,
      command === SHORTHAND ? SCRIPT : command,
      `printf '${END}%s' "$?"`,
    ]),
  ].join("\n");
}

function resultsIn(output: string, commands: readonly string[]): readonly Ran[] {
  const parts = output.split(BEGIN).slice(1);
  return commands.map((command, index) => {
    const [said = "", status = "no end"] = (parts[index] ?? "").split(END);
    return { command, status: Number.parseInt(status, 10), output: said.slice(0, 1000) };
  });
}
