import { encodeHex } from "../bytes/base64.ts";
import { WIRE_REPORT_TYPE } from "../model/report-type.ts";
import type { ExportKey, Tek } from "../model/exposure.ts";
import { ERRORS, type Outcome, type Refusal } from "../errors.ts";
import type { Sighting } from "./encounter.ts";
import { type Downloads, readFile, readIndex } from "./export-source.ts";
import { type KeyMatch, matchKeys, SightingTable } from "./match.ts";

/** A published key as phones see it. */
export type PublishedKey = Tek & Pick<ExportKey, "reportType">;

/** A file with a valid signature. */
export type TrustedFile = {
  keys(): Iterable<PublishedKey>;
  revisedKeys(): Iterable<PublishedKey>;
};

/** Opens a downloaded file; refuses it if it is malformed or not signed by a known key. */
export type OpenFile = (zip: Uint8Array) => Promise<Outcome<TrustedFile>>;

/** An encounter with somebody whose key was published. */
export type Exposure = {
  /** First interval of the key. */
  readonly intervalNumber: number;
  /** Indices of the matching sightings. */
  readonly sightings: readonly number[];
  readonly reportType: number;
  /** The last file with the key. */
  readonly path: string;
  /** Whether the key was revoked later. */
  readonly revoked: boolean;
};

/** The result of one check for new files. */
export type SyncResult = {
  /** Files read in this check, in the order of the index. */
  readonly read: readonly string[];
  /** Files that could not be used, and why. */
  readonly refused: readonly { readonly path: string; readonly refusal: Refusal }[];
};

/** A phone that recorded RPIs: it downloads published keys and finds its encounters. */
export class Phone {
  readonly #downloads: Downloads;
  readonly #open: OpenFile;
  readonly #table: SightingTable;
  readonly #done = new Set<string>();
  readonly #exposures = new Map<string, Exposure>();

  constructor(downloads: Downloads, open: OpenFile, sightings: readonly Sighting[]) {
    this.#downloads = downloads;
    this.#open = open;
    this.#table = new SightingTable(sightings);
  }

  /** All encounters found so far, including revoked ones. */
  get exposures(): readonly Exposure[] {
    return [...this.#exposures.values()];
  }

  /**
   * Reads the new files in the index, in its order. Tries a file that cannot be downloaded again at the next call, but
   * not an invalid one. Refused when the index itself cannot be read.
   */
  async sync(): Promise<Outcome<SyncResult>> {
    const index = await readIndex(this.#downloads);
    if (!index.ok) return index;
    const read: string[] = [];
    const refused: { path: string; refusal: Refusal }[] = [];
    for (const path of index.value) {
      if (this.#done.has(path) || this.#downloads.signal?.aborted === true) continue;
      const file = await this.#fetch(path);
      if (file.ok) {
        await this.#learn(path, file.value);
        read.push(path);
      } else refused.push({ path, refusal: file });
      if (file.ok || !mayHeal(file)) this.#done.add(path);
    }
    return { ok: true, value: { read, refused } };
  }

  async #fetch(path: string): Promise<Outcome<TrustedFile>> {
    const zip = await readFile(this.#downloads, path);
    return zip.ok ? await this.#open(zip.value) : zip;
  }

  async #learn(path: string, file: TrustedFile): Promise<void> {
    for (const match of await matchKeys(file.keys(), this.#table)) this.#remember(path, match);
    for (const match of await matchKeys(file.revisedKeys(), this.#table)) {
      this.#remember(path, match);
    }
  }

  #remember(path: string, { key, sightings }: KeyMatch<PublishedKey>): void {
    this.#exposures.set(encodeHex(key.key), {
      intervalNumber: key.intervalNumber,
      sightings,
      reportType: key.reportType,
      path,
      revoked: key.reportType === WIRE_REPORT_TYPE.REVOKED,
    });
  }
}

/** Whether a file may succeed the next time. */
function mayHeal({ code }: Refusal): boolean {
  return ERRORS[code].retryable || code === "not_found";
}
