import type { DenoApi } from "./deno-serve.ts";
import { denoRuntime } from "./deno.ts";
import { nodeRuntime } from "./node.ts";
import type { Runtime } from "./runtime.ts";

/** The runtime that this process runs on; the one place that asks. */
export function currentRuntime(): Runtime {
  const { Deno } = globalThis as unknown as { readonly Deno?: DenoApi };
  return Deno === undefined ? nodeRuntime() : denoRuntime(Deno);
}
