import { READ_LIMITS } from "../export-file/format.ts";
import { formatInspection, inspectExportFile } from "../export-file/inspect.ts";
import { lintExportFile } from "../export-file/lint.ts";
import { type ExportFile, readExportFile } from "../export-file/read.ts";
import type { SignatureVerdict } from "../export-file/verify.ts";
import type { Command, CommandIo } from "./command.ts";
import { readPemKeys, verifyByPem } from "./export-trust.ts";
import { required, valueOf } from "./option-value.ts";
import { parseOptions } from "./options.ts";
import { readTarget } from "./target.ts";

const OPTIONS = { key: { type: "string", multiple: true } } as const;

type Opened = {
  readonly target: string;
  readonly file: ExportFile;
  /** Undefined when no key was given. */
  readonly verdicts: readonly SignatureVerdict[] | undefined;
};

/** Reads the file or URL in the arguments, and checks its signatures with the keys there. */
async function openTarget(io: CommandIo, needsKey: boolean): Promise<Opened> {
  const { values, positionals } = valueOf(parseOptions(io.args, OPTIONS, { positionals: "some" }));
  const [target = ""] = positionals;
  const { key } = values;
  if (needsKey) required(key?.[0], "key", "the file of a public key in PEM");
  const keys = key === undefined ? undefined : await readPemKeys(io.runtime.crypto, key);
  const bounds = { maxBytes: READ_LIMITS.zipBytes, signal: io.signal };
  const file = valueOf(await readExportFile(await readTarget(target, bounds)));
  const verdicts = keys && await verifyByPem(io.runtime.crypto, file, keys);
  return { target, file, verdicts };
}

/** `wayfarer export inspect`. */
export const exportInspectCommand: Command = {
  name: "inspect",
  summary: "tells what is in an export file, without showing a key",
  usage: `wayfarer export inspect FILE|URL [--key FILE] [--json]

Tells what is in an export file: window, region, signatures, and how many keys of which kind. With
public keys in PEM (--key, may be repeated) it also says which signatures are right.

Example:
  wayfarer export inspect http://127.0.0.1:8080/exports/mag/1600000000-1600014400-00001.zip`,
  run: async (io) => {
    const { file, verdicts } = await openTarget(io, false);
    const inspection = await inspectExportFile(file, verdicts);
    io.out(io.json ? JSON.stringify(inspection) : formatInspection(inspection).trimEnd());
    return 0;
  },
};

/** `wayfarer export verify`. */
export const exportVerifyCommand: Command = {
  name: "verify",
  summary: "checks the signatures of an export file",
  usage: `wayfarer export verify FILE|URL --key FILE [--json]

Checks the signatures of an export file with public keys in PEM (--key, may be repeated). Status 0
when at least one signature is right: then phones that know the key take the file.

Example:
  wayfarer export verify export.zip --key mag.pub.pem`,
  run: async (io) => {
    const { target, verdicts = [] } = await openTarget(io, true);
    const valid = verdicts.some(({ verdict }) => verdict === "valid");
    if (io.json) {
      const signatures = verdicts.map(({ info, verdict }) => ({ ...info, verdict }));
      io.out(JSON.stringify({ valid, signatures }));
      return valid ? 0 : 1;
    }
    for (const { info: { keyId, keyVersion }, verdict } of verdicts) {
      io.out(`key ${JSON.stringify(keyId)} version ${JSON.stringify(keyVersion)}: ${verdict}`);
    }
    io.out(`${target}: ${valid ? "signed by a given key" : "not signed by any given key"}`);
    return valid ? 0 : 1;
  },
};

/** `wayfarer export lint`. */
export const exportLintCommand: Command = {
  name: "lint",
  summary: "tells what phones would refuse in an export file",
  usage: `wayfarer export lint FILE|URL [--key FILE] [--json]

Tells everything that phones would refuse in an export file (errors) and what a careful operator
should know (warnings). Status 1 when there is an error.

Example:
  wayfarer export lint export.zip`,
  run: async (io) => {
    const { target, file, verdicts } = await openTarget(io, false);
    const findings = lintExportFile(file, await inspectExportFile(file, verdicts));
    const errors = findings.filter(({ level }) => level === "error").length;
    if (io.json) io.out(JSON.stringify({ ok: errors === 0, findings }));
    else {
      for (const { level, code, text } of findings) io.out(`${level} ${code}: ${text}`);
      io.out(`${target}: ${errors} errors, ${findings.length - errors} warnings`);
    }
    return errors === 0 ? 0 : 1;
  },
};
