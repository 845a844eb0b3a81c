import { accept, type Outcome, refuse } from "../../../src/errors.ts";

/** Documents of other servers in memory, with a count of how often they were read. */
export type Documents = {
  readonly read: (url: string, maxBytes: number) => Promise<Outcome<Uint8Array>>;
  readonly set: (url: string, value: unknown) => void;
  readonly remove: (url: string) => void;
  readonly reads: () => number;
};

export function documents(): Documents {
  const held = new Map<string, Uint8Array>();
  let reads = 0;
  return {
    read: (url, maxBytes) => {
      reads += 1;
      const bytes = held.get(url);
      if (bytes === undefined) return Promise.resolve(refuse("fetch_failed", "no answer"));
      return Promise.resolve(
        bytes.length > maxBytes ? refuse("limit_exceeded", "too large") : accept(bytes),
      );
    },
    set: (url, value) => void held.set(url, new TextEncoder().encode(JSON.stringify(value))),
    remove: (url) => void held.delete(url),
    reads: () => reads,
  };
}
