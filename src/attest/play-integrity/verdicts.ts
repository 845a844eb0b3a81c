import * as z from "zod";
import { isNonceOf } from "../content-hash.ts";
import { isAccepted, timeFault } from "../token-checks.ts";
import type { GooglePlayIntegrity, LocalPlayIntegrity } from "../../model/resource/attestation.ts";
import type { Reason } from "../verdict.ts";

const text = z.string().optional();
const count = z.union([z.string(), z.number()]).optional();

/** The payload of an integrity token, as far as it is looked at; more members may come. */
const payloadSchema = z.object({
  requestDetails: z.object({
    requestPackageName: text,
    nonce: text,
    requestHash: text,
    timestampMillis: count,
  }),
  appIntegrity: z.object({
    appRecognitionVerdict: text,
    packageName: text,
    certificateSha256Digest: z.array(z.string()).optional(),
    versionCode: count,
  }).optional(),
  deviceIntegrity: z.object({ deviceRecognitionVerdict: z.array(z.string()).optional() })
    .optional(),
  accountDetails: z.object({ appLicensingVerdict: text }).optional(),
  testingDetails: z.object({ isTestingResponse: z.boolean().optional() }).optional(),
});

/** What a payload is checked against. */
export type VerdictContext = {
  readonly app: LocalPlayIntegrity | GooglePlayIntegrity;
  readonly contentHash: Uint8Array;
  readonly nowMs: number;
  readonly maxAgeMs: number;
  /** Testing responses are let in. */
  readonly development: boolean;
};

/** Why a decoded payload fails, by Google's "Integrity verdicts"; undefined when it holds. */
export function verdictFault(payload: unknown, context: VerdictContext): Reason | undefined {
  const parsed = payloadSchema.safeParse(payload);
  if (!parsed.success) return "malformed";
  const { requestDetails, appIntegrity, deviceIntegrity, accountDetails, testingDetails } =
    parsed.data;
  const { app } = context;
  if (requestDetails.requestPackageName !== app.packageName) return "app";
  const { nonce, requestHash } = requestDetails;
  if ((nonce === undefined) === (requestHash === undefined)) return "content";
  if (app.decode === "local" && nonce === undefined) return "content";
  if (!isNonceOf(nonce ?? requestHash, context.contentHash)) return "content";
  const untimely = timeFault(requestDetails.timestampMillis, context);
  if (untimely !== undefined) return untimely;

  if (appIntegrity?.appRecognitionVerdict !== "PLAY_RECOGNIZED") return "app";
  if (appIntegrity.packageName !== app.packageName) return "app";
  if (!isAccepted(appIntegrity.certificateSha256Digest, app.certificateDigests)) return "app";
  if (app.minVersionCode > 0 && !(Number(appIntegrity.versionCode) >= app.minVersionCode)) {
    return "app";
  }
  const labels = deviceIntegrity?.deviceRecognitionVerdict ?? [];
  if (!app.device.every((label) => labels.includes(label))) return "device";
  if (app.licensed && accountDetails?.appLicensingVerdict !== "LICENSED") return "unlicensed";
  if (testingDetails?.isTestingResponse === true && !context.development) return "testing";
  return undefined;
}
