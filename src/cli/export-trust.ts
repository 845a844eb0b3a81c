import * as z from "zod";
import { type Fetch, fetchBounded } from "../device/bounded-fetch.ts";
import { parseJson } from "../device/publish-client.ts";
import { accept, AppError, type Outcome, refuse } from "../errors.ts";
import { type ExportFile, readExportFile } from "../export-file/read.ts";
import {
  type SignatureVerdict,
  type VerificationKey,
  verifyExportFile,
} from "../export-file/verify.ts";
import { importVerifyKey } from "../keys/crypto.ts";
import { readTargetText } from "./target.ts";

/** Public keys in PEM files; whatever a signature calls its key, any of these may have made it. */
export type PemKeys = readonly CryptoKey[];

const MAX_PEM_BYTES = 65_536;

/** Reads public keys; throws `usage` naming the file that is none. */
export async function readPemKeys(
  crypto: Crypto,
  paths: readonly string[],
): Promise<PemKeys> {
  return await Promise.all(paths.map(async (path) => {
    const key = await importVerifyKey(
      crypto,
      await readTargetText(path, { maxBytes: MAX_PEM_BYTES }),
    );
    if (key.ok) return key.value;
    throw new AppError("usage", `--key ${path}: ${key.message}`);
  }));
}

/**
 * A verdict for each signature of the file by any of the keys. Nobody said which signature is whose: where one is
 * right, the others may be those of keys that were not given.
 */
export async function verifyByPem(
  crypto: Crypto,
  file: ExportFile,
  keys: PemKeys,
): Promise<readonly SignatureVerdict[]> {
  const names = new Map(
    file.signatures.map(({ info }) => [JSON.stringify([info.keyId, info.keyVersion]), info]),
  );
  const candidates = [...names.values()].flatMap(({ keyId, keyVersion }) =>
    keys.map((publicKey): VerificationKey => ({ keyId, keyVersion, publicKey }))
  );
  const verdicts = await verifyExportFile(file, candidates, crypto.subtle);
  if (!verdicts.some(({ verdict }) => verdict === "valid")) return verdicts;
  return verdicts.map((one) => one.verdict === "valid" ? one : { ...one, verdict: "unknown_key" });
}

/** Opens files that at least one of the keys signed. */
export function openByPem(
  crypto: Crypto,
  keys: PemKeys,
): (zip: Uint8Array) => Promise<Outcome<ExportFile>> {
  return async (zip) => {
    const file = await readExportFile(zip);
    return file.ok ? trusted(file.value, await verifyByPem(crypto, file.value, keys)) : file;
  };
}

const MAX_KEYS_BYTES = 256 * 1024;
const publishedKeys = z.object({
  keys: z.array(z.object({ keyId: z.string(), keyVersion: z.string(), publicKey: z.string() }))
    .max(1000),
});

/**
 * Opens files signed by a key that the server publishes at /.well-known/exposure-keys.json. The list is read when
 * first needed, and again when a file names a key that is not in it.
 */
export function openByPublishedKeys(
  crypto: Crypto,
  serverUrl: string,
  { fetch, signal }: { readonly fetch: Fetch; readonly signal: AbortSignal },
): (zip: Uint8Array) => Promise<Outcome<ExportFile>> {
  let known: readonly VerificationKey[] | undefined;
  return async (zip) => {
    const file = await readExportFile(zip);
    if (!file.ok) return file;
    const isKnown = (keyId: string, keyVersion: string): boolean =>
      known?.some((key) => key.keyId === keyId && key.keyVersion === keyVersion) ?? false;
    if (!file.value.signatures.some(({ info }) => isKnown(info.keyId, info.keyVersion))) {
      const fetched = await fetchPublishedKeys(fetch, serverUrl, signal);
      if (!fetched.ok) return fetched;
      known = fetched.value;
    }
    const { subtle } = crypto;
    return trusted(file.value, await verifyExportFile(file.value, known ?? [], subtle));
  };
}

async function fetchPublishedKeys(
  fetch: Fetch,
  serverUrl: string,
  signal: AbortSignal,
): Promise<Outcome<readonly VerificationKey[]>> {
  const url = `${serverUrl}/.well-known/exposure-keys.json`;
  const bounds = { maxBytes: MAX_KEYS_BYTES, timeoutMs: 30_000, signal };
  const answer = await fetchBounded(fetch, url, bounds);
  if (!answer.ok) return answer;
  const parsed = publishedKeys.safeParse(parseJson(answer.value.body));
  if (answer.value.status === 200 && parsed.success) {
    return accept(parsed.data.keys);
  }
  return refuse("fetch_failed", `${url} gives no list of public keys: name one with --key`);
}

function trusted(file: ExportFile, verdicts: readonly SignatureVerdict[]): Outcome<ExportFile> {
  if (verdicts.some(({ verdict }) => verdict === "valid")) return accept(file);
  return refuse("signature_invalid", "not signed by a key that we trust");
}
