import { writeFile } from "node:fs/promises";
import { loadIssuer } from "../device/issuer.ts";
import { AppError } from "../errors.ts";
import { buildExportFile, type ExportSigner } from "../export-file/build.ts";
import type { SignatureInfo } from "../export-file/format.ts";
import type { ExportKey } from "../model/exposure.ts";
import { encodeHex } from "../bytes/base64.ts";
import { REPORT_TYPES } from "../model/report-type.ts";
import { keyIdFault, keyVersionFault } from "../model/verification-key.ts";
import type { Command } from "./command.ts";
import { durationMs, momentSeconds, required, valueOf, wholeNumber } from "./option-value.ts";
import { parseOptions } from "./options.ts";
import { randomKeys } from "./random-keys.ts";
import { readTekFile, TEK_FILE_HELP, type TekFile, type TekFileKey } from "./tek-file.ts";

const USAGE = `wayfarer export build --key FILE --region REGION [--tek-file FILE] [options]

Makes an export file without a server, for example to test an app.

  --tek-file FILE     the keys
  --random-keys N     also N random keys of the two weeks before the end of the window
  --key FILE          private P-256 key that signs: PEM or JWK
  --region REGION     region that the file names
  --key-id ID         verification key ID, the MCC (default: the region)
  --key-version V     verification key version (default v1)
  --end TIME          end of the window (default now)
  --period DURATION   length of the window (default 4h)
  --out FILE          where to write (default export.zip)

${TEK_FILE_HELP}

Example:
  wayfarer export build --tek-file keys.json --key signer.pem --region MAG --key-id 310`;

const OPTIONS = {
  "tek-file": { type: "string" },
  "random-keys": { type: "string" },
  key: { type: "string" },
  region: { type: "string" },
  "key-id": { type: "string" },
  "key-version": { type: "string" },
  end: { type: "string" },
  period: { type: "string" },
  out: { type: "string" },
} as const;

/** `wayfarer export build`. */
export const exportBuildCommand: Command = {
  name: "build",
  summary: "makes an export file without a server",
  usage: USAGE,
  run: async (io) => {
    const { values } = valueOf(parseOptions(io.args, OPTIONS));
    const count = wholeNumber(values["random-keys"], "random-keys", 0, { min: 0, max: 500_000 });
    const path = count > 0
      ? values["tek-file"]
      : required(values["tek-file"], "tek-file", "the file of the keys, or --random-keys");
    const keyPath = required(values.key, "key", "the file of the private key that signs");
    const region = required(values.region, "region", "a region code such as MAG");
    const end = momentSeconds(values.end, "end", Math.floor(Date.now() / 1000));
    const start = end - Math.floor(durationMs(values.period, "period", 4 * 3_600_000) / 1000);
    if (start < 0 || start >= end) {
      throw new AppError(
        "usage",
        "--period must be at least 1s, and not longer than --end is late",
      );
    }
    const out = values.out ?? "export.zip";
    const teks = path === undefined ? NO_TEKS : await readTekFile(path);
    const signer = await loadIssuer(io.runtime.crypto, keyPath);
    const info = verificationKey(values["key-id"] ?? region, values["key-version"] ?? "v1");
    const random = (length: number) => io.runtime.crypto.getRandomValues(new Uint8Array(length));
    const signers: readonly ExportSigner[] = [{ info, sign: signer.sign }];
    const built = await buildExportFile({
      header: { start, end, region },
      signers,
      keys: inOrder("keys", [...teks.keys, ...randomKeys(count, end, random)]),
      revisedKeys: inOrder("revisedKeys", teks.revisedKeys),
    });
    await writeFile(out, built.zip).catch((cause: unknown) => {
      throw new AppError("usage", `${out} cannot be written: name another file with --out`, {
        cause,
      });
    });
    const { keyCount, revisedKeyCount } = built;
    const bytes = built.zip.length;
    if (io.json) io.out(JSON.stringify({ file: out, bytes, keyCount, revisedKeyCount, ...info }));
    else io.out(`${out}: ${keyCount} keys, ${revisedKeyCount} revised, ${bytes} bytes`);
    return 0;
  },
};

const NO_TEKS: TekFile = { keys: [], revisedKeys: [] };

/** The name of the key that signs, in characters that phones can use. */
function verificationKey(keyId: string, keyVersion: string): SignatureInfo {
  const [idFault, versionFault] = [keyIdFault(keyId), keyVersionFault(keyVersion)];
  if (idFault !== undefined) throw new AppError("usage", `--key-id ${idFault}`);
  if (versionFault !== undefined) throw new AppError("usage", `--key-version ${versionFault}`);
  return { keyId, keyVersion };
}

/** The keys as a file wants them: sorted by their bytes, each once. */
async function* inOrder(
  member: string,
  keys: readonly TekFileKey[],
): AsyncGenerator<readonly ExportKey[]> {
  const sorted = keys
    .map((key, index) => ({ key, index, hex: encodeHex(key.bytes) }))
    .sort((a, b) => a.hex < b.hex ? -1 : a.hex > b.hex ? 1 : a.index - b.index);
  const twice = sorted.find(({ hex }, at) => hex === sorted[at - 1]?.hex);
  if (twice !== undefined) {
    throw new AppError("usage", `${member}.${twice.index} is there twice: delete one of them`);
  }
  yield sorted.map(({ key }): ExportKey => ({
    key: key.bytes,
    transmissionRisk: key.transmissionRisk,
    intervalNumber: key.rollingStartNumber,
    intervalCount: key.rollingPeriod,
    reportType: REPORT_TYPES[key.reportType ?? "confirmed"].wire,
    daysSinceOnset: key.daysSinceOnset,
  }));
}
