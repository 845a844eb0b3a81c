import type { ErrorCode } from "../errors.ts";

/** Events of imports and mirrors; the composition root turns them into log lines and metrics. */
export type UpstreamEvent =
  /** The list of files could not be read; the next run tries again. */
  | {
    readonly kind: "index-failed";
    readonly reader: "import" | "mirror";
    readonly name: string;
    readonly code: ErrorCode;
    readonly message: string;
    /** For the log only. */
    readonly cause?: unknown;
  }
  /** Lines of a list that are not a safe path and were left out. */
  | {
    readonly kind: "lines-refused";
    readonly reader: "import" | "mirror";
    readonly name: string;
    readonly count: number;
  }
  /** A list lacks so many files that the missing ones are kept for now. */
  | {
    readonly kind: "list-shrank";
    readonly reader: "import" | "mirror";
    readonly name: string;
    readonly message: string;
  }
  /** A file could not be imported or copied; tried again with back-off. */
  | {
    readonly kind: "file-failed";
    readonly reader: "import" | "mirror";
    readonly name: string;
    readonly file: string;
    readonly code: ErrorCode;
    readonly message: string;
    readonly attempts: number;
    readonly cause?: unknown;
  }
  | {
    readonly kind: "file-imported";
    readonly name: string;
    readonly file: string;
    readonly inserted: number;
    readonly revised: number;
    readonly duplicates: number;
    readonly skipped: number;
  }
  | {
    readonly kind: "file-copied";
    readonly name: string;
    readonly file: string;
    readonly byteCount: number;
  }
  | { readonly kind: "file-deleted"; readonly name: string; readonly file: string };

/** Receives events; must not throw. */
export type ReportUpstream = (event: UpstreamEvent) => void;
