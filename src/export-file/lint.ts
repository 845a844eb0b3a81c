import { decodeDer } from "../bytes/ecdsa-der.ts";
import { keyIdFault, keyVersionFault } from "../model/verification-key.ts";
import type { KeyProblem } from "./file-key.ts";
import {
  BIN_ENTRY,
  ECDSA_SHA256_OID,
  ECDSA_SHA512_OID,
  FILE_HEADER,
  MAX_SECONDS,
  MAX_SIGNATURES,
  SIG_ENTRY,
} from "./format.ts";
import type { ExportInspection } from "./inspect.ts";
import {
  effectOn,
  type FindingCode,
  PHONE_RULES,
  type PhoneRule,
  PLATFORMS,
} from "./phone-rules.ts";
import type { ExportFile, FileSignatureInfo } from "./read.ts";
import type { KeySurvey } from "./survey.ts";

/** `error`: a phone would refuse the file or the key. `warning`: no phone minds, but you should know. */
export type FindingLevel = "error" | "warning";

/** A problem of a file, and what each platform does with it; see `PHONE_RULES`. */
export type Finding = PhoneRule & {
  readonly code: FindingCode;
  readonly level: FindingLevel;
  readonly text: string;
};

/** The text for each problem of a key, after "3 keys have". */
const KEY_PROBLEM_TEXT: Record<KeyProblem, string> = {
  key_length: "not 16 bytes",
  transmission_risk: "a transmission risk outside 0…8",
  rolling_start: "no rolling start",
  rolling_period: "a rolling period outside 1…144",
  starts_in_future: "a rolling start after the file's end",
  still_valid: "a validity that lasts beyond the file's end",
  report_type: "an unknown report type",
  days_since_onset: "days since onset of symptoms outside −14…14",
};

/** Above this, split the window into several files. */
const MANY_KEYS = 500_000;

/** Lists the problems of a file. `inspection` is the result of `inspectExportFile`. */
export function lintExportFile(file: ExportFile, inspection: ExportInspection): readonly Finding[] {
  return [
    ...lintContainer(file),
    ...lintSignatures(file, inspection),
    ...lintSurvey("keys", inspection.keys),
    ...lintSurvey("revised_keys", inspection.revisedKeys),
  ];
}

function finding(code: FindingCode, text: string): Finding {
  const minded = PLATFORMS.some((platform) => effectOn(platform, [code]) !== "takes");
  return { code, level: minded ? "error" : "warning", text, ...PHONE_RULES[code] };
}

function* lintContainer(file: ExportFile): Generator<Finding> {
  const header = new TextDecoder().decode(file.bin.subarray(0, FILE_HEADER.length));
  if (header !== FILE_HEADER) {
    yield finding("header", `${BIN_ENTRY} does not start with the 16 bytes "${FILE_HEADER}"`);
  }
  yield* lintEntries(file.entryNames);
  if (file.start > MAX_SECONDS || file.end > MAX_SECONDS) {
    const times = `start_timestamp ${file.start} and end_timestamp ${file.end}`;
    yield finding("timestamp_unit", `${times} are not seconds; milliseconds?`);
  }
  if (file.start <= 0 || file.end <= file.start) {
    yield finding("window", `end_timestamp ${file.end} is not after start_timestamp ${file.start}`);
  }
  if (file.region === "") yield finding("region", "region is empty");
  const batch = `${file.batchNum} of ${file.batchSize}`;
  const stated = file.batchNum !== 0 || file.batchSize !== 0;
  if (stated && (file.batchNum < 1 || file.batchNum > file.batchSize)) {
    yield finding("batch_number", `the file is ${batch}, which no batch can have`);
  } else if (file.batchSize !== 1) {
    yield finding("batch", `the file is ${batch}, not 1 of 1: phones want all of a batch at once`);
  }
  const count = file.keyCount + file.revisedKeyCount;
  if (count === 0) yield finding("no_keys", "the file has no keys");
  if (count > MANY_KEYS) {
    yield finding("too_many_keys", `${count} keys: above ${MANY_KEYS}, make several files`);
  }
}

function* lintEntries(names: readonly string[]): Generator<Finding> {
  for (const name of [BIN_ENTRY, SIG_ENTRY]) {
    if (!names.includes(name)) yield finding("missing_entry", `there is no zip entry ${name}`);
  }
  const extra = names.filter((name) => name !== BIN_ENTRY && name !== SIG_ENTRY);
  if (extra.length > 0) {
    yield finding("extra_entry", `the zip has ${extra.length} entries too many`);
  }
  if (names.indexOf(SIG_ENTRY) === 0) {
    yield finding("entries", `the zip's first entry is ${SIG_ENTRY}, not ${BIN_ENTRY}`);
  }
}

function* lintSignatures(file: ExportFile, inspection: ExportInspection): Generator<Finding> {
  const { signatures } = file;
  if (signatures.length === 0) yield finding("no_signature", `${SIG_ENTRY} has no signature`);
  if (signatures.length > MAX_SIGNATURES) {
    const text = `${signatures.length} signatures: phones read at most ${MAX_SIGNATURES}`;
    yield finding("too_many_signatures", text);
  }
  const inSig = signatures.map(({ info }) => nameOf(info));
  if (file.signatureInfos.length !== signatures.length) {
    const counts =
      `${file.signatureInfos.length} signature_infos and ${signatures.length} signatures`;
    yield finding("signature_count", `the file has ${counts}`);
  } else if (file.signatureInfos.map(nameOf).join() !== inSig.join()) {
    yield finding("signature_infos", `${BIN_ENTRY} and ${SIG_ENTRY} name different signatures`);
  }
  for (const [index, { info, batchNum, batchSize, signature }] of signatures.entries()) {
    const which = `signature ${index}`;
    if (info.keyId === "" || info.keyVersion === "") {
      yield finding("signature_key", `${which} lacks the ID or the version of its key`);
    } else if ((keyIdFault(info.keyId) ?? keyVersionFault(info.keyVersion)) !== undefined) {
      yield finding("signature_key_name", `${which}: key ID or version has odd characters`);
    }
    if (info.algorithm === ECDSA_SHA512_OID) {
      yield finding("signature_sha512", `${which} is made with SHA-512`);
    } else if (info.algorithm !== ECDSA_SHA256_OID) {
      yield finding("signature_algorithm", `${which}: the algorithm is not ${ECDSA_SHA256_OID}`);
    }
    if (batchNum !== file.batchNum || batchSize !== file.batchSize) {
      yield finding("batch_mismatch", `${which} is for another batch than ${BIN_ENTRY}`);
    }
    const decoded = decodeDer(signature);
    if (decoded === undefined || decoded.oddity !== undefined) {
      const why = decoded?.oddity ?? "no SEQUENCE of two INTEGER of at most 32 bytes";
      yield finding("signature_der", `${which} is not strict DER: ${why}`);
    }
    if (inspection.signatures[index]?.verdict === "invalid") {
      yield finding("signature_invalid", `${which} does not verify with the key that it names`);
    }
  }
}

/** A form of SignatureInfo that is equal for two only if they are the same. */
function nameOf({ keyId, keyVersion, algorithm }: FileSignatureInfo): string {
  return JSON.stringify([keyId, keyVersion, algorithm]);
}

function* lintSurvey(name: "keys" | "revised_keys", survey: KeySurvey): Generator<Finding> {
  if (!survey.ascending) {
    yield finding("key_order", `${name} are not sorted by key, so their order may tell something`);
  }
  if (survey.duplicates > 0) {
    yield finding("duplicate_keys", `${name}: ${survey.duplicates} occur more than once`);
  }
  const revoked = survey.reportTypes.find(({ value }) => value === "REVOKED")?.count ?? 0;
  if (name === "keys" && revoked > 0) {
    yield finding("revoked_primary", `${name}: ${revoked} are REVOKED on first publication`);
  }
  for (const [problem, text] of Object.entries(KEY_PROBLEM_TEXT) as [KeyProblem, string][]) {
    const found = survey.problems[problem];
    if (found === undefined) continue;
    yield finding(problem, `${name}: ${found.count} have ${text}, first at index ${found.first}`);
  }
}
