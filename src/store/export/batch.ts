import type { SeriesName } from "../../model/export-place.ts";
import type { Span } from "../exposure/selection.ts";

/** Which series of which config. */
export type SeriesId = { readonly config: string; readonly series: SeriesName };

/** A window whose keys are settled: its files are to be made, or only to be named by the index. */
export type ReadyBatch = Span & SeriesId & {
  readonly id: number;
  readonly state: "padded" | "written";
  /** Raised each time that its keys are to be settled again: what we do for an earlier one counts for nothing. */
  readonly generation: number;
  /** Where its files are, once they are written. */
  readonly bucket: string | null;
  readonly root: string | null;
  /** The database's clock, in UTC seconds. */
  readonly now: number;
};

/** A stored file. */
export type WrittenFile = {
  /** Its name below the export base: `ROOT/START-END-NNNNN.zip`. */
  readonly name: string;
  readonly number: number;
  readonly keyCount: number;
  readonly revisedKeyCount: number;
  readonly byteCount: number;
};

/** The lease that allows to work on a batch. */
export type BatchLease = { readonly name: string; readonly holder: string };
