/** The master key: 32 bytes that wrap every key in the database. From the environment, or a file made at first start. */

import { chmod, link, mkdir, open, readFile, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { AppError } from "../errors.ts";
import { decodeBase64, encodeBase64, encodeHex } from "../bytes/base64.ts";
import { fileTrouble } from "../store/embedded/file-trouble.ts";
import { hmacSha256 } from "./crypto.ts";

/** What {@link loadMasterKey} needs. */
export type MasterKeyOptions = {
  /** MASTER_KEY: base64 of 32 bytes. */
  readonly value?: string;
  /** DATA_DIR: where a key is kept, in `secrets/master.key`, when that is not set. */
  readonly dataDirectory: string;
  /** What the database remembers of the key that it was first used with; undefined for a new database. */
  readonly expectedFingerprint?: string;
  readonly crypto: Crypto;
  /** Told what is unsafe but works. */
  readonly warn: (text: string) => void;
};

/** The key, where it came from, and what the database should remember of it. */
export type MasterKey = {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly origin: "MASTER_KEY" | "DATA_DIR";
  /** Whether it was made just now. */
  readonly created: boolean;
  /** Names the key without telling it: 32 hexadecimal digits. */
  readonly fingerprint: string;
};

const FINGERPRINT_LABEL = new TextEncoder().encode("wayfarer master key fingerprint");
const MAX_FILE_BYTES = 4096;

/**
 * Loads the master key, or makes it when the database is new. A key of the wrong form throws
 * `invalid_configuration` or, in DATA_DIR, `data_directory_unusable`; so does one that is lost or not the
 * `expectedFingerprint`, and then nothing is made or overwritten.
 */
export async function loadMasterKey(options: MasterKeyOptions): Promise<MasterKey> {
  const found = await findMasterKey(options);
  const mac = await hmacSha256(options.crypto, found.bytes, FINGERPRINT_LABEL);
  const fingerprint = encodeHex(mac.subarray(0, 16));
  checkMasterKey(fingerprint, options.expectedFingerprint, found.origin);
  return { ...found, fingerprint };
}

/** Throws `data_directory_unusable` when the database remembers another master key than this one. */
function checkMasterKey(
  fingerprint: string,
  expectedFingerprint: string | undefined,
  origin: MasterKey["origin"],
): void {
  if (expectedFingerprint === undefined || expectedFingerprint === fingerprint) return;
  const source = origin === "DATA_DIR" ? "secrets/master.key in DATA_DIR" : origin;
  throw new AppError(
    "data_directory_unusable",
    `${source} is not the master key that this database was first used with, so its keys cannot be unwrapped: ` +
      "put that master key back (from a backup, or from the other server on this database)",
  );
}

async function findMasterKey(options: MasterKeyOptions): Promise<Omit<MasterKey, "fingerprint">> {
  const { value } = options;
  if (value !== undefined) {
    const bytes = decodeMasterKey(value);
    if (bytes === undefined) throw malformed();
    return { bytes, origin: "MASTER_KEY", created: false };
  }
  return await fromDataDirectory(options);
}

async function fromDataDirectory(
  options: MasterKeyOptions,
): Promise<Omit<MasterKey, "fingerprint">> {
  const { dataDirectory, expectedFingerprint, crypto, warn } = options;
  const path = join(dataDirectory, "secrets", "master.key");
  try {
    let text = await readIfThere(path, warn);
    let created = false;
    if (text === undefined) {
      if (expectedFingerprint !== undefined) throw lost(path);
      await mkdir(dataDirectory, { recursive: true, mode: 0o711 });
      created = await writeNew(path, crypto);
      text = await readKeyFile(path, warn);
    }
    const bytes = decodeMasterKey(text);
    if (bytes === undefined) throw damaged(path);
    return { bytes, origin: "DATA_DIR", created };
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const { message } = await fileTrouble(resolve(dataDirectory), cause);
    throw new AppError(
      "data_directory_unusable",
      `the master key in ${path} cannot be read or made: ${message}. Or set MASTER_KEY`,
      { cause },
    );
  }
}

/** Makes the file in one step: whoever sees it sees all of it. False when another process was first. */
async function writeNew(path: string, crypto: Crypto): Promise<boolean> {
  const key = crypto.getRandomValues(new Uint8Array(32));
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const draft = join(folder, `.master.key.${crypto.randomUUID()}`);
  const handle = await open(draft, "wx", 0o600);
  try {
    await handle.writeFile(`${encodeBase64(key)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(draft, path);
    await syncFolder(folder);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** So that the name survives a power cut too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readIfThere(
  path: string,
  warn: (text: string) => void,
): Promise<string | undefined> {
  return await readKeyFile(path, warn).catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  });
}

async function readKeyFile(path: string, warn: (text: string) => void): Promise<string> {
  const { mode, size } = await stat(path);
  if ((mode & 0o077) !== 0) {
    warn(`the master key file ${path} is open to other users of this machine: chmod 600 it`);
  }
  return size > MAX_FILE_BYTES ? "" : await readFile(path, "utf8");
}

function decodeMasterKey(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = decodeBase64(text.trim());
  return bytes?.length === 32 ? bytes : undefined;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function malformed(): AppError {
  return new AppError(
    "invalid_configuration",
    'MASTER_KEY must be base64 of 32 bytes: make one with "openssl rand -base64 32"',
  );
}

function damaged(path: string): AppError {
  return new AppError(
    "data_directory_unusable",
    `${path} is damaged (it must hold base64 of 32 bytes): put it back from a backup. ` +
      "Only if this server has never run before, delete it and start again",
  );
}

function lost(path: string): AppError {
  return new AppError(
    "data_directory_unusable",
    `${path} is lost, and without it the keys in the database cannot be unwrapped: ` +
      "put it back from a backup, or set MASTER_KEY to the same value",
  );
}
