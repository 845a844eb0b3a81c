/** What a device attestation binds: the text whose SHA-256 the app hands to its phone's vendor. */

/** The members of a publish request that the text covers, all as sent; absent numbers have their default. */
export type AttestedContent = {
  /** `healthAuthorityID`, or `appPackageName` of the old API. */
  readonly healthAuthorityID: string;
  readonly temporaryExposureKeys: readonly {
    readonly key: string;
    readonly rollingStartNumber: number;
    readonly rollingPeriod: number;
    readonly transmissionRisk: number;
  }[];
  /** Of the old API alone. */
  readonly regions?: readonly string[] | undefined;
  readonly verificationPayload?: string | undefined;
};

/**
 * `APP|KEYS|REGIONS|PAYLOAD`: the keys in the order of their base64 text, each `key.start.period.risk`; the regions in
 * upper case and in order; both joined by commas.
 */
export function attestedText(content: AttestedContent): string {
  const keys = [...content.temporaryExposureKeys]
    .sort((left, right) => byBytes(left.key, right.key))
    .map(({ key, rollingStartNumber, rollingPeriod, transmissionRisk }) =>
      `${key}.${rollingStartNumber}.${rollingPeriod}.${transmissionRisk}`
    );
  const regions = (content.regions ?? []).map((region) => region.toUpperCase()).sort(byBytes);
  return [
    content.healthAuthorityID,
    keys.join(","),
    regions.join(","),
    content.verificationPayload ?? "",
  ].join("|");
}

/** The order of the texts' UTF-8 bytes, which is that of their code points. */
function byBytes(left: string, right: string): number {
  const shorter = Math.min(left.length, right.length);
  for (let at = 0; at < shorter; at++) {
    if (left.charCodeAt(at) === right.charCodeAt(at)) continue;
    return (left.codePointAt(at) ?? 0) - (right.codePointAt(at) ?? 0);
  }
  return left.length - right.length;
}
