import { accept, AppError, ERRORS, type Outcome, type Refusal, refuse } from "../errors.ts";
import { asHealthAuthorityId, asRegion, type Region, type Seconds } from "../model/ids.ts";
import type { ReportType } from "../model/report-type.ts";
import type { HealthAuthority } from "../model/resource/health-authority.ts";
import { storeFailure } from "../store/failure.ts";
import type { ResourceCache, ResourceView } from "../store/resource/cache.ts";
import type { Attest, AttestationCheck } from "./attestation.ts";
import { type CertificateCheck, checkCertificate } from "./certificate.ts";
import type { DirectoryOf, IssuerDirectory } from "./issuer-directory.ts";
import type { PublishRequest } from "./request-parser.ts";
import type { RereadIssuerKeys } from "./reread-issuer-keys.ts";
import type { PublishSettings } from "./settings.ts";

/** On whose behalf a request publishes, and what its certificate says. */
export type Authorized = {
  readonly healthAuthority: HealthAuthority;
  readonly regions: readonly Region[];
  readonly traveler: boolean;
  readonly reportType: ReportType;
  readonly certificateOnset: number | undefined;
  /** Name of the Issuer resource; absent when verification was bypassed. */
  readonly issuer: string | undefined;
  /** UTC seconds from which on the certificate is refused; absent when verification was bypassed. */
  readonly certificateUntil: number | undefined;
  /** The device attestation that is still to be checked. */
  readonly attestation: AttestationCheck | undefined;
};

/** What authorizing needs. */
export type AuthorizeDependencies = {
  readonly settings: PublishSettings;
  readonly crypto: Crypto;
  readonly resources: ResourceCache;
  readonly directoryOf: DirectoryOf;
  readonly attest: Attest;
  readonly rereadIssuerKeys: RereadIssuerKeys;
};

/** A refusal; `certificateCheck` is there when it was the certificate. */
export type AuthorizeRefusal = Refusal & {
  readonly certificateCheck?: CertificateCheck;
  /** Issuers whose key set may have the certificate's key by now. */
  readonly reread?: readonly string[];
};

/** A publish whose health authority lets it by without a certificate has no report type: it counts as `likely`. */
const BYPASSED_REPORT_TYPE: ReportType = "likely";

/** A refusal may come from a configuration that is a moment too old: then the newest decides, read this often at most. */
const SECOND_LOOK_MS = 50;

/** Steps 1 to 3 of a publish: health authority, regions, what is free of an attestation's check, certificate. */
export async function authorize(
  deps: AuthorizeDependencies,
  request: PublishRequest,
  now: Seconds,
): Promise<AuthorizeOutcome> {
  const look = (maxAgeMs?: number) =>
    loaded(async (): Promise<Configuration> => {
      const view = await deps.resources.view(maxAgeMs);
      return { view, directory: await deps.directoryOf(view, maxAgeMs) };
    });
  const known = await look();
  const outcome = await authorizeIn(known, deps, request, now);
  if (outcome.ok) return outcome;
  const newest = await look(SECOND_LOOK_MS);
  const second = newest.directory === known.directory
    ? outcome
    : await authorizeIn(newest, deps, request, now);
  if (second.ok || second.reread === undefined || !await deps.rereadIssuerKeys(second.reread)) {
    return second;
  }
  return await authorizeIn(await look(0), deps, request, now);
}

/** The directory is another whenever the view is. */
type Configuration = { readonly view: ResourceView; readonly directory: IssuerDirectory };

type AuthorizeOutcome = { readonly ok: true; readonly value: Authorized } | AuthorizeRefusal;

async function authorizeIn(
  { view, directory }: Configuration,
  deps: AuthorizeDependencies,
  request: PublishRequest,
  now: Seconds,
): Promise<AuthorizeOutcome> {
  const found = healthAuthorityIn(view, request.healthAuthorityID);
  if (!found.ok) return found;
  const healthAuthority = found.value;
  const regions = chooseRegions(healthAuthority, request.regions, deps.settings.defaultRegion);
  if (!regions.ok) return regions;
  const attestation = deps.attest(request, healthAuthority);
  if (!attestation.ok) return attestation;

  const certificate = await checkCertificate(request, {
    crypto: deps.crypto,
    directory,
    healthAuthority,
    now,
    skewSeconds: deps.settings.certificateSkewSeconds,
    maxLifetimeSeconds: deps.settings.certificateMaxLifetimeSeconds,
  });
  const asked = request.regions?.length ?? 0;
  const authorized = {
    healthAuthority,
    regions: regions.value,
    // Of the old API: more than one region means traveler.
    traveler: request.traveler || (asked > 0 && regions.value.length > 1),
    attestation: attestation.value,
  };
  if (certificate.ok) {
    const { issuer, reportType, symptomOnsetInterval, expiresAt } = certificate.value;
    return accept({
      ...authorized,
      issuer,
      reportType,
      certificateOnset: symptomOnsetInterval,
      certificateUntil: expiresAt + deps.settings.certificateSkewSeconds,
    });
  }
  if (healthAuthority.bypassVerification) {
    return accept({
      ...authorized,
      issuer: undefined,
      certificateUntil: undefined,
      reportType: BYPASSED_REPORT_TYPE,
      certificateOnset: undefined,
    });
  }
  const code = "health_authority_verification_certificate_invalid";
  return {
    ...refuse(code, `${ERRORS[code].text}: ${certificate.message}`),
    certificateCheck: certificate.check,
    ...(certificate.reread === undefined ? {} : { reread: certificate.reread }),
  };
}

/** The health authority that an app means. Throws `database_unavailable` or `unable_to_load_health_authority`. */
export async function findHealthAuthority(
  resources: ResourceCache,
  id: string,
): Promise<Outcome<HealthAuthority>> {
  return healthAuthorityIn(await loaded(() => resources.view(SECOND_LOOK_MS)), id);
}

function healthAuthorityIn(view: ResourceView, id: string): Outcome<HealthAuthority> {
  const healthAuthority = view.get("HealthAuthority", asHealthAuthorityId(id));
  return healthAuthority === undefined
    ? refuse("unknown_health_authority_id")
    : accept(healthAuthority);
}

async function loaded<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (thrown) {
    const cause = storeFailure(thrown);
    if (cause instanceof AppError && cause.code === "database_unavailable") throw cause;
    throw new AppError("unable_to_load_health_authority", undefined, { cause });
  }
}

/** The regions of a publish. `asked`: those that a request of the old API names; none means all. */
function chooseRegions(
  healthAuthority: HealthAuthority,
  asked: readonly string[] | undefined,
  defaultRegion: Region | undefined,
): Outcome<readonly Region[]> {
  const own = healthAuthority.regions;
  const allowed = own.length > 0 ? own : defaultRegion === undefined ? [] : [defaultRegion];
  if (allowed.length === 0) return refuse("health_authority_missing_region_config");
  if (asked === undefined || asked.length === 0) return accept(allowed);
  const regions = [...new Set(asked.map(asRegion))];
  return regions.every((region) => allowed.includes(region))
    ? accept(regions)
    : refuse("unauthorized", "a region is not allowed for this appPackageName");
}
