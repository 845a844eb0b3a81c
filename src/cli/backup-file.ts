import { link, open, rm } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { once } from "node:events";
import process from "node:process";
import { AppError } from "../errors.ts";

/**
 * Writes a file that only its owner can read, whole or not at all: nothing has its name before the last byte is on disk.
 * A file of that name is never overwritten.
 */
export async function writeNewFile(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  const file = await open(part, "wx", 0o600).catch((cause: unknown) => {
    throw new AppError(
      "usage",
      `${path} cannot be written: give a folder that is there and yours`,
      {
        cause,
      },
    );
  });
  try {
    try {
      for await (const chunk of chunks) await file.writeFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(part, path).catch((cause: unknown) => {
      throw new AppError("usage", `${path} exists already: give another name`, { cause });
    });
  } finally {
    await rm(part, { force: true });
  }
}

/** Writes to standard output, no faster than it is read. */
export async function writeToOutput(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of chunks) {
    if (!process.stdout.write(chunk)) await once(process.stdout, "drain");
  }
}

/** The bytes of a file. Throws `usage` when it cannot be read. */
export async function* readFileChunks(path: string): AsyncGenerator<Uint8Array> {
  const stream: AsyncIterable<Uint8Array> = createReadStream(path, { highWaterMark: 256 * 1024 });
  try {
    yield* stream;
  } catch (cause) {
    throw new AppError("usage", `${path} cannot be read: give the path of a backup`, { cause });
  }
}
