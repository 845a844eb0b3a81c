import { isAddress } from "../http/address.ts";
import type { EnvironmentReader } from "./environment.ts";

/** Settings of the role `efgs`, a gateway of the European kind. */
export type EfgsSettings = {
  readonly batchIntervalMs: number;
  readonly maxBatchKeys: number;
  readonly maxAgeDays: number;
  readonly proxies: {
    readonly addresses: readonly string[];
    readonly certificateHeader: string;
    readonly subjectHeader: string;
  };
};

/** EFGS_… settings; defaults are those of the deployed gateway. */
export function efgsSettings(read: EnvironmentReader): EfgsSettings {
  const addresses = (read.optional("EFGS_TRUSTED_PROXIES") ?? "").split(",")
    .map((address) => address.trim()).filter((address) => address !== "");
  if (!addresses.every(isAddress)) {
    read.refuse("EFGS_TRUSTED_PROXIES", "must be IP addresses, joined by commas");
  }
  return {
    batchIntervalMs: read.milliseconds("EFGS_BATCH_INTERVAL", "5m", { min: "100ms", max: "24h" }),
    maxBatchKeys: read.integer("EFGS_MAX_BATCH_KEYS", 5000, { min: 1, max: 5000 }),
    maxAgeDays: read.integer("EFGS_MAX_AGE_DAYS", 2, { min: 1, max: 14 }),
    proxies: {
      addresses,
      certificateHeader: read.text("EFGS_CERTIFICATE_HEADER", "X-SSL-Client-SHA256"),
      subjectHeader: read.text("EFGS_SUBJECT_HEADER", "X-SSL-Client-DN"),
    },
  };
}
