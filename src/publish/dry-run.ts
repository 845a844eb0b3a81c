import { Buffer } from "node:buffer";
import { accept, type ErrorCode, type Outcome, refuse } from "../errors.ts";
import { encodeHex } from "../bytes/base64.ts";
import { sha256 } from "../keys/crypto.ts";
import { readJwt } from "../keys/jwt.ts";
import { asRegion, asWindow, type Region, type Window } from "../model/ids.ts";
import { windowAt } from "../model/interval.ts";
import { validUntil } from "../model/key-check.ts";
import type { ReportType } from "../model/report-type.ts";
import type { Preview } from "../store/publish/publish.ts";
import { NO_ATTESTATION } from "./attestation.ts";
import {
  authorize,
  type Authorized,
  type AuthorizeRefusal,
  findHealthAuthority,
} from "./authorize.ts";
import { acceptedForms, macText } from "./certificate-mac.ts";
import {
  type ExaminedKeys,
  examineKeys,
  faultText,
  type IndexedKey,
  verdict,
} from "./check-keys.ts";
import { decideExisting, type RevisionRules } from "./existing-key.ts";
import { ISSUER_JWT } from "./certificate.ts";
import type { CertificateView, DryRunKey, DryRunReport, ExportWindow } from "./dry-run-report.ts";
import { type PublishDependencies, readToken } from "./publish.ts";
import type { PublishRequest } from "./request-parser.ts";

/** What a dry run needs beside what publishing does. */
export type DryRunDependencies = PublishDependencies & {
  /** The exports that carry keys of these regions published in a window. */
  readonly exportWindowsFor: (
    regions: readonly Region[],
    traveler: boolean,
    window: Window,
  ) => Promise<readonly ExportWindow[]>;
};

/** A report, with the code and text that a publish would get. */
export type DryRun = {
  readonly report: DryRunReport;
  readonly refusal?: { readonly code: ErrorCode | "partial_failure"; readonly message: string };
};

/** Only the risk and a revocation depend on the type, which is unknown when the certificate fails. */
const UNKNOWN_TYPE: ReportType = "likely";

/**
 * Goes through a publish without storing anything. Refused with `permission_denied` unless the health authority
 * has `allowDryRun`.
 */
export async function dryRun(
  deps: DryRunDependencies,
  request: PublishRequest,
): Promise<Outcome<DryRun>> {
  const found = await findHealthAuthority(deps.resources, request.healthAuthorityID);
  if (!found.ok) return found;
  if (!found.value.allowDryRun) {
    return refuse("permission_denied", "dry runs need allowDryRun at the health authority");
  }
  return await rehearse(deps, request);
}

/** The same for operators, who may rehearse a publish at any health authority. */
export async function rehearse(
  deps: DryRunDependencies,
  request: PublishRequest,
): Promise<Outcome<DryRun>> {
  const now = deps.now();
  const authorized = await authorize({ ...deps, attest: NO_ATTESTATION }, request, now);
  if (!authorized.ok) {
    const view = await certificateView(deps, request, authorized, now);
    const examined = examineKeys(request, UNKNOWN_TYPE, undefined, now, deps.settings);
    // Without the onset of the certificate we cannot tell which keys would be left out.
    const sure = examined.onset.missing ? { ...examined, warnings: [] } : examined;
    const report = { keys: notedFates(sure), ...(view === undefined ? {} : { certificate: view }) };
    return accept({ report, refusal: { code: authorized.code, message: authorized.message } });
  }
  const by = authorized.value;
  const examined = examineKeys(request, by.reportType, by.certificateOnset, now, deps.settings);
  const { keys, faults, setFault } = examined;
  const preview = await deps.store.preview(keys);
  const rules: RevisionRules = {
    reportType: by.reportType,
    token: await readToken(deps.tokens, request.revisionToken),
    bypassToken: by.healthAuthority.bypassRevisionToken,
    allowPartial: deps.settings.allowPartialRevisions,
  };
  const fates: DryRunKey[] = [];
  for (const key of keys) {
    if (key.index === setFault?.index) continue;
    const fate = fateOf(key, preview, rules, deps.settings.releaseSameDayKeys);
    const place = placeOf(key, fate, preview, by, deps);
    fates.push(place === undefined ? fate : { ...fate, ...await placeView(deps, place, preview) });
  }
  const all = inOrder([...notedFates(examined), ...fates]);
  const checked = verdict(examined);
  const blocking = checked.ok ? all.find((fate) => fate.code !== undefined) : undefined;
  const answer = (code: ErrorCode | "partial_failure", message: string): Outcome<DryRun> =>
    accept({ report: { keys: all }, refusal: { code, message } });
  if (!checked.ok) return answer(checked.code, checked.message);
  if (blocking?.code !== undefined) return answer(blocking.code, blocking.reason ?? "");
  if (faults.length > 0) return answer("partial_failure", faultText(faults));
  return accept({ report: { keys: all } });
}

/** What becomes of keys that do not pass the checks. */
function notedFates({ keys, faults, warnings, setFault }: ExaminedKeys): readonly DryRunKey[] {
  const code = keys.length + warnings.length === 0 ? { code: "bad_request" as const } : {};
  return inOrder([
    ...faults.map((note) => ({ ...note, would: "be refused" as const, ...code })),
    ...warnings.map((note) => ({ ...note, would: "be left out" as const })),
    ...(setFault === undefined
      ? []
      : [{ ...setFault, would: "be refused" as const, code: "bad_request" as const }]),
  ]);
}

function inOrder(fates: readonly DryRunKey[]): readonly DryRunKey[] {
  return [...fates].sort((a, b) => a.index - b.index);
}

function fateOf(
  key: IndexedKey,
  { existing, now }: Preview,
  rules: RevisionRules,
  releaseSameDayKeys: boolean,
): DryRunKey {
  const { index } = key;
  const stored = existing.get(key.hex);
  if (stored !== undefined) {
    const step = decideExisting(key, stored, rules);
    if (!step.ok) return { index, would: "be refused", reason: step.message, code: step.code };
    if (step.value === "revise") return { index, would: "be revised" };
    return step.value === "unchanged"
      ? { index, would: "stay as stored" }
      : { index, would: "be left out", reason: "it is stored, and not in the revision token" };
  }
  if (rules.reportType === "negative") {
    return { index, would: "be left out", reason: "it revokes a key that is not stored" };
  }
  const stillValid = validUntil(key.intervalNumber, key.intervalCount) > now;
  const embargoed = stillValid && !releaseSameDayKeys;
  return { index, would: embargoed ? "be embargoed" : "be stored" };
}

/** What decides which exports carry a key. */
type Place = {
  readonly window: Window;
  readonly regions: readonly Region[];
  readonly traveler: boolean;
};

/** Where a key would be after the publish; undefined when the publish would not write it. */
function placeOf(
  key: IndexedKey,
  { would }: DryRunKey,
  { currentWindow, existing }: Preview,
  { regions, traveler }: Authorized,
  { settings: { windowSeconds } }: DryRunDependencies,
): Place | undefined {
  const window = asWindow(currentWindow);
  const stored = existing.get(key.hex);
  if (would === "be stored") return { window, regions, traveler };
  if (would === "be embargoed") {
    const end = validUntil(key.intervalNumber, key.intervalCount);
    const after = windowAt(end + windowSeconds, windowSeconds);
    return { window: asWindow(Math.max(window, after)), regions, traveler };
  }
  if (would !== "be revised" || stored === undefined) return undefined;
  return {
    window: asWindow(Math.max(window, stored.createdAt)),
    regions: [...new Set([...stored.regions.map(asRegion), ...regions])],
    traveler: stored.traveler,
  };
}

async function placeView(
  deps: DryRunDependencies,
  { window, regions, traveler }: Place,
  { currentWindow }: Preview,
): Promise<Pick<DryRunKey, "exports" | "embargoedUntil">> {
  const windows = await deps.exportWindowsFor(regions, traveler, window);
  return {
    ...(window > currentWindow ? { embargoedUntil: rfc3339(window) } : {}),
    exports: windows.map(({ exportConfig, startsAt, endsAt }) => ({
      exportConfig,
      from: rfc3339(startsAt),
      to: rfc3339(endsAt),
    })),
  };
}

async function certificateView(
  { crypto }: DryRunDependencies,
  request: PublishRequest,
  { certificateCheck }: AuthorizeRefusal,
  now: number,
): Promise<CertificateView | undefined> {
  if (certificateCheck === undefined) return undefined;
  const keys = request.temporaryExposureKeys;
  const hashes = await Promise.all(
    acceptedForms(keys).map((form) => sha256(crypto, Buffer.from(macText(keys, form)))),
  );
  const jwt = readJwt(request.verificationPayload ?? "", ISSUER_JWT);
  const issuedAt = typeof jwt === "string" ? undefined : jwt.claims["iat"];
  return {
    failedCheck: certificateCheck,
    macTextSha256: hashes.map(encodeHex),
    ...(typeof issuedAt === "number" ? { clockDifferenceSeconds: issuedAt - now } : {}),
  };
}

function rfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000", "");
}
