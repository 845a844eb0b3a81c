import { open } from "node:fs/promises";
import process from "node:process";
import { Readable } from "node:stream";
import { readBounded } from "../bounds/read.ts";
import { type Fetch, fetchBounded } from "../device/bounded-fetch.ts";
import { AppError, refuse } from "../errors.ts";
import { valueOf } from "./option-value.ts";

/** How much of a file or URL is read, and for how long. */
export type TargetBounds = {
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
};

const DEFAULT_TIMEOUT_MS = 60_000;

/** The bytes of a file, of a URL (http or https), or of standard input (`-`). Throws an AppError naming it. */
export async function readTarget(
  target: string,
  bounds: TargetBounds,
  fetch: Fetch = globalThis.fetch,
): Promise<Uint8Array> {
  if (target === "-") return await readStandardInput(bounds.maxBytes);
  if (!/^https?:\/\//i.test(target)) return await readFileBounded(target, bounds.maxBytes);
  const answer = valueOf(
    await fetchBounded(fetch, target, { timeoutMs: DEFAULT_TIMEOUT_MS, ...bounds }),
  );
  if (answer.status === 200) return answer.body;
  throw new AppError("fetch_failed", `${target} answered ${answer.status}, not 200`);
}

/** The same as text in UTF-8. */
export async function readTargetText(target: string, bounds: TargetBounds): Promise<string> {
  return new TextDecoder().decode(await readTarget(target, bounds));
}

async function readFileBounded(path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await open(path, "r").catch((cause: unknown) => {
    throw new AppError("usage", `${path} cannot be read: give the path of a file`, { cause });
  });
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new AppError("usage", `${path} is no file: give the path of one`);
    if (found.size > maxBytes) {
      throw new AppError("limit_exceeded", tooLargeText(path, maxBytes));
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** All of standard input; throws `limit_exceeded` when it has more than `maxBytes`. */
export async function readStandardInput(maxBytes: number): Promise<Uint8Array> {
  return valueOf(
    await readBounded(Readable.toWeb(process.stdin), {
      maxBytes,
      tooLarge: () => refuse("limit_exceeded", tooLargeText("standard input", maxBytes)),
    }),
  );
}

function tooLargeText(name: string, maxBytes: number): string {
  return `${name} is larger than ${maxBytes} bytes`;
}
