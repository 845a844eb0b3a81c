import { execFile, execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { ExposureKey, FederationFetchRequest } from "../../../proto/gen/federation.js";

/** Debian's, with python3-grpcio, which brings python3-protobuf. */
const PYTHON = "/usr/bin/python3";
/** What a foreign peer is made of. */
const PACKAGES = "import grpc, google.protobuf";
/** A whole run of a script, in milliseconds. */
const LONGEST_MS = 25_000;
const MOST_OUTPUT_BYTES = 2 ** 24;

/** gRPC's C core says on standard error what the tests provoke. */
const ENVIRONMENT = { GRPC_VERBOSITY: "NONE" };

/** Whether this machine has what a foreign peer is made of. */
export function hasForeignPeers(): boolean {
  try {
    execFileSync(PYTHON, ["-c", PACKAGES], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

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
  /** Fail, as deployed servers do, on the first key with an onset or of a self report. */
  readonly reference?: boolean;
};

/** What came of it: a status of gRPC (-1: the client itself failed) and its text, or what was fetched. */
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

/**
 * Lets a foreign client make these calls, one after the other on one connection: over TLS when it gets an authority to
 * trust, as PEM.
 */
export function foreignFetch(
  port: number,
  calls: readonly ForeignCall[],
  authority?: string,
): Promise<readonly ForeignOutcome[]> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      PYTHON,
      script("fetch.py"),
      {
        env: ENVIRONMENT,
        timeout: LONGEST_MS,
        killSignal: "SIGKILL",
        maxBuffer: MOST_OUTPUT_BYTES,
      },
      (error, stdout) => error === null ? resolve(JSON.parse(stdout)) : reject(error),
    );
    child.stdin?.end(JSON.stringify({ target: `localhost:${port}`, calls, authority }));
  });
}

/** An answer of `serve.py`. */
export type ForeignAnswer =
  | { readonly page: unknown; readonly gzip?: boolean; readonly unknown?: boolean }
  | {
    readonly status: string;
    readonly text?: string;
    readonly trailers?: Readonly<Record<string, string>>;
    /** Whether headers go before it; else they go together. */
    readonly headersFirst?: boolean;
  }
  | { readonly raw: string }
  | { readonly padding: number; readonly gzip?: boolean }
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
  /** How long the caller will wait, in seconds. */
  readonly patience?: number;
  /** Whether a call that was stalled ended by itself. */
  readonly ended?: boolean;
};

export type ForeignServer = {
  readonly port: number;
  readonly url: string;
  /** Resolves when it has seen so many calls. */
  called(times: number): Promise<void>;
  /** Stops it and tells what it saw, in order. */
  finish(): Promise<readonly SeenCall[]>;
};

/** Starts a foreign server; ended with the test at the latest. */
export async function foreignServer(told: ForeignScript): Promise<ForeignServer> {
  const child = spawn(PYTHON, script("serve.py"), {
    env: ENVIRONMENT,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await closed;
  });
  const seen: SeenCall[] = [];
  const waiting = new Set<() => void>();
  const port = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => reject(new Error("the foreign server did not start")));
    createInterface(child.stdout).on("line", (line) => {
      const said: SeenCall & { readonly port?: number } = JSON.parse(line);
      if (said.port !== undefined) return resolve(said.port);
      seen.push(said);
      waiting.forEach((look) => look());
    });
    child.stdin.write(`${JSON.stringify(told)}\n`);
  });
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    called: (times) =>
      new Promise((resolve) => {
        const look = () => {
          if (seen.filter(({ request }) => request !== undefined).length >= times) resolve();
        };
        waiting.add(look);
        look();
      }),
    finish: async () => {
      child.stdin.end();
      await closed;
      return seen;
    },
  };
}
