import { Buffer } from "node:buffer";
import { accept, type ErrorCode, type Outcome, refuse } from "../errors.ts";
import { encodeHex } from "../keys/base64.ts";
import { sha256 } from "../keys/crypto.ts";
import { asWindow, type Region, type Window } from "../model/ids.ts";
import { windowAt } from "../model/interval.ts";
import { validUntil } from "../model/key-check.ts";
import type { Preview } from "../store/publish.ts";
import { authorize, type AuthorizeRefusal, findHealthAuthority } from "./authorize.ts";
import { acceptedForms, macText } from "./certificate-mac.ts";
import { checkKeys, type IndexedKey } from "./check-keys.ts";
import { decideExisting, type RevisionRules } from "./existing-key.ts";
import type { CertificateView, DryRunKey, DryRunReport, ExportWindow } from "./dry-run-report.ts";
import { parseJwt } from "./jwt.ts";
import { type PublishDeps, readToken } from "./publish.ts";
import type { PublishRequest } from "./request.ts";

/** What a dry run needs beside what publishing does. */
export type DryRunDeps = PublishDeps & {
  /** The exports that carry keys of these regions published in a window. */
  readonly exportWindowsFor: (
    regions: readonly Region[],
    traveler: boolean,
    window: Window,
  ) => Promise<readonly ExportWindow[]>;
};

/** A report, with the refusal that a publish would get. */
export type DryRun = {
  readonly report: DryRunReport;
  readonly refusal?: { readonly code: ErrorCode; readonly message: string };
};

/**
 * Goes through a publish without storing anything. Refused with `permission_denied` unless the health authority
 * has `allowDryRun`.
 */
export async function dryRun(deps: DryRunDeps, request: PublishRequest): Promise<Outcome<DryRun>> {
  const found = await findHealthAuthority(deps.resources, request.healthAuthorityID);
  if (!found.ok) return found;
  if (!found.value.allowDryRun) {
    return refuse("permission_denied", "dry runs need allowDryRun at the health authority");
  }
  const now = deps.now();
  const authorized = await authorize(deps, request, now);
  if (!authorized.ok) {
    const view = await certificateView(deps, request, authorized, now);
    const report = { keys: [], ...(view === undefined ? {} : { certificate: view }) };
    return accept({ report, refusal: { code: authorized.code, message: authorized.message } });
  }
  const by = authorized.value;
  const checked = checkKeys(request, by.reportType, by.certificateOnset, now, deps.settings);
  if (!checked.ok) {
    return accept({
      report: { keys: [] },
      refusal: { code: checked.code, message: checked.message },
    });
  }
  const { keys, faults, warnings } = checked.value;
  const preview = await deps.store.preview(keys);
  const rules: RevisionRules = {
    reportType: by.reportType,
    token: await readToken(deps.tokens, request.revisionToken),
    bypassToken: by.healthAuthority.bypassRevisionToken,
    allowPartial: deps.settings.allowPartialRevisions,
  };
  const fates: DryRunKey[] = [
    ...faults.map(({ index, reason }) => ({ index, would: "be refused" as const, reason })),
    ...warnings.map(({ index, reason }) => ({ index, would: "be left out" as const, reason })),
  ];
  for (const key of keys) {
    const fate = fateOf(key, preview, rules, deps.settings.releaseSameDayKeys);
    const window = windowOf(key, fate, preview, deps);
    fates.push({
      ...fate,
      ...(window === undefined
        ? {}
        : { exports: await exportsOf(deps, by.regions, by.traveler, window) }),
      ...(fate.would === "be embargoed" && window !== undefined
        ? { embargoedUntil: rfc3339(window) }
        : {}),
    });
  }
  fates.sort((a, b) => a.index - b.index);
  const blocking = fates.find((fate) => fate.code !== undefined);
  return accept({
    report: { keys: fates },
    ...(blocking?.code === undefined
      ? {}
      : { refusal: { code: blocking.code, message: blocking.reason ?? "" } }),
  });
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
  const stillValid = validUntil(key.rollingStart, key.rollingPeriod) > now;
  const embargoed = stillValid && !releaseSameDayKeys;
  return { index, would: embargoed ? "be embargoed" : "be stored" };
}

/** The window that a key would be written with; undefined when it would not be. */
function windowOf(
  key: IndexedKey,
  { would }: DryRunKey,
  { currentWindow }: Preview,
  { settings }: DryRunDeps,
): Window | undefined {
  if (would === "be stored" || would === "be revised") return asWindow(currentWindow);
  if (would !== "be embargoed") return undefined;
  const { windowSeconds } = settings;
  const end = validUntil(key.rollingStart, key.rollingPeriod);
  return asWindow(Math.max(currentWindow, windowAt(end + windowSeconds, windowSeconds)));
}

async function exportsOf(
  deps: DryRunDeps,
  regions: readonly Region[],
  traveler: boolean,
  window: Window,
): Promise<NonNullable<DryRunKey["exports"]>> {
  const windows = await deps.exportWindowsFor(regions, traveler, window);
  return windows.map(({ exportConfig, startsAt, endsAt }) => ({
    exportConfig,
    from: rfc3339(startsAt),
    to: rfc3339(endsAt),
  }));
}

async function certificateView(
  { crypto }: DryRunDeps,
  request: PublishRequest,
  { certificateCheck }: AuthorizeRefusal,
  now: number,
): Promise<CertificateView | undefined> {
  if (certificateCheck === undefined) return undefined;
  const keys = request.temporaryExposureKeys;
  const hashes = await Promise.all(
    acceptedForms(keys).map((form) => sha256(crypto, Buffer.from(macText(keys, form)))),
  );
  const issuedAt = parseJwt(request.verificationPayload ?? "")?.claims["iat"];
  return {
    failedCheck: certificateCheck,
    macTextSha256: hashes.map(encodeHex),
    ...(typeof issuedAt === "number" ? { clockDifferenceSeconds: issuedAt - now } : {}),
  };
}

function rfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000", "");
}
