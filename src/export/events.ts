import type { AppError } from "../errors.ts";

/** Events of exports; the composition root turns them into log lines and metrics. */
export type ExportEvent =
  | {
    readonly kind: "file-written";
    readonly config: string;
    readonly name: string;
    readonly keyCount: number;
    readonly revisedKeyCount: number;
    readonly byteCount: number;
    readonly milliseconds: number;
  }
  /** An export has no index yet. */
  | { readonly kind: "first-index-failed"; readonly config: string; readonly error: AppError }
  /** A window could not be exported and stays open. Logged as an error, because phones wait for it. */
  | {
    readonly kind: "batch-failed";
    readonly config: string;
    readonly startsAt: number;
    readonly endsAt: number;
    readonly error: AppError;
  }
  /** Retention deletes a window's keys next because they are past CLEANUP_TTL, but the export is incomplete. */
  | {
    readonly kind: "window-unexported";
    readonly config: string;
    readonly startsAt: number;
    readonly endsAt: number;
  }
  /** A window's keys are past CLEANUP_TTL, and its export was never completed. */
  | {
    readonly kind: "window-lost";
    readonly config: string;
    readonly startsAt: number;
    readonly endsAt: number;
  }
  /** Files are published without this signature. */
  | {
    readonly kind: "signing-key-unusable";
    readonly config: string;
    readonly signingKey: string;
    readonly reason: "expired" | "unknown" | "unreachable";
    readonly error?: AppError;
  };

/** Receives events; must not throw. */
export type ReportExport = (event: ExportEvent) => void;
