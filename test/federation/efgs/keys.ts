import type { EfgsKey } from "../../../federation/efgs/wire/batch.ts";

/** A key as in the vectors of the protocol, with what is given. */
export function efgsKey(changes: Partial<EfgsKey> = {}): EfgsKey {
  return {
    keyData: Uint8Array.from({ length: 16 }, (_, at) => at),
    rollingStart: 2_671_200,
    rollingPeriod: 144,
    transmissionRisk: 2_147_483_647,
    visitedCountries: ["DE", "IT"],
    origin: "IE",
    reportType: 1,
    daysSinceOnset: -3,
    ...changes,
  };
}

/** 16 bytes that begin with `first` (and `second`) and are zero otherwise. */
export function keyData(first: number, second = 0): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set([first, second]);
  return bytes;
}
