import type { AppError } from "../errors.ts";

/** What exports have to say; the composition root makes log lines and metrics of it. */
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
  /** A window stays to be exported. Loud: phones wait for it. */
  | {
    readonly kind: "batch-failed";
    readonly config: string;
    readonly startsAt: number;
    readonly endsAt: number;
    readonly error: AppError;
  }
  /** A window's keys are past CLEANUP_TTL and go next, though it is not exported completely. */
  | {
    readonly kind: "window-unexported";
    readonly config: string;
    readonly startsAt: number;
    readonly endsAt: number;
  }
  /** A window's keys are past CLEANUP_TTL, and it was never exported completely. */
  | {
    readonly kind: "window-lost";
    readonly config: string;
    readonly startsAt: number;
    readonly endsAt: number;
  }
  /** Files go without this signature. */
  | {
    readonly kind: "signing-key-unusable";
    readonly config: string;
    readonly signingKey: string;
    readonly reason: "expired" | "unknown" | "unreachable";
    readonly error?: AppError;
  };

/** Takes events; must not throw. */
export type ReportExport = (event: ExportEvent) => void;
