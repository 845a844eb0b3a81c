import { Buffer } from "node:buffer";
import { accept, type Outcome, refuse } from "../errors.ts";
import { decodeBase64 } from "../bytes/base64.ts";
import { keyFault, keySetFault, type SetMember } from "../model/key-check.ts";
import { chooseOnset, daysSinceOnset, type Onset } from "../model/onset.ts";
import type { ReportType } from "../model/report-type.ts";
import { transmissionRisk } from "../model/transmission-risk.ts";
import type { Seconds } from "../model/ids.ts";
import type { CheckedKey } from "../store/publish/checked-set.ts";
import type { PublishRequest, RequestKey } from "./request-parser.ts";
import type { PublishSettings } from "./settings.ts";

/** A key that goes on, with the index under which the app knows it. */
export type IndexedKey = CheckedKey & { readonly index: number };

/** Why a key does not go on; the reason does not quote the key. */
export type KeyNote = { readonly index: number; readonly reason: string };

/** A request's keys after all checks of keys and set. */
export type CheckedKeys = {
  /** In ascending order of the key. */
  readonly keys: readonly IndexedKey[];
  /** Keys that were refused. */
  readonly faults: readonly KeyNote[];
  /** Keys that were left out. */
  readonly warnings: readonly KeyNote[];
  readonly onset: Onset;
};

/** The same, whatever the verdict on the whole. */
export type ExaminedKeys = CheckedKeys & {
  /** Why the keys that are left cannot go together. */
  readonly setFault: KeyNote | undefined;
};

/** Checks each key, then the set of those that are left. Refused when no key is good, or the set is not. */
export function checkKeys(
  ...given: Parameters<typeof examineKeys>
): Outcome<CheckedKeys> {
  return verdict(examineKeys(...given));
}

/** What comes of checks of keys and set. */
export function verdict(examined: ExaminedKeys): Outcome<CheckedKeys> {
  const { keys, faults, warnings, setFault } = examined;
  if (keys.length + warnings.length === 0) {
    return refuse(
      "bad_request",
      faults.length === 0
        ? "temporaryExposureKeys holds no key: send at least one"
        : faultText(faults),
    );
  }
  return setFault === undefined ? accept(examined) : refuse("bad_request", setFault.reason);
}

/** Makes all checks of keys and set. */
export function examineKeys(
  request: PublishRequest,
  reportType: ReportType,
  certificateOnset: number | undefined,
  now: Seconds,
  settings: PublishSettings,
): ExaminedKeys {
  const onset = chooseOnset([request.symptomOnsetInterval, certificateOnset], now, {
    maxReportDays: settings.maxOnsetReportDays,
    defaultDaysAgo: settings.defaultOnsetDaysAgo,
  });
  const keys: IndexedKey[] = [];
  const members: SetMember[] = [];
  const faults: KeyNote[] = [];
  const warnings: KeyNote[] = [];
  for (const [index, sent] of request.temporaryExposureKeys.entries()) {
    const key = bytesOfKey(sent.key);
    const { rollingStartNumber: intervalNumber, rollingPeriod: intervalCount } = sent;
    const fault = keyFault(
      {
        keyBytes: key?.length,
        intervalNumber,
        intervalCount,
        transmissionRisk: sent.transmissionRisk,
      },
      now,
      settings.maxKeyAgeSeconds,
    );
    if (key === undefined || fault !== undefined) {
      faults.push({ index, reason: fault ?? "it is not base64" });
      continue;
    }
    const days = daysSinceOnset(intervalNumber, onset);
    if (Math.abs(days) > settings.maxOnsetDays) {
      const reason = `${
        Math.abs(days)
      } days from the onset of symptoms, more than ${settings.maxOnsetDays}`;
      warnings.push({ index, reason });
      continue;
    }
    const hex = key.toString("hex");
    // Some apps send a key twice: the same once more is no other key.
    if (
      keys.some((other) =>
        other.hex === hex && isRepeated(sent, request.temporaryExposureKeys[other.index])
      )
    ) {
      continue;
    }
    members.push({ index, id: hex, intervalNumber, intervalCount });
    keys.push({
      index,
      key,
      hex,
      intervalNumber,
      intervalCount,
      transmissionRisk: transmissionRisk(sent.transmissionRisk, reportType),
      daysSinceOnset: days,
      onsetTold: !onset.missing,
    });
  }
  const setFault = keySetFault(members, settings.maxSameStartKeys);
  keys.sort((a, b) => (a.hex < b.hex ? -1 : 1));
  return { keys, faults, warnings, onset, setFault };
}

const isRepeated = (sent: RequestKey, before: RequestKey | undefined): boolean =>
  sent.rollingStartNumber === before?.rollingStartNumber &&
  sent.rollingPeriod === before.rollingPeriod &&
  sent.transmissionRisk === before.transmissionRisk;

/** What an answer says of refused keys. */
export function faultText(faults: readonly KeyNote[]): string {
  return faults.map(({ index, reason }) => `key ${index} cannot be imported: ${reason}`).join("; ");
}

/** What an answer says of keys that were left out. */
export function warningTexts(warnings: readonly KeyNote[]): readonly string[] {
  return warnings.map(({ index, reason }) => `key ${index} is left out: ${reason}`);
}

/** A TEK in the form that apps mostly send: 16 bytes, standard alphabet, padded. */
const USUAL_KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

function bytesOfKey(text: string): Buffer | undefined {
  if (USUAL_KEY.test(text)) return Buffer.from(text, "base64");
  const bytes = decodeBase64(text);
  return bytes === undefined ? undefined : Buffer.from(bytes);
}
