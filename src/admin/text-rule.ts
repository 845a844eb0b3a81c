import { type Fault, pathText } from "./fault.ts";

/** Deeper than any resource is. */
const MAX_DEPTH = 12;
/** NUL, which PostgreSQL cannot hold, the other control characters but tab and ends of lines, and lone surrogates. */
// deno-lint-ignore no-control-regex
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]|\p{Surrogate}/u;

type Place = { readonly value: unknown; readonly path: readonly PropertyKey[] };

/** The one rule for all texts of a resource, names of members included. */
export function textFaultsIn(value: unknown, prefix: string): readonly Fault[] {
  const faults: Fault[] = [];
  const open: Place[] = [{ value, path: [] }];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const { value: here, path } = place;
    const at = pathText(printable(prefix), path.map((part) => printable(String(part))));
    if (typeof here === "string" && FORBIDDEN.test(here)) {
      faults.push({
        path: at,
        message:
          "must not hold NUL, other control characters or half of a surrogate pair: take them out",
      });
    }
    if (typeof here !== "object" || here === null) continue;
    if (path.length > MAX_DEPTH) {
      return [{ path: at, message: `is nested deeper than ${MAX_DEPTH} levels: no resource is` }];
    }
    for (const [name, member] of Object.entries(here)) {
      open.push({ value: member, path: [...path, name] });
    }
  }
  return faults;
}

const printable = (text: string): string => text.replaceAll(new RegExp(FORBIDDEN, "gu"), "\ufffd");
