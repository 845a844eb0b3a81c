import type { SeriesName } from "../../model/export-place.ts";
import type { Span } from "../exposure/selection.ts";

/** Identifies a series of a config. */
export type SeriesId = { readonly config: string; readonly series: SeriesName };

/** A window whose keys are final: its files are not built yet, or are only missing in the index. */
export type ReadyBatch = Span & SeriesId & {
  readonly id: number;
  readonly state: "padded" | "written";
  /** Incremented each time the window is opened again; work for an earlier generation has no effect. */
  readonly generation: number;
  /** The place of its files, once they are written. */
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

/** The lease that a worker needs for a batch. */
export type BatchLease = { readonly name: string; readonly holder: string };
