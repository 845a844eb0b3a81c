import { execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { ExposureKey, FederationFetchRequest } from "../../../proto/gen/federation.js";

/** Debian's, with python3-grpcio, which brings python3-protobuf. */
const PYTHON = "/usr/bin/python3";
/** A whole run of a script, in milliseconds. */
const LONGEST_MS = 25_000;
const MOST_OUTPUT_BYTES = 2 ** 24;

const script = (name: string): string[] => [
  "-B",
  fileURLToPath(new URL(name, import.meta.url)),
];

/** A message in its JSON form. */
type Json<T> = { readonly [Name in keyof T]?: unknown };
export type JsonKey = Json<ExposureKey.$Properties>;
export type JsonRequest = Json<FederationFetchRequest.$Properties>;

/** One call of `fetch.py`, or with `all` as many as it takes. */
export type ForeignCall = {
  readonly token?: string;
  readonly request: JsonRequest;
  readonly gzip?: boolean;
  /** In seconds. */
  readonly timeout?: number;
  readonly unknown?: boolean;
  readonly padding?: number;
  readonly all?: boolean;
};

/** What came of it: a status of gRPC and its text, or what was fetched. */
export type ForeignOutcome =
  | { readonly status: number; readonly text: string }
  | {
    readonly status: 0;
    /** Numbers of keys and of revised keys. */
    readonly pages: readonly (readonly [number, number])[];
    readonly keys: readonly JsonKey[];
    readonly revised: readonly JsonKey[];
    readonly partial: boolean;
    readonly state: unknown;
  };

/** Lets a foreign client make these calls, one after the other on one connection. */
export function foreignFetch(
  port: number,
  calls: readonly ForeignCall[],
): Promise<readonly ForeignOutcome[]> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      PYTHON,
      script("fetch.py"),
      { timeout: LONGEST_MS, killSignal: "SIGKILL", maxBuffer: MOST_OUTPUT_BYTES },
      (error, stdout) => error === null ? resolve(JSON.parse(stdout)) : reject(error),
    );
    child.stdin?.end(JSON.stringify({ target: `127.0.0.1:${port}`, calls }));
  });
}

/** An answer of `serve.py`. */
export type ForeignAnswer =
  | { readonly page: unknown; readonly gzip?: boolean; readonly unknown?: boolean }
  | {
    readonly status: string;
    readonly text?: string;
    readonly trailers?: Readonly<Record<string, string>>;
  }
  | { readonly raw: string }
  | { readonly padding: number }
  | { readonly stall: true };

/** `count` keys from number `first` on, of the window that starts at `at`. */
export type ForeignRun = {
  readonly at: number;
  readonly first: number;
  readonly count: number;
  readonly key: JsonKey;
};

export type ForeignScript = {
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly answers?: readonly ForeignAnswer[];
  readonly deployed?: {
    /** Keys a page at most. */
    readonly limit: number;
    /** The start of the window that is still open. */
    readonly window: number;
    readonly keys?: readonly ForeignRun[];
    readonly revised?: readonly ForeignRun[];
  };
};

/** What the foreign server saw of a call; of one that it stalls, also how that ended. */
export type SeenCall = {
  readonly request?: JsonRequest;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly echoed?: boolean;
  readonly canceled?: boolean;
};

export type ForeignServer = {
  readonly port: number;
  readonly url: string;
  /** Stops it and tells what it saw, in order. */
  finish(): Promise<readonly SeenCall[]>;
};

/** Starts a foreign server; ended with the test at the latest. */
export async function foreignServer(told: ForeignScript): Promise<ForeignServer> {
  const child = spawn(PYTHON, script("serve.py"), { stdio: ["pipe", "pipe", "inherit"] });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await closed;
  });
  const seen: SeenCall[] = [];
  const port = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => reject(new Error("the foreign server did not start")));
    createInterface(child.stdout).on("line", (line) => {
      const said: SeenCall & { readonly port?: number } = JSON.parse(line);
      if (said.port === undefined) seen.push(said);
      else resolve(said.port);
    });
    child.stdin.write(`${JSON.stringify(told)}\n`);
  });
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    finish: async () => {
      child.stdin.end();
      await closed;
      return seen;
    },
  };
}
