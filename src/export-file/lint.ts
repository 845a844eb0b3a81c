import { decodeDer } from "../bytes/ecdsa-der.ts";
import type { KeyProblem } from "./file-key.ts";
import { BIN_ENTRY, ECDSA_SHA256_OID, FILE_HEADER, MAX_SIGNATURES, SIG_ENTRY } from "./format.ts";
import type { ExportInspection } from "./inspect.ts";
import type { ExportFile, FileSignatureInfo } from "./read.ts";
import type { KeySurvey } from "./survey.ts";

/** `error`: a phone would refuse the file or the key. `warning`: a careful operator should know. */
export type FindingLevel = "error" | "warning";

/** Something wrong with a file. Codes are stable. */
export type Finding = {
  readonly code: FindingCode;
  readonly level: FindingLevel;
  readonly text: string;
};

/** Every code, and how bad it is. */
const LEVELS = {
  header: "error",
  entries: "warning",
  window: "error",
  region: "warning",
  batch: "warning",
  batch_mismatch: "error",
  no_signature: "error",
  too_many_signatures: "error",
  signature_infos: "error",
  signature_key: "error",
  signature_algorithm: "error",
  signature_der: "error",
  signature_invalid: "error",
  no_keys: "warning",
  too_many_keys: "warning",
  key_order: "warning",
  duplicate_keys: "warning",
  revoked_primary: "warning",
  key_length: "error",
  transmission_risk: "error",
  rolling_start: "error",
  rolling_period: "error",
  report_type: "warning",
  days_since_onset: "error",
} as const;

/** The code of a finding. */
export type FindingCode = keyof typeof LEVELS;

/** What each problem of a key means, after "3 keys have". */
const KEY_PROBLEM_TEXT: Record<KeyProblem, string> = {
  key_length: "not 16 bytes",
  transmission_risk: "a transmission risk outside 0…8",
  rolling_start: "no rolling start",
  rolling_period: "a rolling period outside 1…144",
  report_type: "an unknown report type",
  days_since_onset: "days since onset of symptoms outside −14…14",
};

/** Above this, split the window into several files. */
const MANY_KEYS = 500_000;

/** All that is wrong with a file, `inspection` being what `inspectExportFile` said of it. */
export function lintExportFile(file: ExportFile, inspection: ExportInspection): readonly Finding[] {
  return [
    ...lintContainer(file),
    ...lintSignatures(file, inspection),
    ...lintSurvey("keys", inspection.keys),
    ...lintSurvey("revised_keys", inspection.revisedKeys),
  ];
}

const finding = (code: FindingCode, text: string): Finding => ({ code, level: LEVELS[code], text });

function* lintContainer(file: ExportFile): Generator<Finding> {
  const header = new TextDecoder().decode(file.bin.subarray(0, FILE_HEADER.length));
  if (header !== FILE_HEADER) {
    yield finding("header", `${BIN_ENTRY} does not start with the 16 bytes "${FILE_HEADER}"`);
  }
  if (file.entryNames.join() !== `${BIN_ENTRY},${SIG_ENTRY}`) {
    yield finding("entries", `the zip's entries are not just ${BIN_ENTRY}, then ${SIG_ENTRY}`);
  }
  if (file.start <= 0 || file.end <= file.start) {
    yield finding("window", `end_timestamp ${file.end} is not after start_timestamp ${file.start}`);
  }
  if (file.region === "") yield finding("region", "region is empty");
  if (file.batchNum !== 1 || file.batchSize !== 1) {
    const batch = `${file.batchNum} of ${file.batchSize}`;
    yield finding("batch", `the file is ${batch}, not 1 of 1: phones want all of a batch at once`);
  }
  const count = file.keyCount + file.revisedKeyCount;
  if (count === 0) yield finding("no_keys", "the file has no keys");
  if (count > MANY_KEYS) {
    yield finding("too_many_keys", `${count} keys: above ${MANY_KEYS}, make several files`);
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
  if (file.signatureInfos.map(nameOf).join() !== inSig.join()) {
    yield finding("signature_infos", `${BIN_ENTRY} and ${SIG_ENTRY} name different signatures`);
  }
  for (const [index, { info, batchNum, batchSize, signature }] of signatures.entries()) {
    const which = `signature ${index}`;
    if (info.keyId === "" || info.keyVersion === "") {
      yield finding("signature_key", `${which} lacks the ID or the version of its key`);
    }
    if (info.algorithm !== ECDSA_SHA256_OID) {
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

/** A form of SignatureInfo that two have in common only if they are the same. */
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
