import type { DenoApi } from "./deno-serve.ts";
import { denoRuntime } from "./deno.ts";
import { nodeRuntime } from "./node.ts";
import type { Runtime } from "./runtime.ts";

/** The runtime of this process; the only place that detects it. */
export function currentRuntime(): Runtime {
  const { Deno } = globalThis as unknown as { readonly Deno?: DenoApi };
  return Deno === undefined ? nodeRuntime() : denoRuntime(Deno);
}
