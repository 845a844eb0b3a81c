import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import * as z from "zod";
import { AppError } from "../errors.ts";
import { decodeBase64, encodeBase64 } from "../bytes/base64.ts";
import { KEY_BYTES, type Tek } from "../model/exposure.ts";
import { asSeconds, type Seconds } from "../model/ids.ts";
import { issueText, ownWords } from "../model/schema-words.ts";
import type { Sighting } from "./encounter.ts";

/** The state of a demo's two phones between commands. */
export type DeviceState = {
  readonly healthAuthorityId: string;
  /** The phone whose user publishes. */
  readonly teks: readonly Tek[];
  /** Empty before the first response. */
  readonly revisionToken: string;
  /** The phone that recorded RPIs. */
  readonly sightings: readonly Sighting[];
  /** When the phones met, and how many sightings are of that encounter, which a match should find. */
  readonly encounters: readonly { readonly from: Seconds; readonly rpis: number }[];
};

const MAX_STATE_BYTES = 4 * 1024 * 1024;

const bytes16 = z.string().transform((text, context) => {
  const bytes = decodeBase64(text);
  if (bytes?.length === KEY_BYTES) return bytes;
  context.addIssue({ code: "custom", message: `must be base64 of ${KEY_BYTES} bytes` });
  return z.NEVER;
});
const seconds = z.number().int().min(0).transform(asSeconds);

const schema = z.strictObject({
  version: z.literal(1),
  healthAuthorityId: z.string(),
  teks: z.array(
    z.strictObject({
      key: bytes16,
      rollingStart: z.number().int().min(0),
      rollingPeriod: z.number().int().min(1).max(144),
    }).transform(({ key, rollingStart, rollingPeriod }): Tek => ({
      key,
      intervalNumber: rollingStart,
      intervalCount: rollingPeriod,
    })),
  ).max(1000),
  revisionToken: z.string(),
  sightings: z.array(z.strictObject({ rpi: bytes16, heardAt: seconds })).max(20_000),
  encounters: z.array(z.strictObject({ from: seconds, rpis: z.number().int().min(0) })).max(1000),
});

/** Loads the state from a file; undefined when the file does not exist. Throws `usage` when it holds something else. */
export async function loadState(path: string): Promise<DeviceState | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (!found.isFile() || found.size > MAX_STATE_BYTES) {
    throw notAState(path, "not a file, or too large");
  }
  const value = parse(await readFile(path, "utf8"));
  if (value === undefined) throw notAState(path, "not JSON");
  const parsed = schema.safeParse(value, { error: ownWords });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw notAState(path, issue === undefined ? "not JSON" : issueText(issue, "the file"));
}

/** Writes the state atomically; only its owner can read it, because it holds TEKs. */
export async function saveState(path: string, state: DeviceState): Promise<void> {
  const text = JSON.stringify({
    version: 1,
    ...state,
    teks: state.teks.map(({ key, intervalNumber, intervalCount }) => ({
      key: encodeBase64(key),
      rollingStart: intervalNumber,
      rollingPeriod: intervalCount,
    })),
    sightings: state.sightings.map(({ rpi, heardAt }) => ({ rpi: encodeBase64(rpi), heardAt })),
  });
  const partial = `${path}.${randomUUID()}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(partial, "wx", 0o600);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => {});
    throw new AppError("usage", `${path} cannot be written: name another file with --state`, {
      cause,
    });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function notAState(path: string, what: string): AppError {
  return new AppError(
    "usage",
    `${path} does not hold the state of a device (${what}): delete it, or name another with --state`,
  );
}
