/**
 * What Android and iOS do with an export file: the one table behind `export lint` and `export verify`. It follows the
 * platforms' published sources and documents, which do not promise the behavior of every version. Where they are
 * silent, the format's requirements count, because a phone may refuse a file that breaks them.
 */

/** The platforms. */
export type Platform = "android" | "ios";
export const PLATFORMS: readonly Platform[] = ["android", "ios"];

/** What a phone does when a rule is broken: it takes the file anyway, drops the key, or refuses the file. */
export type Effect = "takes" | "drops key" | "refuses";

/** The code of a finding. Codes are stable. */
export type FindingCode =
  | "header"
  | "missing_entry"
  | "extra_entry"
  | "entries"
  | "window"
  | "timestamp_unit"
  | "region"
  | "batch_number"
  | "batch"
  | "batch_mismatch"
  | "no_signature"
  | "too_many_signatures"
  | "signature_count"
  | "signature_infos"
  | "signature_key"
  | "signature_key_name"
  | "signature_sha512"
  | "signature_algorithm"
  | "signature_der"
  | "signature_invalid"
  | "no_keys"
  | "too_many_keys"
  | "key_order"
  | "duplicate_keys"
  | "revoked_primary"
  | "key_length"
  | "transmission_risk"
  | "rolling_start"
  | "rolling_period"
  | "starts_in_future"
  | "still_valid"
  | "report_type"
  | "days_since_onset";

/** What phones do when a rule is broken, why, and the source. */
export type PhoneRule = { readonly [P in Platform]: Effect } & {
  readonly reason: string;
  readonly source: string;
};

const ANDROID_UNZIP = "exposure-notifications-internals: ProvideDiagnosisKeys.unzip";
const ANDROID_VERIFY = "exposure-notifications-internals: SignatureVerifier";
const ANDROID_KEY = "exposure-notifications-internals: TemporaryExposureKeyBuilder";
const APPLE_FILE = "Apple's ExposureNotification sample: ENFile";
const APPLE_VERIFY = "Apple's ExposureNotification sample: ENFileSignatureVerification";
const APPLE_SERVER = "Apple: Setting Up a Key Server";
const EMBARGO = "exposure-notifications-server: a key that is still valid is held back";
const FORMAT = "Google: Exposure Key export file format and verification";

const rule = (
  android: Effect,
  ios: Effect,
  reason: string,
  ...sources: readonly string[]
): PhoneRule => ({ android, ios, reason, source: sources.join("; ") });

/** Every rule by the code of its finding. If no phone minds, the finding is a warning to the operator. */
export const PHONE_RULES: Readonly<Record<FindingCode, PhoneRule>> = {
  header: rule(
    "refuses",
    "refuses",
    "the 16 bytes are compared",
    "exposure-notifications-internals: TemporaryExposureKeyExportV1Header",
    APPLE_FILE,
  ),
  missing_entry: rule("refuses", "refuses", "both entries are needed", ANDROID_UNZIP, FORMAT),
  extra_entry: rule("refuses", "takes", "Android stops at an unknown entry", ANDROID_UNZIP),
  entries: rule("takes", "takes", "the format names export.bin first", FORMAT),
  window: rule("refuses", "refuses", "the times say what a file covers", FORMAT),
  timestamp_unit: rule("refuses", "refuses", "the times are UTC seconds, not milliseconds", FORMAT),
  region: rule("takes", "takes", "no one can tell which region it is for", FORMAT),
  batch_number: rule(
    "refuses",
    "takes",
    "Android wants batch_num from 1 to batch_size",
    ANDROID_VERIFY,
  ),
  batch: rule("takes", "takes", "Android wants all files of a batch at once", ANDROID_VERIFY),
  batch_mismatch: rule("takes", "takes", "only export.bin's batch is read", ANDROID_VERIFY),
  no_signature: rule("refuses", "refuses", "unsigned", ANDROID_VERIFY, APPLE_VERIFY),
  too_many_signatures: rule("refuses", "refuses", "phones read at most 10", APPLE_SERVER),
  signature_count: rule(
    "refuses",
    "takes",
    "Android wants as many signature_infos as signatures",
    ANDROID_VERIFY,
  ),
  signature_infos: rule("takes", "takes", "the format wants them to be the same", FORMAT),
  signature_key: rule(
    "refuses",
    "refuses",
    "phones look the public key up by ID and version",
    ANDROID_VERIFY,
    APPLE_VERIFY,
  ),
  signature_key_name: rule(
    "refuses",
    "takes",
    "Android joins ID and version with - and splits its list of keys at : | & and ,",
    ANDROID_VERIFY,
  ),
  signature_sha512: rule(
    "takes",
    "refuses",
    "iOS verifies with SHA-256, whatever the file says",
    ANDROID_VERIFY,
    APPLE_VERIFY,
  ),
  signature_algorithm: rule(
    "refuses",
    "refuses",
    "the algorithm must be the OID of ECDSA with SHA-256",
    ANDROID_VERIFY,
    APPLE_SERVER,
  ),
  signature_der: rule("refuses", "refuses", "signatures are DER (X9.62)", FORMAT),
  signature_invalid: rule(
    "refuses",
    "refuses",
    "phones verify the signature",
    ANDROID_VERIFY,
    APPLE_VERIFY,
  ),
  no_keys: rule("takes", "takes", "the download is useless", FORMAT),
  too_many_keys: rule("takes", "takes", "phones are slow with large files", FORMAT),
  key_order: rule("takes", "takes", "the order may tell who published together", FORMAT),
  duplicate_keys: rule("takes", "takes", "a key counts once", FORMAT),
  revoked_primary: rule("takes", "takes", "revocations belong in revised_keys", FORMAT),
  key_length: rule("drops key", "drops key", "a key has 16 bytes", FORMAT, APPLE_FILE),
  transmission_risk: rule("drops key", "drops key", "risks are 0 to 8", ANDROID_KEY, APPLE_SERVER),
  rolling_start: rule("drops key", "drops key", "no phone sent keys then", ANDROID_KEY),
  rolling_period: rule(
    "drops key",
    "drops key",
    "a key is valid for 1 to 144 intervals",
    ANDROID_KEY,
    "Apple's ExposureNotification sample: ENAdvertisementDatabase",
  ),
  starts_in_future: rule(
    "drops key",
    "drops key",
    "no phone can have received a key that starts after the file's window",
    EMBARGO,
  ),
  still_valid: rule(
    "drops key",
    "drops key",
    "a key must have expired before it is public: others could replay it",
    EMBARGO,
  ),
  report_type: rule("takes", "takes", "phones read it as unknown", FORMAT),
  days_since_onset: rule("drops key", "drops key", "days are −14 to 14", ANDROID_KEY),
};

/** What a platform does with a file with these findings: the worst of all. */
export function effectOn(platform: Platform, codes: readonly FindingCode[]): Effect {
  const effects = codes.map((code): Effect => PHONE_RULES[code][platform]);
  return effects.includes("refuses")
    ? "refuses"
    : effects.includes("drops key")
    ? "drops key"
    : "takes";
}
