import * as z from "zod";
import { MAX_REQUEST_REGIONS } from "../publish/request-parser.ts";
import { ONSET_BUCKETS, TEK_AGE_BUCKETS } from "../publish/stats.ts";

/**
 * The public API's bodies as schemas, for the OpenAPI document. Requests are read by `request-parser.ts`, which is
 * three times as fast; a test holds both to the same verdicts. Member names match without regard to case.
 */

const int32 = () => z.int32().nullish();
const text = (about: string) => z.string().nullish().meta({ description: about });

const keySchema = z.strictObject({
  key: text("Base64 of the 16 bytes of a TEK; standard or URL alphabet, padded or not")
    .meta({ example: "z2Cx9hdz2SlxZ8GEgqTYpA==" }),
  rollingStartNumber: int32().meta({
    description: "First interval (Unix seconds / 600) in which the key is valid",
    example: 2_916_000,
  }),
  rollingPeriod: int32().meta({
    description: "For how many intervals it is valid, 1 to 144; absent means 144",
    example: 144,
  }),
  transmissionRisk: int32().meta({
    description: "0 to 8; absent or 0: the server chooses by report type",
    example: 0,
  }),
});

const common = (maxKeys: number) => ({
  temporaryExposureKeys: z.array(keySchema).max(maxKeys).optional().meta({
    description: `1 to ${maxKeys} keys (MAX_KEYS_ON_PUBLISH); without any, no certificate holds`,
  }),
  verificationPayload: text("The verification certificate, a JWT signed with ES256"),
  hmacKey: text("Base64 of the key with which the app computed the certificate's tekmac"),
  symptomOnsetInterval: int32().meta({
    description: "Interval of symptom onset",
    example: 2_915_712,
  }),
  traveler: z.boolean().nullish().meta({ description: "The user was outside the home region" }),
  revisionToken: text("The token from an earlier answer; needed for keys that are stored already"),
  padding: text("Ignored"),
  platform: text("ios or android, in any case; what else there is counts as absent")
    .meta({ example: "ios" }),
  deviceVerificationPayload: text(
    "A device attestation of at most 24,000 characters, for health authorities that ask for one",
  ),
});

/** What `POST /v1/publish` takes. `maxKeys`: MAX_KEYS_ON_PUBLISH. */
export const publishRequestSchema = (maxKeys: number): z.ZodType =>
  z.strictObject({
    ...common(maxKeys),
    healthAuthorityID: z.string().optional().meta({
      description: "The health authority ID of the app; without one the answer is 401",
      example: "mag",
    }),
  });

/** What `POST /` of the old API takes. `maxKeys`: MAX_KEYS_ON_PUBLISH. */
export const publishAlphaRequestSchema = (maxKeys: number): z.ZodType =>
  z.strictObject({
    ...common(maxKeys),
    appPackageName: z.string().optional().meta({
      description: "The health authority ID of the app; without one the answer is 401",
      example: "mag",
    }),
    regions: z.array(z.string()).max(MAX_REQUEST_REGIONS).nullish().meta({
      description: "Each must be allowed for the app; more than one means traveler",
      example: ["MAG"],
    }),
  });

const padding = z.base64().meta({ description: "Random bytes, so that sizes tell nothing" });
const moment = z.iso.datetime().meta({ example: "2026-01-31T12:00:00Z" });

const dryRunSchema = z.object({
  keys: z.array(z.object({
    index: z.int32(),
    would: z.enum([
      "be stored",
      "be embargoed",
      "be revised",
      "stay as stored",
      "be left out",
      "be refused",
    ]),
    reason: z.string().optional(),
    code: z.string().optional(),
    embargoedUntil: moment.optional(),
    exports: z.array(z.object({ exportConfig: z.string(), from: moment, to: moment })).optional(),
  })),
  certificate: z.object({
    failedCheck: z.string(),
    macTextSha256: z.array(z.string()),
    clockDifferenceSeconds: z.number().optional(),
  }).optional(),
}).meta({ description: "Only in the answer to ?dryRun=1: what a publish would do" });

/** What `POST /v1/publish` answers, whatever the status. */
export const publishResponseSchema: z.ZodType = z.object({
  revisionToken: z.base64().optional().meta({
    description: "Keep it: it allows to revise the keys",
  }),
  insertedExposures: z.int32().optional().meta({ description: "Keys stored", example: 14 }),
  error: z.string().optional().meta({ description: "What went wrong, for people" }),
  code: z.string().optional().meta({
    description: "What went wrong, for programs",
    example: "partial_failure",
  }),
  padding,
  warnings: z.array(z.string()).optional().meta({ description: "Keys that were left out" }),
  dryRun: dryRunSchema.optional(),
}).meta({ id: "PublishResponse" });

/** What the routes of registered keys answer, whatever the status. */
export const attestResponseSchema: z.ZodType = z.object({
  challenge: z.string().optional().meta({
    description: "Its SHA-256 is what attestKey wants; good for ten minutes, once",
  }),
  expires: moment.optional().meta({ description: "Until when the key is known" }),
  error: z.string().optional(),
  code: z.string().optional(),
  padding,
}).meta({ id: "AttestResponse" });

/** What `POST /v1/stats` takes. */
export const statsRequestSchema: z.ZodType = z.strictObject({ padding: text("Ignored") })
  .meta({ id: "StatsRequest" });

const count = (about: string) => z.int().meta({ description: about });

/** What `POST /v1/stats` answers. */
export const statsResponseSchema: z.ZodType = z.object({
  days: z.array(z.object({
    day: moment,
    publish_requests: z.object({
      unknown: count("Neither of the others"),
      android: count("From Android"),
      ios: count("From iOS"),
    }),
    total_teks_published: count("Keys stored"),
    requests_with_revisions: count("Requests that revised keys"),
    tek_age_distribution: z.array(z.int()).length(TEK_AGE_BUCKETS).meta({
      description: "Uploads by the age in days of their oldest key; the last is 15 and more",
    }),
    onset_to_upload_distribution: z.array(z.int()).length(ONSET_BUCKETS).meta({
      description: "Uploads by days since the onset of symptoms; the last is 29 and more",
    }),
    requests_missing_onset_date: count("Uploads without a credible onset"),
  })).optional(),
  error: z.string().optional(),
  code: z.string().optional(),
  padding,
}).meta({ id: "StatsResponse" });
