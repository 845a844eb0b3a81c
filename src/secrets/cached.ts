import type { SecretManager } from "./secret-manager.ts";

/** A secret as it was read first, and as it is now. */
export type CachedSecret = { readonly first: string; readonly current: () => Promise<string> };

/** After a failure to read a secret again, the one before is used for so long before the next try. */
const PAUSE_MS = 10_000;

/**
 * Reads a secret, and again when `ttlMs` have passed and somebody asks. While the manager is away the last value
 * stays in use, and `failed` is told. `nowMs` only grows.
 */
export async function cachedSecret(
  manager: SecretManager,
  name: string,
  options: {
    readonly ttlMs: number;
    readonly nowMs: () => number;
    readonly failed: (error: unknown) => void;
  },
): Promise<CachedSecret> {
  const { ttlMs, nowMs, failed } = options;
  const first = await manager.read(name);
  let value = first;
  let dueAt = nowMs() + ttlMs;
  let reading: Promise<void> | undefined;
  const read = async (): Promise<void> => {
    try {
      value = await manager.read(name);
      dueAt = nowMs() + ttlMs;
    } catch (error) {
      dueAt = nowMs() + Math.min(ttlMs, PAUSE_MS);
      failed(error);
    }
  };
  return {
    first,
    current: async () => {
      if (nowMs() >= dueAt) {
        reading ??= read().finally(() => reading = undefined);
        await reading;
      }
      return value;
    },
  };
}
