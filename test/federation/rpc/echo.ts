import { AppError, type ErrorCode, ERRORS, refuse } from "../../../src/errors.ts";
import type { Handler } from "../../../src/runtime/runtime.ts";
import { type RpcCall, rpcMethod } from "../../../federation/rpc/method.ts";
import { rpcServer } from "../../../federation/rpc/server.ts";

export const SAY = "/test.Echo/Say";

/** What the server of {@link echoServer} went through. */
export type EchoEvents = {
  readonly thrown: unknown[];
  readonly calls: RpcCall[];
  /** Settles with the reason when a call that waits is aborted. */
  readonly aborted: Promise<unknown>;
  /** Settles when a call waits. */
  readonly waiting: Promise<void>;
};

/**
 * A service whose messages are texts, and commands: `refuse CODE TEXT`, `throw`, `throw CODE TEXT`, `wait`,
 * `large N`; anything else comes back.
 */
export function echoServer(
  options: { readonly maxBytes?: number; readonly maxTimeoutMs?: number } = {},
): { readonly handler: Handler; readonly events: EchoEvents } {
  let aborted: (reason: unknown) => void = () => {};
  let waiting: () => void = () => {};
  const events: EchoEvents = {
    thrown: [],
    calls: [],
    aborted: new Promise((resolve) => aborted = resolve),
    waiting: new Promise((resolve) => waiting = resolve),
  };
  const say = rpcMethod<string, string, undefined>({
    path: SAY,
    bounds: undefined,
    admit: (_call, work) => work(undefined),
    decode: (bytes) => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    encode: (answer) => new TextEncoder().encode(answer),
    fromJson(value) {
      if (typeof value !== "object" || value === null || !("text" in value)) throw new TypeError();
      return String(value.text);
    },
    toJson: (text) => ({ text }),
    async handle(text, call) {
      events.calls.push(call);
      const [, verb, code, rest] = /^(\w+)(?: (\w+))?(?: (.*))?$/su.exec(text) ?? [];
      if (verb === "refuse") {
        call.answerHeaders.set("retry-after", "7");
        return refuse(codeOf(code), rest);
      }
      if (verb === "throw" && code !== undefined) throw new AppError(codeOf(code), rest);
      if (verb === "throw") throw new Error("secret");
      if (verb === "large") return { ok: true, value: "x".repeat(Number(code)) };
      if (verb !== "wait") return { ok: true, value: text };
      call.signal.addEventListener("abort", () => aborted(call.signal.reason));
      waiting();
      return await new Promise(() => {});
    },
  });
  const handler = rpcServer({
    methods: [say],
    monotonicMs: () => performance.now(),
    requestId: () => "r-1",
    onError: (error) => events.thrown.push(error),
    ...options,
  });
  return { handler, events };
}

function codeOf(text: string | undefined): ErrorCode {
  const code = Object.keys(ERRORS).find((key): key is ErrorCode => key === text);
  if (code === undefined) throw new TypeError(`no code ${text}`);
  return code;
}
