/** The Range header (RFC 9110, section 14). */

import type { ByteRange } from "./blob.ts";

/**
 * The single requested range, clipped to `size`. Undefined means: ignore the header (other unit, bad syntax, several
 * ranges) and send the whole blob. `unsatisfiable` means 416.
 */
export function parseRange(value: string, size: number): ByteRange | "unsatisfiable" | undefined {
  const match = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i.exec(value);
  const [, first = "", last = ""] = match ?? [];
  if (first === "" && last === "") return undefined;
  if (first === "") {
    const suffix = Math.min(Number(last), size);
    return suffix === 0 ? "unsatisfiable" : { start: size - suffix, end: size };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return undefined;
  if (start >= size) return "unsatisfiable";
  return { start, end: last === "" ? size : Math.min(Number(last) + 1, size) };
}
