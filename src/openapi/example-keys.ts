import { asSeconds, type Seconds } from "../model/ids.ts";

/** Noon of the day on which the examples take place: their certificates are valid then. */
export const EXAMPLE_TIME: Seconds = asSeconds(Date.UTC(2025, 5, 13, 12) / 1000);

/** A TEK as an app sends it. */
export type ExampleKey = {
  readonly key: string;
  readonly rollingStartNumber: number;
  readonly rollingPeriod: number;
  readonly transmissionRisk: number;
};

const key = (text: string, rollingStartNumber: number): ExampleKey => ({
  key: text,
  rollingStartNumber,
  rollingPeriod: 144,
  transmissionRisk: 0,
});

/** Of the two days before {@link EXAMPLE_TIME}. */
export const EXAMPLE_KEYS: readonly ExampleKey[] = [
  key("z2Cx9hdz2SlxZ8GEgqTYpA==", 2_916_000),
  key("dPCphLzfG4uzXneNimkPRQ==", 2_916_144),
];

/** The key of an old app. */
export const EXAMPLE_ALPHA_KEYS: readonly ExampleKey[] = [
  key("QnJpY2tlZGJ5aGFuZDEyMw==", 2_916_000),
];

/** With which the apps computed the certificates' `tekmac`, base64. */
export const EXAMPLE_HMAC_KEY = "AQIDBAUGBwgJCgsMDQ4PEA==";

/** `iss`, `aud` and `kid` of the certificates. */
export const EXAMPLE_CLAIMS = {
  issuer: "org.example.mag.verification",
  audience: "org.example.mag.keys",
  keyVersion: "v1",
} as const;
