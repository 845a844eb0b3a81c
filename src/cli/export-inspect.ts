import { encodeBase64 } from "../bytes/base64.ts";
import type { FileKey } from "../export-file/file-key.ts";
import { READ_LIMITS } from "../export-file/format.ts";
import { formatInspection, inspectExportFile } from "../export-file/inspect.ts";
import { type Finding, lintExportFile } from "../export-file/lint.ts";
import { type Effect, effectOn, type Platform, PLATFORMS } from "../export-file/phone-rules.ts";
import { type ExportFile, readAnyExport } from "../export-file/read.ts";
import type { SignatureVerdict } from "../export-file/verify.ts";
import { secondsOfInterval } from "../model/interval.ts";
import { reportTypeOfWire } from "../model/report-type.ts";
import type { Command, CommandIo } from "./command.ts";
import { readPemKeys, verifyByPem } from "./export-trust.ts";
import { required, valueOf } from "./option-value.ts";
import { parseOptions } from "./options.ts";
import { readTarget } from "./target.ts";

const OPTIONS = { key: { type: "string", multiple: true }, keys: { type: "boolean" } } as const;

type Opened = {
  readonly target: string;
  readonly file: ExportFile;
  /** Whether single keys are to be shown. */
  readonly showKeys: boolean;
  /** Undefined when no key was given. */
  readonly verdicts: readonly SignatureVerdict[] | undefined;
};

/** Reads the file or URL in the arguments, and checks its signatures with the keys there. */
async function openTarget(io: CommandIo, needsKey: boolean): Promise<Opened> {
  const { values, positionals } = valueOf(
    parseOptions(io.args, OPTIONS, { positionals: "some", what: "an export file or its URL" }),
  );
  const [target = ""] = positionals;
  const { key } = values;
  if (needsKey) required(key?.[0], "key", "the file of a public key in PEM");
  const keys = key === undefined ? undefined : await readPemKeys(io.runtime.crypto, key);
  const bounds = { maxBytes: READ_LIMITS.zipBytes, signal: io.signal };
  const file = valueOf(await readAnyExport(await readTarget(target, bounds)));
  const verdicts = keys && await verifyByPem(io.runtime.crypto, file, keys);
  return { target, file, showKeys: values.keys === true, verdicts };
}

/** A key as people read it. Times are UTC. */
function shownKey(key: FileKey): Readonly<Record<string, unknown>> {
  const { intervalNumber, intervalCount, transmissionRisk, reportType, variantOfConcern } = key;
  const start = new Date(secondsOfInterval(intervalNumber) * 1000);
  return {
    key: encodeBase64(key.key),
    rollingStart: Number.isNaN(start.getTime()) ? intervalNumber : start.toISOString(),
    ...{ rollingStartIntervalNumber: intervalNumber, rollingPeriod: intervalCount },
    transmissionRisk,
    reportType: reportTypeOfWire(reportType) ?? reportType,
    ...(key.daysSinceOnset === undefined ? {} : { daysSinceOnset: key.daysSinceOnset }),
    ...(variantOfConcern === 0 ? {} : { variantOfConcern }),
  };
}

function keyLine(title: string, key: FileKey): string {
  const facts = Object.entries(shownKey(key)).slice(1).map(([name, value]) => `${name} ${value}`);
  return `${title.padEnd(10)} ${encodeBase64(key.key)}  ${facts.join("  ")}`;
}

/** `wayfarer export inspect`. */
export const exportInspectCommand: Command = {
  name: "inspect",
  summary: "tells what is in an export file",
  usage: `wayfarer export inspect FILE|URL [--key FILE] [--keys] [--json]

Tells what is in an export file: window, region, signatures, and how many keys of which kind. It
also reads a zip without export.sig and a bare export.bin.

  --key FILE   public key in PEM, may be repeated: says which signatures are right
  --keys       also shows every key (in JSON as keyList and revisedKeyList)

Example:
  wayfarer export inspect export.zip`,
  run: async (io) => {
    const { file, verdicts, showKeys } = await openTarget(io, false);
    const inspection = await inspectExportFile(file, verdicts);
    if (io.json) {
      const lists = showKeys
        ? {
          keyList: Array.from(file.keys(), shownKey),
          revisedKeyList: Array.from(file.revisedKeys(), shownKey),
        }
        : {};
      io.out(JSON.stringify({ ...inspection, ...lists }));
      return 0;
    }
    io.out(formatInspection(inspection).trimEnd());
    if (!showKeys) return 0;
    for (const key of file.keys()) io.out(keyLine("key", key));
    for (const key of file.revisedKeys()) io.out(keyLine("revised", key));
    return 0;
  },
};

/** What each platform makes of a file, and the findings that decide. */
type PhoneVerdicts = {
  readonly findings: readonly Finding[];
  readonly platforms: Readonly<Record<Platform, Effect>>;
};

async function judge({ file, verdicts }: Opened): Promise<PhoneVerdicts> {
  const findings = lintExportFile(file, await inspectExportFile(file, verdicts));
  const codes = findings.map(({ code }) => code);
  const platforms = { android: effectOn("android", codes), ios: effectOn("ios", codes) };
  return { findings, platforms };
}

const PLATFORM_NAMES: Readonly<Record<Platform, string>> = { android: "Android", ios: "iOS" };
const EFFECT_TEXT: Readonly<Record<Effect, string>> = {
  takes: "takes it",
  "drops key": "drops keys",
  refuses: "refuses it",
};

const effectsText = (effects: Readonly<Record<Platform, Effect>>): string =>
  PLATFORMS.map((platform) => `${PLATFORM_NAMES[platform]} ${EFFECT_TEXT[effects[platform]]}`)
    .join(", ");

const findingLine = (finding: Finding): string =>
  `${finding.level} ${finding.code}: ${finding.text} (${effectsText(finding)}: ${finding.reason})`;

/** `wayfarer export verify`. */
export const exportVerifyCommand: Command = {
  name: "verify",
  summary: "checks the signatures of an export file, and that phones take it",
  usage: `wayfarer export verify FILE|URL --key FILE [--json]

Checks the signatures of an export file with public keys in PEM (--key, may be repeated). Status 0
when at least one signature is right and phones that know its key take the file, Android and iOS.

Example:
  wayfarer export verify export.zip --key mag.pub.pem`,
  run: async (io) => {
    const opened = await openTarget(io, true);
    const { target, verdicts = [] } = opened;
    const { findings, platforms } = await judge(opened);
    const refusals = findings.filter((found) => PLATFORMS.some((one) => found[one] === "refuses"));
    const valid = verdicts.some(({ verdict }) => verdict === "valid");
    const good = valid && refusals.length === 0;
    if (io.json) {
      const signatures = verdicts.map(({ info, verdict }) => ({ ...info, verdict }));
      io.out(JSON.stringify({ ok: good, valid, platforms, signatures, findings: refusals }));
      return good ? 0 : 1;
    }
    for (const { info: { keyId, keyVersion }, verdict } of verdicts) {
      io.out(`key ${JSON.stringify(keyId)} version ${JSON.stringify(keyVersion)}: ${verdict}`);
    }
    for (const finding of refusals) io.out(findingLine(finding));
    const signed = valid ? "signed by a given key" : "not signed by any given key";
    io.out(`${target}: ${signed}${good || !valid ? "" : `, but ${effectsText(platforms)}`}`);
    return good ? 0 : 1;
  },
};

/** `wayfarer export lint`. */
export const exportLintCommand: Command = {
  name: "lint",
  summary: "tells what Android and iOS would refuse in an export file",
  usage: `wayfarer export lint FILE|URL [--key FILE] [--json]

Tells everything that phones would refuse in an export file (errors, with what Android and iOS do
and why) and what a careful operator should know (warnings). Status 1 when there is an error. In
JSON, platforms says for each whether it takes the file, drops keys, or refuses it.

Example:
  wayfarer export lint export.zip`,
  run: async (io) => {
    const opened = await openTarget(io, false);
    const { findings, platforms } = await judge(opened);
    const errors = findings.filter(({ level }) => level === "error").length;
    if (io.json) io.out(JSON.stringify({ ok: errors === 0, platforms, findings }));
    else {
      for (const finding of findings) io.out(findingLine(finding));
      const counts = `${errors} errors, ${findings.length - errors} warnings`;
      io.out(`${opened.target}: ${effectsText(platforms)}; ${counts}`);
    }
    return errors === 0 ? 0 : 1;
  },
};
