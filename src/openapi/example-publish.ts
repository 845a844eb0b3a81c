import { EXAMPLE_ALPHA_CERTIFICATE, EXAMPLE_CERTIFICATE } from "./example-certificate.ts";
import { EXAMPLE_ALPHA_KEYS, EXAMPLE_HMAC_KEY, EXAMPLE_KEYS } from "./example-keys.ts";

export { EXAMPLE_PUBLIC_KEY } from "./example-certificate.ts";
export { EXAMPLE_CLAIMS } from "./example-keys.ts";

/** Random bytes in base64; real ones are longer. */
export const EXAMPLE_PADDING = "c29tZSByYW5kb20gYnl0ZXM=";

/** A body as it is sent. */
export type ExampleBody = { readonly [member: string]: unknown };

/** A publish that is accepted on the day of the examples. */
export const EXAMPLE_PUBLISH: ExampleBody = {
  temporaryExposureKeys: EXAMPLE_KEYS,
  healthAuthorityID: "mag",
  verificationPayload: EXAMPLE_CERTIFICATE,
  hmacKey: EXAMPLE_HMAC_KEY,
  symptomOnsetInterval: 2_915_712,
  traveler: false,
  padding: EXAMPLE_PADDING,
};

/** The same of an old app. */
export const EXAMPLE_ALPHA_PUBLISH: ExampleBody = {
  temporaryExposureKeys: EXAMPLE_ALPHA_KEYS,
  appPackageName: "mag",
  regions: ["MAG"],
  platform: "android",
  verificationPayload: EXAMPLE_ALPHA_CERTIFICATE,
  hmacKey: EXAMPLE_HMAC_KEY,
  padding: EXAMPLE_PADDING,
};
