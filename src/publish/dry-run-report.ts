import type { ErrorCode } from "../errors.ts";
import type { CertificateCheck } from "./certificate.ts";

/** An export that would carry a key. Times in UTC seconds. */
export type ExportWindow = {
  /** Name of the ExportConfig resource. */
  readonly exportConfig: string;
  readonly startsAt: number;
  readonly endsAt: number;
};

/** What would become of one key. */
export type DryRunKey = {
  readonly index: number;
  readonly would:
    | "be stored"
    | "be embargoed"
    | "be revised"
    | "stay as stored"
    | "be left out"
    | "be refused";
  /** Why it would be left out or refused. */
  readonly reason?: string;
  /** The code with which it would refuse the whole request. */
  readonly code?: ErrorCode;
  /** Until when it would be held back, RFC 3339. */
  readonly embargoedUntil?: string;
  /** The exports that would carry it. */
  readonly exports?: readonly {
    readonly exportConfig: string;
    readonly from: string;
    readonly to: string;
  }[];
};

/** What the server saw of a certificate that it does not accept. */
export type CertificateView = {
  readonly failedCheck: CertificateCheck;
  /** SHA-256, in hex, of each text over which `tekmac` would have been accepted. */
  readonly macTextSha256: readonly string[];
  /** `iat` minus this server's clock, in seconds; absent unless it is a JWT signed ES256 with an `iat`. */
  readonly clockDifferenceSeconds?: number;
};

/** The answer to a dry run: what a publish would do. */
export type DryRunReport = {
  readonly keys: readonly DryRunKey[];
  readonly certificate?: CertificateView;
};
