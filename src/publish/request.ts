/** One TEK of a request, as sent. */
export type RequestKey = {
  /** The base64 text itself: the certificate's MAC covers it. */
  readonly key: string;
  readonly rollingStartNumber: number;
  readonly rollingPeriod: number;
  readonly transmissionRisk: number;
};

/** A publish request of either API, parsed; absent members have their default or are undefined. */
export type PublishRequest = {
  readonly temporaryExposureKeys: readonly RequestKey[];
  /** `appPackageName` in the old API. */
  readonly healthAuthorityID: string;
  readonly verificationPayload: string | undefined;
  readonly hmacKey: string | undefined;
  readonly symptomOnsetInterval: number | undefined;
  readonly traveler: boolean;
  readonly revisionToken: string | undefined;
  /** Old API only: regions that the app asks for. */
  readonly regions: readonly string[] | undefined;
};
