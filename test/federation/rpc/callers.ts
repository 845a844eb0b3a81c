import { execFile, execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import grpc from "@grpc/grpc-js";
import { connectClient } from "../../../federation/rpc/connect-client.ts";
import { encodeFrame } from "../../../federation/rpc/frame.ts";
import { grpcClient } from "../../../federation/rpc/grpc-client.ts";
import { decodeGrpcMessage, statusOfName } from "../../../federation/rpc/status.ts";
import { ERRORS } from "../../../src/errors.ts";
import { currentRuntime } from "../../../src/runtime/current.ts";
import { SAY } from "./echo.ts";

/** Status of gRPC, and the answer or what was said of the error. */
export type Said = { readonly status: number; readonly text: string };

export type CallOptions = {
  readonly path?: string;
  readonly timeoutMs?: number;
  readonly gzip?: boolean;
  readonly signal?: AbortSignal;
};

/** A client that says a text to the echo server. */
export type Caller = {
  readonly name: string;
  readonly say: (port: number, text: string | Uint8Array, options?: CallOptions) => Promise<Said>;
  /** Can gzip what it sends. */
  readonly gzips: boolean;
  /** Passes on what the server said of an error word by word. */
  readonly verbatim: boolean;
};

const DEFAULT_TIMEOUT_MS = 20_000;
const bytesOf = (text: string | Uint8Array): Buffer => Buffer.from(text);

/** gRPC for Node, by its authors. */
const grpcJs: Caller = {
  name: "native gRPC by @grpc/grpc-js",
  gzips: true,
  verbatim: true,
  say(port, text, { path = SAY, timeoutMs = DEFAULT_TIMEOUT_MS, gzip = false, signal } = {}) {
    const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
      "grpc.default_compression_algorithm": gzip ? 2 : 0,
    });
    const pass = (bytes: Buffer) => bytes;
    return new Promise((resolve) => {
      const options = { deadline: Date.now() + timeoutMs };
      const metadata = new grpc.Metadata();
      const call = client.makeUnaryRequest(
        path,
        pass,
        pass,
        bytesOf(text),
        metadata,
        options,
        (error, answer) => {
          client.close();
          resolve(
            error
              ? { status: error.code, text: error.details }
              : { status: 0, text: String(answer) },
          );
        },
      );
      signal?.addEventListener("abort", () => call.cancel());
    });
  },
};

/** gRPC's C core, as most languages use it: Debian's python3-grpcio. */
const python: Caller = {
  name: "native gRPC by the C core",
  gzips: true,
  verbatim: true,
  say(port, text, { path = SAY, timeoutMs = DEFAULT_TIMEOUT_MS, gzip = false, signal } = {}) {
    const script = fileURLToPath(new URL("say.py", import.meta.url));
    const args = [
      script,
      `127.0.0.1:${port}`,
      path,
      "-",
      String(timeoutMs / 1_000),
      gzip ? "gzip" : "none",
    ];
    return new Promise((resolve, reject) => {
      const child = execFile(PYTHON, args, { maxBuffer: 2 ** 26 }, (error, stdout) => {
        if (signal?.aborted) resolve({ status: 1, text: "killed" });
        else if (error) reject(error);
        else resolve(JSON.parse(stdout));
      });
      signal?.addEventListener("abort", () => child.kill("SIGKILL"));
      child.stdin?.end(bytesOf(text));
    });
  },
};

const PYTHON = "/usr/bin/python3";

function hasPythonGrpc(): boolean {
  try {
    execFileSync(PYTHON, ["-c", "import grpc"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** gRPC-Web as its specification has it, over fetch. */
const grpcWeb: Caller = {
  name: "gRPC-Web",
  gzips: true,
  verbatim: true,
  async say(port, text, { path = SAY, timeoutMs = DEFAULT_TIMEOUT_MS, gzip = false, signal } = {}) {
    const message = gzip ? gzipSync(text) : bytesOf(text);
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: "POST",
      headers: {
        "content-type": "application/grpc-web+proto",
        "grpc-timeout": `${timeoutMs}m`,
        ...(gzip ? { "grpc-encoding": "gzip" } : {}),
      },
      body: encodeFrame(message, gzip ? 1 : 0),
      signal: signal ?? null,
    });
    return readGrpcWeb(Buffer.from(await response.arrayBuffer()));
  },
};

/** The message, if any, and the trailers of a gRPC-Web body. */
export function readGrpcWeb(body: Buffer): Said {
  let message = "";
  for (let at = 0; at < body.length;) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    const content = body.toString("utf8", at + 5, end);
    if (body[at] === 0x80) {
      const status = Number(/^grpc-status: (\d+)\r\n/m.exec(content)?.[1]);
      const said = decodeGrpcMessage(/^grpc-message: (.*)\r\n/m.exec(content)?.[1] ?? "");
      return { status, text: status === 0 ? message : said };
    }
    message = content;
    at = end;
  }
  throw new Error("no trailers");
}

function connect(
  name: string,
  type: string,
  wrap: (text: string | Uint8Array) => string | Uint8Array,
): Caller {
  return {
    name,
    gzips: true,
    verbatim: true,
    async say(
      port,
      text,
      { path = SAY, timeoutMs = DEFAULT_TIMEOUT_MS, gzip = false, signal } = {},
    ) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method: "POST",
        headers: {
          "content-type": type,
          "connect-timeout-ms": String(timeoutMs),
          ...(gzip ? { "content-encoding": "gzip" } : {}),
        },
        body: new Uint8Array(gzip ? gzipSync(wrap(text)) : bytesOf(wrap(text))),
        signal: signal ?? null,
      });
      if (response.status === 200) {
        const answer = await response.text();
        return { status: 0, text: type === "application/json" ? JSON.parse(answer).text : answer };
      }
      const { code, message } = await response.json();
      return { status: statusOfName(code) ?? Number.NaN, text: message };
    },
  };
}

const connectJson = connect(
  "Connect JSON",
  "application/json",
  (text) => typeof text === "string" ? JSON.stringify({ text }) : text,
);

const ours: readonly Caller[] = [
  {
    name: "our gRPC client",
    gzips: false,
    verbatim: false,
    async say(port, text, { path = SAY, timeoutMs = DEFAULT_TIMEOUT_MS, signal } = {}) {
      const { exchange } = currentRuntime();
      const call = grpcClient({ baseUrl: `http://127.0.0.1:${port}`, exchange, timeoutMs });
      return said(await call(path, bytesOf(text), signal === undefined ? {} : { signal }));
    },
  },
  {
    name: "our Connect client",
    gzips: false,
    verbatim: false,
    async say(port, text, { path = SAY, timeoutMs = DEFAULT_TIMEOUT_MS, signal } = {}) {
      const call = connectClient({ baseUrl: `http://127.0.0.1:${port}`, fetch, timeoutMs });
      return said(await call(path, bytesOf(text), signal === undefined ? {} : { signal }));
    },
  },
];

function said(outcome: Awaited<ReturnType<ReturnType<typeof grpcClient>>>): Said {
  return outcome.ok
    ? { status: 0, text: Buffer.from(outcome.value).toString() }
    : { status: ERRORS[outcome.code].grpc, text: outcome.message };
}

/** Every client that this machine has; only Python's may be missing. */
export const CALLERS: readonly Caller[] = [
  grpcJs,
  ...(hasPythonGrpc() ? [python] : []),
  grpcWeb,
  connect("Connect", "application/proto", (text) => text),
  connectJson,
  ...ours,
];
