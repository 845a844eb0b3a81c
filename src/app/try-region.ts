import { TRIAL_ISSUER } from "../console/pages/setup/plan.ts";
import type { TryStep } from "../console/dependencies.ts";
import { matchKeys, SightingTable } from "../device/match.ts";
import { simulateEncounter } from "../device/encounter.ts";
import { makeTeks } from "../device/tek.ts";
import { makeUpload } from "../device/upload.ts";
import { AppError, asAppError, type Outcome } from "../errors.ts";
import { withUsableSigners } from "../export/signers.ts";
import { buildExportFile } from "../export-file/build.ts";
import { readExportFile } from "../export-file/read.ts";
import { verifyExportFile } from "../export-file/verify.ts";
import type { Tek } from "../model/exposure.ts";
import { asSeconds } from "../model/ids.ts";
import { WIRE_REPORT_TYPE } from "../model/report-type.ts";
import type { ExportConfig } from "../model/resource/export-config.ts";
import type { HealthAuthority } from "../model/resource/health-authority.ts";
import type { DryRun } from "../publish/dry-run.ts";
import type { ResourceView } from "../store/resource/cache.ts";
import { exposurePublicKeys } from "./public-keys.ts";
import type { Foundation } from "./foundation.ts";
import { randomBytesOf } from "./random-bytes.ts";

const KEYS_OF_DAYS = 14;
const ENCOUNTER_INTERVALS = 3;
const KEY_ID = { issuer: TRIAL_ISSUER.issuer, audience: TRIAL_ISSUER.audience, keyVersion: "v1" };

type Rehearse = (body: Uint8Array) => Promise<Outcome<DryRun>>;

/**
 * Acts as a phone whose user was tested, as this server, and as the phone that met it: a certificate of the trial
 * issuer, a publish that is rehearsed and not stored, a file of these keys alone that the export's own keys sign, its
 * signature verified as phones do, and the encounter found in it.
 */
export async function tryRegion(
  foundation: Foundation,
  rehearse: Rehearse,
  name: string,
): Promise<readonly TryStep[]> {
  const steps: TryStep[] = [];
  const step = async <T>(
    what: string,
    work: () => Promise<{ readonly text: string; readonly value: T }>,
  ): Promise<T> => {
    const startedAt = foundation.clock.monotonic();
    const tookMs = (): number => Math.round(foundation.clock.monotonic() - startedAt);
    try {
      const { text, value } = await work();
      steps.push({ name: what, ok: true, text, tookMs: tookMs() });
      return value;
    } catch (error) {
      steps.push({ name: what, ok: false, text: asAppError(error).message, tookMs: tookMs() });
      throw error;
    }
  };
  try {
    await trySteps(foundation, rehearse, name, step);
  } catch (error) {
    if (steps.at(-1)?.ok !== false) throw error;
  }
  return steps;
}

type Step = <T>(
  what: string,
  work: () => Promise<{ readonly text: string; readonly value: T }>,
) => Promise<T>;

async function trySteps(
  foundation: Foundation,
  rehearse: Rehearse,
  name: string,
  step: Step,
): Promise<void> {
  const { cache, clock, crypto } = foundation;
  const view = await cache.fresh();
  const config = view.get("ExportConfig", name);
  if (config === undefined) throw new AppError("not_found", `there is no export named ${name}`);
  const now = asSeconds(clock.now() / 1000);
  const random = randomBytesOf(crypto);
  const teks = makeTeks({ now, days: KEYS_OF_DAYS, today: false }, random);
  const body = await step("A certificate from the trial issuer", async () => {
    const { authority, key } = trialIssuerOf(view, config);
    const upload = await makeUpload(teks, {
      healthAuthorityId: authority.name,
      reportType: "confirmed",
      certificate: KEY_ID,
      transmissionRisk: 0,
      traveler: false,
    }, {
      crypto,
      issuer: {
        publicKeyPem: await foundation.keys.publicKeyPem(key),
        sign: (data) => foundation.keys.sign(key, data),
      },
      random,
      now,
    });
    return { text: "signed", value: new TextEncoder().encode(JSON.stringify(upload)) };
  });
  await step(`Publish ${teks.length} keys, as a rehearsal`, async () => {
    const outcome = await rehearse(body);
    if (!outcome.ok) throw new AppError(outcome.code, outcome.message);
    const { refusal, report } = outcome.value;
    if (refusal !== undefined) throw new AppError("bad_request", refusal.message);
    return { text: `all ${report.keys.length} would be stored`, value: undefined };
  });
  const zip = await step("A signed file of these keys alone", async () => {
    const deps = {
      keys: foundation.keys,
      signingKey: (one: string) => view.get("SigningKey", one),
      report: () => {},
      ages: new Map<string, number>(),
    };
    return await withUsableSigners(deps, config, now, async (signers) => {
      const built = await buildExportFile({
        header: { start: now - 3600, end: now, region: config.outputRegion },
        signers,
        keys: sorted(teks),
        revisedKeys: nothing(),
      });
      return { text: `signed by ${signers.length}, stored nowhere`, value: built.zip };
    });
  });
  const file = await step("Verify it as a phone does", async () => {
    const read = await readExportFile(zip);
    if (!read.ok) throw new AppError(read.code, read.message);
    const publicKeys = (await exposurePublicKeys(foundation)).map((key) => ({
      keyId: key.keyId,
      keyVersion: key.version,
      publicKey: key.publicKeyPem,
    }));
    const verdicts = await verifyExportFile(read.value, publicKeys, crypto.subtle);
    if (!verdicts.some((one) => one.verdict === "valid")) {
      throw new AppError("signature_invalid", "no signature verifies with the published keys");
    }
    return { text: "header, signature and key ID are right", value: read.value };
  });
  await step("Find the encounter", async () => {
    const [met] = teks.slice(-1);
    if (met === undefined) throw new AppError("internal");
    const { sightings } = simulateEncounter(met, ENCOUNTER_INTERVALS, random);
    const matches = await matchKeys(file.keys(), new SightingTable(sightings));
    const found = matches.reduce((sum, match) => sum + match.sightings.length, 0);
    if (found !== sightings.length) {
      throw new AppError("internal", `${found} of ${sightings.length} identifiers matched`);
    }
    return { text: `${found} of ${sightings.length} identifiers matched`, value: undefined };
  });
}

/** The health authority of the export's region that accepts the trial issuer, and that issuer's private key. */
function trialIssuerOf(
  view: ResourceView,
  config: ExportConfig,
): { readonly authority: HealthAuthority; readonly key: string } {
  for (const authority of view.list("HealthAuthority")) {
    if (!authority.regions.includes(config.outputRegion)) continue;
    const trial = authority.acceptIssuers.find((one) =>
      view.get("Issuer", one)?.issuer === TRIAL_ISSUER.issuer
    );
    if (trial !== undefined) return { authority, key: `local:${trial}` };
  }
  throw new AppError(
    "not_found",
    "no health authority of this region accepts a trial issuer, and only your own issuer can make other certificates: use `wayfarer device publish` with a key of yours",
  );
}

async function* sorted(teks: readonly Tek[]) {
  await Promise.resolve();
  yield teks.toSorted(byBytes).map((tek) => ({
    key: tek.key,
    intervalNumber: tek.intervalNumber,
    intervalCount: tek.intervalCount,
    transmissionRisk: 2,
    reportType: WIRE_REPORT_TYPE.CONFIRMED_TEST,
  }));
}

async function* nothing() {
  await Promise.resolve();
  yield [];
}

function byBytes(a: Tek, b: Tek): number {
  for (const [index, byte] of a.key.entries()) {
    const difference = byte - (b.key[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
