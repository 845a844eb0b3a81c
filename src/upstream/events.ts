import type { ErrorCode } from "../errors.ts";

/** What imports and mirrors have to say; the composition root makes log lines and metrics of it. */
export type UpstreamEvent =
  /** The list of files could not be read; tried again by the next run. */
  | {
    readonly kind: "index-failed";
    readonly reader: "import" | "mirror";
    readonly name: string;
    readonly code: ErrorCode;
    readonly message: string;
    /** For the log alone. */
    readonly cause?: unknown;
  }
  /** Lines of a list that are no safe path; they are left out. */
  | {
    readonly kind: "lines-refused";
    readonly reader: "import" | "mirror";
    readonly name: string;
    readonly count: number;
  }
  /** A list lacks so many files that what it does not name is kept for now. */
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

/** Takes events; must not throw. */
export type ReportUpstream = (event: UpstreamEvent) => void;
