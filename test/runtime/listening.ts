import { onTestFinished } from "vitest";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Handler, Listening, ListenOptions } from "../../src/runtime/runtime.ts";

/** Serves on a free port of this machine until the test is over. */
export async function listening(
  handler: Handler,
  options: Partial<ListenOptions> = {},
): Promise<Listening> {
  const server = await currentRuntime().listen(handler, { host: "127.0.0.1", port: 0, ...options });
  onTestFinished(() => server.close(0));
  return server;
}

/** A promise and the functions that settle it. */
export function gate<T = void>(): { readonly passed: Promise<T>; open(value: T): void } {
  let open: (value: T) => void = () => {};
  const passed = new Promise<T>((resolve) => open = resolve);
  return { passed, open: (value) => open(value) };
}
